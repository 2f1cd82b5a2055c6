"""A run that loses control stops and keeps its last good picture."""

import math
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from stylelightning import functional as F
from stylelightning.callbacks.periodic import last_step, style_transfer
from stylelightning.module import StyleTransfer


class DivergenceError(RuntimeError):
    """The total is not finite, or far above where it began."""


class StopOnDivergence(Callback):
    """Stops a run whose loss is not finite or explodes, and keeps the last good picture.

    A loss explodes when the total is more than ``factor`` times the largest total that any scale
    began with, ``patience`` steps in a row. What is looked at stays on the device; it is
    read every ``check_every_n_steps`` steps, so that a GPU is not held up at each.

    Example:
        .. code-block:: yaml

            trainer:
              callbacks:
                - class_path: StopOnDivergence
                  init_args:
                    factor: 10

    Args:
        factor: How many times the total may exceed its first value, above 1.
        patience: Number of steps in a row that it may do so, at least 1.
        check_every_n_steps: Number of steps from one look to the next, at least 1.

    Raises:
        ValueError: If a number is out of its range.
    """

    def __init__(
        self, factor: float = 10.0, patience: int = 5, check_every_n_steps: int = 10
    ) -> None:
        super().__init__()
        if not factor > 1:
            raise ValueError(f"`factor` of StopOnDivergence must be above 1, got {factor}.")
        for name, value in (("patience", patience), ("check_every_n_steps", check_every_n_steps)):
            if value < 1:
                raise ValueError(f"`{name}` of StopOnDivergence must be at least 1, got {value}.")
        self.factor = factor
        self.patience = patience
        self.check_every_n_steps = check_every_n_steps
        self._reference = 0.0
        self._scale = -1
        self._watch: _Watch | None = None

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run needs to judge as this one does."""
        return {"reference": self._reference, "scale": self._scale}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the state of the run that is resumed."""
        self._reference, self._scale = state_dict["reference"], state_dict["scale"]

    def on_before_backward(
        self, trainer: Trainer, pl_module: LightningModule, loss: Tensor
    ) -> None:
        """Look at the picture that was just evaluated, without leaving the device."""
        module = style_transfer(pl_module)
        if module.scale != self._scale:
            self._scale = module.scale
            first = float(module.total)
            self._reference = max(self._reference, first if first < float("inf") else 0.0)
        if self._watch is None:
            self._watch = _Watch(module)
        self._watch.update(module, self.factor * self._reference, trainer.global_step + 1)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Stop when the picture is lost.

        Raises:
            DivergenceError: If the total is not finite, or was too large for too long.
        """
        module, step = style_transfer(pl_module), trainer.global_step
        last = step == last_step(trainer, module)
        if self._watch is None or (step % self.check_every_n_steps and not last):
            return
        lost = last and not bool(module.picture.isfinite().all())
        if lost or self._watch.diverged(self.patience):
            module.canvas.reset(self._watch.good)
            raise DivergenceError(self._watch.explain(trainer.optimizers[0]))


class _Watch:
    """What is known of the steps so far, as tensors on the device."""

    def __init__(self, module: StyleTransfer) -> None:
        self.names = list(module.terms)
        self.good = module.canvas.image.detach().clone()
        zero = module.total.new_zeros
        self.good_step = zero((), dtype=torch.long)
        self.good_terms = torch.stack(list(module.terms.values()))
        self.bad_terms = self.good_terms
        self.bad_step = self.good_step
        self.in_a_row = self.good_step
        self.not_finite = zero((), dtype=torch.bool)

    @torch.no_grad()
    def update(self, module: StyleTransfer, bound: float, step: int) -> None:
        """Take in one evaluation of step ``step``, good when its total is at most ``bound``."""
        picture, terms = module.canvas.image, torch.stack(list(module.terms.values()))
        if self.good.shape != picture.shape:
            self.good = F.resize(self.good, module.canvas.size)
        total = terms.sum()
        finite = total.isfinite()
        good = finite & ((total <= bound) | (bound == 0))
        number = self.bad_step.new_tensor(step)
        first_bad = ~good & (self.in_a_row == 0)
        self.bad_terms = torch.where(first_bad, terms, self.bad_terms)
        self.bad_step = torch.where(first_bad, number, self.bad_step)
        self.good = torch.where(good, picture, self.good)
        self.good_step = torch.where(good, number - 1, self.good_step)
        self.good_terms = torch.where(good, terms, self.good_terms)
        self.in_a_row = torch.where(good, 0, self.in_a_row + 1)
        self.not_finite = ~finite

    def diverged(self, patience: int) -> bool:
        """Return whether the run is lost; this waits for the device."""
        return bool(self.not_finite) or int(self.in_a_row) >= patience

    def explain(self, optimizer: Optimizer) -> str:
        """Return what happened and the way out, in one line."""
        name, before, after = max(
            zip(self.names, self.good_terms.tolist(), self.bad_terms.tolist(), strict=True),
            key=lambda each: (not math.isfinite(each[2]), each[2] / max(each[1], 1e-30)),
        )
        rate = optimizer.param_groups[0].get("lr", 0.0)
        return (
            f"The run diverged at step {int(self.bad_step)}: the term {name!r} went from "
            f"{before:.3g} to {after:.3g}. The picture after step {int(self.good_step)} is kept. "
            f"Use a smaller learning rate (--model.optimizer.lr {float(rate) / 10:.2g}; it is "
            f"{float(rate):.2g}), or --model.optimizer Adam."
        )
