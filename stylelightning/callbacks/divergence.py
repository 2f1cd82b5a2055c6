"""A run that loses control stops and keeps its best picture."""

import math
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Adam, Optimizer

from stylelightning import functional as F
from stylelightning.callbacks.periodic import last_step, style_transfer
from stylelightning.module import DivergenceError, StyleTransfer


class StopOnDivergence(Callback):
    """Stops a run whose loss is not finite or explodes, and keeps its best picture.

    A loss explodes when the total is more than ``factor`` times what the scale began with,
    ``patience`` steps in a row, or two at the end. One is no sign: an optimizer
    may leap and come back. At a late scale that begins far below the first one, a tenth of the
    largest first total counts instead: a cold optimizer may stumble there. The picture that is
    kept is the one with the scale's lowest total. What is looked at stays on the device; it is
    read every ``check_every_n_steps`` steps, so that a GPU is not held up at each.

    Example:
        .. code-block:: yaml

            callbacks:
              divergence:
                class_path: StopOnDivergence
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
        self._watch: _Watch | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget an earlier run."""
        self._watch = None

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Look at the picture that was just evaluated, without leaving the device."""
        module = style_transfer(pl_module)
        if self._watch is None:
            self._watch = _Watch(module, trainer.global_step)
        self._watch.update(module, self.factor, trainer.global_step)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Stop when the picture is lost.

        Raises:
            DivergenceError: If the total or the picture is not finite, or the total was too large
                for too long.
        """
        module, step = style_transfer(pl_module), trainer.global_step
        last = step == last_step(trainer, module)
        if self._watch is None or (step % self.check_every_n_steps and not last):
            return
        patience = min(2, self.patience) if last else self.patience
        if not module.finite or self._watch.diverged(patience):
            module.canvas.encode(self._watch.best.clamp(0, 1))
            raise DivergenceError(self._watch.explain(trainer.optimizers[0]))


class _Watch:
    """What is known of the steps so far, as tensors on the device.

    Args:
        module: The run's module, after its first evaluation.
        step: Number of steps done.
    """

    def __init__(self, module: StyleTransfer, step: int) -> None:
        self.names = list(module.terms.weighted)
        self.scale = -1
        self.step = -1
        self.largest_first = module.total.new_zeros(())
        self.reference = self.largest_first
        self.best = module.canvas.decode().detach().clone()
        self.best_total = module.total.new_full((), math.inf)
        self.best_step = self._number(module, step)
        self.before = self.bad = torch.stack(list(module.terms.weighted.values()))
        self.bad_step = self.best_step
        self.in_a_row = self._number(module, 0)
        self.not_finite = module.total.isfinite().logical_not()

    @torch.no_grad()
    def update(self, module: StyleTransfer, factor: float, step: int) -> None:
        """Take in the first evaluation after some steps; a line search's others are trials.

        Args:
            module: What is evaluated.
            factor: How many times the reference a total is that counts as bad.
            step: Number of steps done.
        """
        if step == self.step:
            return
        self.step = step
        picture, terms = module.canvas.decode(), torch.stack(list(module.terms.weighted.values()))
        total = terms.sum()
        finite = total.isfinite()
        if module.scale != self.scale:
            self.scale = module.scale
            first = torch.where(finite, total, 0)
            self.largest_first = torch.maximum(self.largest_first, first)
            self.reference = torch.maximum(first, self.largest_first / 10)
            self.best = F.resize(self.best, module.canvas.size)
            self.best_total = torch.full_like(self.best_total, math.inf)
        bad = ~finite | ((total > factor * self.reference) & (self.reference > 0))
        first_bad = bad & (self.in_a_row == 0)
        self.bad = torch.where(first_bad, terms, self.bad)
        self.bad_step = torch.where(first_bad, step + 1, self.bad_step)
        self.before = torch.where(bad, self.before, terms)
        better = ~bad & (total < self.best_total)
        _keep_if(better, picture, self.best)
        self.best_total = torch.where(better, total, self.best_total)
        self.best_step = torch.where(better, step, self.best_step)
        self.in_a_row = torch.where(bad, self.in_a_row + 1, 0)
        self.not_finite = self.not_finite | ~finite

    def diverged(self, patience: int) -> bool:
        """Return whether the run is lost; this waits for the device."""
        return bool(self.not_finite) or int(self.in_a_row) >= patience

    def explain(self, optimizer: Optimizer) -> str:
        """Return what happened and the way out, in one line."""
        rate = float(optimizer.param_groups[0].get("lr", 0))
        # the class alone would have torch's rate of 0.001, too small for a picture in [0, 1]
        adam = ", or --model.optimizer Adam --model.optimizer.lr 0.02"
        kept = (
            f"The picture after step {int(self.best_step)} is kept. Use a smaller learning rate "
            f"(--model.optimizer.lr {rate / 10:.2g}; it is {rate:.2g}), smaller still if that "
            f"diverges too{'' if isinstance(optimizer, Adam) else adam}."
        )
        if not int(self.in_a_row):
            return f"The run diverged: its last step lost the picture. {kept}"
        name, before, after = max(
            zip(self.names, self.before.tolist(), self.bad.tolist(), strict=True),
            key=lambda each: math.inf if not math.isfinite(each[2]) else each[2] - each[1],
        )
        return (
            f"The run diverged at step {int(self.bad_step)}: the term {name!r} went from "
            f"{before:.3g} to {after:.3g}. {kept}"
        )

    @staticmethod
    def _number(module: StyleTransfer, value: int) -> Tensor:
        return torch.full((), value, dtype=torch.long, device=module.device)


def _keep_if(better: Tensor, picture: Tensor, best: Tensor) -> None:
    """Copy a picture over the best one if it is better.

    A GPU is not asked whether it is. On a CPU that costs nothing, and copying takes a fifth of the
    time of choosing pixel by pixel.
    """
    if best.device.type != "cpu":
        torch.where(better, picture, best, out=best)
    elif better:
        best.copy_(picture)
