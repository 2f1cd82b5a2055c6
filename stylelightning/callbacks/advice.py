"""What of a run's settings has no effect, said while there is time to change it."""

import logging
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from stylelightning.callbacks.periodic import style_transfer
from stylelightning.losses.base import Loss
from stylelightning.module import StyleTransfer
from stylelightning.run.checks import pixels
from stylelightning.run.term_gradients import TermGradients, norm, with_noise

log = logging.getLogger(__name__)


class Advice(Callback):
    """Warns at the start of layers and terms that change nothing, with a way out for each.

    It warns of style images that are smaller than what a position of a layer sees, at the last
    scale; of layers at which a term has no gradient; and of terms whose gradient is tiny beside
    that of the total. The gradients are measured once, after the first step, at the picture plus
    white noise, where no term is at its minimum; one that is 0 there has what it asks for. The run
    is not changed by it. The command line adds it unless one is named.

    Example:
        .. code-block:: yaml

            callbacks:
              advice:
                class_path: Advice
                init_args:
                  least_share: 1.0e-4

    Args:
        least_share: Norm of a term's gradient divided by that of the total, below which it is
            called tiny, at least 0.

    Raises:
        ValueError: If ``least_share`` is negative.
    """

    def __init__(self, least_share: float = 1e-6) -> None:
        super().__init__()
        if not least_share >= 0:
            raise ValueError(f"`least_share` of Advice must be at least 0, got {least_share}.")
        self.least_share = least_share

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look at the style images, unless a run goes on that did so."""
        if trainer.global_step == 0:
            _warn_of_small_styles(style_transfer(pl_module))

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Look at the gradients after the first step."""
        module = style_transfer(pl_module)
        if trainer.global_step != 1 or not module.finite:
            return
        weights = module.objective.weights
        weighed = module.objective.part(name for name, weight in weights.items() if weight > 0)
        picture = with_noise(module.canvas.decode())
        evaluation = module.evaluate(picture, weighed)
        together, sizes = torch.zeros_like(picture), {}
        for name in weighed.losses:  # one at a time: each is as large as the picture
            gradient = evaluation.gradient(name)
            sizes[name] = norm(gradient)
            together += gradient
            del gradient
        total = norm(together)
        for name, loss in weighed.losses.items():
            if not evaluation.values[name] > 0:
                continue
            size = sizes[name]
            silent = _silent_layers(evaluation, name, loss)
            if silent or size == 0:
                _warn_of_silence(name, silent)
            if 0 < size < self.least_share * total:
                log.warning(
                    "The term %r is %.0e of the total, by the norm of its gradient, and hardly "
                    "changes the picture: raise --model.losses.%s.weight, set it by "
                    "--model.calibrate, or switch the term off with --model.losses.%s null.",
                    name, size / total, name, name,
                )  # fmt: skip


def _silent_layers(gradients: TermGradients, name: str, loss: Loss) -> list[str]:
    """Return the layers, of those that count, at which a term has no gradient."""
    return [
        layer
        for layer, weight in loss.layer_weights.items()
        if weight > 0 and gradients.is_silent(name, layer)
    ]


def _warn_of_silence(name: str, layers: list[str]) -> None:
    where = f" at {_listed(layers)}" if layers else ""
    log.warning(
        "The term %r has zero gradient%s, which therefore changes nothing: name other layers in "
        "--model.losses.%s.layers, or switch the term off with --model.losses.%s null.",
        name, where, name, name,
    )  # fmt: skip


def _warn_of_small_styles(module: StyleTransfer) -> None:
    sizes = module.data.style_sizes(module.plan.scales[-1].size)
    smallest = min(sizes, key=min, default=None)
    table = module.backbone.layer_table
    for name, loss in module.objective.losses.items():
        if smallest is None or not loss.needs_style or not module.objective.weights[name] > 0:
            continue
        seen = {layer: table[layer].receptive_field for layer in loss.layers if layer in table}
        wide = [layer for layer, side in seen.items() if side and side > min(smallest)]
        if wide:
            log.warning(
                "The style image is %s at the last scale, smaller than the %d px that a position "
                "of %s sees, which the term %r reads: it compares borders there. Take a larger "
                "--data.size or --data.style_scale, or shallower --model.losses.%s.layers.",
                pixels(smallest), min(seen[layer] or 0 for layer in wide), _listed(wide), name,
                name,
            )  # fmt: skip


def _listed(layers: list[str]) -> str:
    return ", ".join(map(repr, layers))
