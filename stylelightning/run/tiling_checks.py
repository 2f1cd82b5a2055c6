"""What must hold before a picture is computed tile by tile, by one process or by several."""

import logging
from collections.abc import Mapping
from typing import Literal

from stylelightning.backbones.base import IMAGE_LAYER, Backbone
from stylelightning.execution.tiling import Tiling
from stylelightning.losses.base import Loss, StatisticalLoss
from stylelightning.losses.blame import written

log = logging.getLogger(__name__)

BY_OPTION = "`model.tiling`", "set --model.tiling null"
BY_PROCESSES = "`trainer.strategy: tiles`", "make the picture by one process, --trainer.devices 1"


def tiling_of(
    asked: Tiling | Literal["auto"] | None,
    losses: Mapping[str, Loss],
    backbone: Backbone,
    precision: str,
    several: bool,
) -> Tiling | Literal["auto"] | None:
    """Return how a run's pictures are cut; ``auto`` is None, with a warning, where they can't be.

    Args:
        asked: ``model.tiling``.
        losses: The losses of the run, by name.
        backbone: Its backbone.
        precision: Lightning's name of its precision.
        several: Whether it is several processes that make the picture.

    Raises:
        ValueError: If tiles are asked for, or there are several processes, and the run can't be
            computed tile by tile.
    """
    if asked is None and not several:
        return None
    try:
        check_tiled(losses, backbone, precision, several)
    except ValueError as error:
        if several or asked != "auto":
            raise
        log.warning("`model.tiling: auto` looks at every picture at once. %s", error)
        return None
    return asked


def check_tiled(
    losses: Mapping[str, Loss], backbone: Backbone, precision: str, several: bool = False
) -> None:
    """Refuse what can't be computed tile by tile.

    Args:
        losses: The losses of the run, by name.
        backbone: Its backbone.
        precision: Lightning's name of its precision.
        several: Whether it is several processes that share the tiles.

    Raises:
        ValueError: If a loss compares whole feature maps, or its layers see the whole picture; or
            gradients are scaled.
    """
    what, way_out = BY_PROCESSES if several else BY_OPTION
    if precision == "16-mixed":
        raise ValueError(
            f"{what} can't be used in 16-mixed, whose gradients must be scaled on their way back: "
            "use --trainer.precision bf16-mixed or 32-true."
        )
    for name, loss in losses.items():
        if set(loss.layers) == {IMAGE_LAYER}:
            continue
        term = written(loss)
        if not isinstance(term, StatisticalLoss):
            raise ValueError(
                f"The loss {name!r} ({type(term).__name__}) compares whole feature maps, and "
                f"{what} has them tile by tile: take a loss on sums over positions, such as "
                f"GaussianWassersteinLoss or GramLoss, or {way_out}."
            )
        if loss.normalize_gradients:
            raise ValueError(
                f"The loss {name!r} divides gradients by their norms over whole feature maps, and "
                f"{what} has them tile by tile: set --model.losses.{name}.normalize_gradients "
                f"false, or {way_out}."
            )
        for layer in set(loss.layers) - {IMAGE_LAYER}:
            if backbone.looks_around or backbone.layer_table[layer].receptive_field is None:
                raise ValueError(
                    f"Positions of the layer {layer!r} of {type(backbone).__name__} see the whole "
                    f"picture, or no fixed part of it, and {what} has it tile by tile: take "
                    f"another layer or backbone, or {way_out}."
                )
