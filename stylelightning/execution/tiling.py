"""Whether a run's pictures are cut into tiles, and how large these are."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from lightning.pytorch import Trainer
from torch import Tensor

from stylelightning.backbones.base import Backbone, Features
from stylelightning.backbones.tiled_maps import TiledMaps
from stylelightning.backbones.tiles import Tiles
from stylelightning.backbones.windows import Maps
from stylelightning.execution.memory import free_megabytes
from stylelightning.execution.team import Team
from stylelightning.execution.tiled_evaluation import TiledEvaluation
from stylelightning.objective import Objective

SMALLEST = 32
"""Fewest pixels along a side that a tile may be asked to own."""
CHOICES = (4096, 2048, 1024, 512, 256)
"""Sizes that `auto` chooses from."""
CAREFUL = 0.8
"""Part of the free memory that `auto` trusts a step with."""
IN_16_BITS, IN_MORE, OF_FEW_CHANNELS = 1.9, 1.5, 4.2
"""How many times its maps a step holds at most, as measured."""
IN_PICTURES = 12
"""Pictures of the whole size that a step holds beside its maps: with their gradient, an optimizer's
memory, the average, targets and copies."""


@dataclass(frozen=True)
class Tiling:
    """How a picture is computed tile by tile.

    Args:
        size: Most pixels along a side that a tile owns, beside what it must see around it. Larger
            tiles take more memory and less time; a picture no larger than one is not cut.

    Raises:
        ValueError: If it is below 32.
    """

    size: int = 1024

    def __post_init__(self) -> None:
        """Check it."""
        if self.size < SMALLEST:
            raise ValueError(
                f"`model.tiling.size` must be at least {SMALLEST} pixels, got {self.size}."
            )


class Tiler:
    """Cuts the pictures of a run.

    Args:
        objective: The losses, and what gives them feature maps.
        backbone: The network, for the geometry of its layers.
        size: Most pixels along a side that a tile owns; None for a tile for each process.
        context: What switches the run's precision on.
        team: The processes that make the picture; None for one.
    """

    def __init__(
        self,
        objective: Objective,
        backbone: Backbone,
        size: int | None,
        context: Callable[[], AbstractContextManager[object]],
        team: Team | None = None,
    ) -> None:
        self._objective = objective
        self._backbone = backbone
        self._size = size
        self._context = context
        self._team = team or Team()

    def maps(self, image: Tensor, of_content: bool = False) -> Maps:
        """Return the feature maps of an image, to be computed tile by tile if it is large.

        Args:
            image: The image, (1, 3, H, W) in [0, 1].
            of_content: Whether it is the content image.
        """
        tiles = self._tiles(image, of_content)
        if len(tiles.tiles) > 1:
            return TiledMaps(image, tiles)
        return tiles.compute(image, tiles.layers)

    def evaluation(self, like: Tensor) -> TiledEvaluation | None:
        """Return what evaluates pictures of a size; None if one tile is all of them.

        Args:
            like: A picture, (1, 3, H, W).
        """
        tiles = self._tiles(like)
        if len(tiles.tiles) == 1 and self._team.size == 1:
            return None
        return TiledEvaluation(self._objective, tiles, self._team)

    def _tiles(self, like: Tensor, of_content: bool = False) -> Tiles:
        layers, sides = self._objective.layers, (like.shape[2], like.shape[3])
        tile = shares(sides, self._team.size)
        if self._size is not None:
            tile = min(tile[0], self._size), min(tile[1], self._size)
        compute = partial(self._compute, of_content=of_content)
        return Tiles(self._backbone, compute, layers, like, tile)

    def _compute(self, image: Tensor, layers: frozenset[str], of_content: bool) -> Features:
        with self._context():
            return self._objective.features(image, layers, of_content)


def new_tiler(
    asked: Tiling | Literal["auto"] | None,
    objective: Objective,
    backbone: Backbone,
    size: tuple[int, int],
    trainer: Trainer,
    team: Team | None = None,
) -> Tiler | None:
    """Return what cuts a run's pictures; None if they are looked at at once.

    Args:
        asked: ``model.tiling``.
        objective: The losses, and what gives them feature maps.
        backbone: The network.
        size: Height and width of the picture in pixels.
        trainer: The run's trainer, for its device and its precision.
        team: The processes that evaluate the picture together; None for this one.
    """
    tile = tile_size(asked, backbone, objective.layers, size, trainer)
    if tile is None and team is None:
        return None
    context = trainer.precision_plugin.forward_context
    return Tiler(objective, backbone, tile, context, team)


def tile_size(
    asked: Tiling | Literal["auto"] | None,
    backbone: Backbone,
    layers: frozenset[str],
    size: tuple[int, int],
    trainer: Trainer,
) -> int | None:
    """Return the most pixels along a side of a tile; None for a picture that is not cut.

    Args:
        asked: ``model.tiling``.
        backbone: The network.
        layers: Its layers that are read.
        size: Height and width of the picture in pixels.
        trainer: The run's trainer, for its device and its precision.
    """
    if asked == "auto":
        bits = 16 if "16" in str(trainer.precision) else 32
        return fitting_size(backbone, layers, size, trainer.strategy.root_device, bits)
    return None if asked is None else asked.size


def shares(size: tuple[int, int], count: int) -> tuple[int, int]:
    """Return rows and columns of equal parts of a picture that have the shortest borders.

    Args:
        size: Height and width of the picture.
        count: Number of parts.

    Example:
        >>> shares((600, 800), 2), shares((600, 800), 4)
        ((600, 400), (300, 400))
    """
    height, width = size
    grids = [(rows, count // rows) for rows in range(1, count + 1) if count % rows == 0]
    # of two equal ones that of rows, which are in one piece in memory
    borders = {grid: (grid[0] - 1) * width + (grid[1] - 1) * height for grid in grids}
    rows, columns = min(grids, key=lambda grid: (borders[grid], grid[1]))
    return -(-height // rows), -(-width // columns)


def fitting_size(
    backbone: Backbone,
    layers: frozenset[str],
    size: tuple[int, int],
    device: torch.device,
    bits: int,
) -> int | None:
    """Return the largest size of a tile with which a step fits in memory, None for the whole.

    Args:
        backbone: The network.
        layers: Its layers that are read.
        size: Height and width of the picture in pixels.
        device: Where the run is.
        bits: Bits of a value in the network, 16, 32 or 64.
    """
    free = CAREFUL * free_megabytes(device) * 1e6
    held = IN_PICTURES * 3 * 4 * size[0] * size[1]
    a_pixel = bytes_a_pixel(backbone, layers, bits)
    if not held + a_pixel * size[0] * size[1] > free:
        return None
    margin = max((backbone.layer_table[name].margin for name in layers), default=0)
    for tile in CHOICES:
        if tile < max(size) and held + a_pixel * (tile + 2 * margin) ** 2 < free:
            return tile
    return CHOICES[-1] if max(size) > CHOICES[-1] else None


def bytes_a_pixel(backbone: Backbone, layers: frozenset[str], bits: int) -> float:
    """Return about how much memory the maps of a step take, in bytes for each pixel.

    Counted are all maps down to the deepest layer that is read, and what is under way by a factor:
    within a fifth of what was measured with VGG-16, SlimVGG and RandomMultiscale on a CPU, in 32
    and in 16 bits (`benchmarks.large`).

    Args:
        backbone: The network.
        layers: Its layers that are read.
        bits: Bits of a value in the network, 16, 32 or 64.
    """
    names = list(backbone.layer_table)
    deepest = max((names.index(name) for name in layers), default=-1)
    table = [backbone.layer_table[name] for name in names[: deepest + 1]]
    values = sum(each.channels / each.stride**2 for each in table)
    if not backbone.channels_last:  # few channels: what torch computes them with is larger
        return OF_FEW_CHANNELS * values * max(bits, 32) / 8
    return (IN_16_BITS if bits == 16 else IN_MORE) * values * bits / 8
