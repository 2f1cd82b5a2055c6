"""Pictures that are too large to be measured at once."""

from collections.abc import Iterable, Iterator

from torch import Tensor

from stylelightning.backbones import Backbone
from stylelightning.backbones.tiled_maps import TiledMaps
from stylelightning.backbones.tiles import Compute, Tiles
from stylelightning.backbones.windows import Maps

WHOLE = 2**22
"""Most pixels of a picture that is looked at at once: 2048 x 2048."""
TILE = 1024
"""Side in pixels of the tiles of a larger one."""
ROWS = 512
"""Rows of the strips of a larger one."""


def maps_of(backbone: Backbone, compute: Compute, layers: Iterable[str], image: Tensor) -> Maps:
    """Return the feature maps of a picture, of a large one to be computed tile by tile.

    Those of a network whose positions see the whole picture are computed at once at any size.

    Args:
        backbone: The network, for the geometry of its layers.
        compute: What gives the maps.
        layers: The layers that are wanted.
        image: Picture of shape (1, 3, H, W) in [0, 1].
    """
    names = frozenset(layers)
    fields = [backbone.layer_table[name].receptive_field for name in names]
    if image.shape[2] * image.shape[3] <= WHOLE or backbone.looks_around or None in fields:
        return compute(image, names)
    return TiledMaps(image, Tiles(backbone, compute, names, image, (TILE, TILE)))


def strips(height: int, width: int) -> Iterator[slice]:
    """Yield rows that cover a picture once, all of them at once if it is small.

    Args:
        height: Rows of the picture.
        width: Its columns.
    """
    rows = height if height * width <= WHOLE else ROWS
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))
