"""What a step tile by tile will take, from steps that were measured in small tiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from stylelightning.backbones.tiles import Tiles
from stylelightning.execution.tiling import CHOICES
from stylelightning.module import StyleTransfer

TIMED = (320, 160)
"""Longer side in pixels of a picture whose step is timed in tiles, and side of the tiles."""
WEIGHED = ((512, 128), (768, 256))
"""The same of two whose memory is measured. Searches and sums fill their buffers at both."""
COPIES = 3
"""Pictures that a run has for a while beside what it holds: the best so far, a gradient on its way,
what an optimizer's step takes."""
PICTURE = 3 * 4 / 1e6
"""Megabytes of a pixel in float32."""


@dataclass(frozen=True)
class Work:
    """What a step at one size has to do.

    Args:
        pixels: Number of pixels of the picture.
        read: Number of pixels that all tiles read, those around them too.
        largest: Number of pixels that the largest tile reads.
        tiles: Number of tiles; 1 for a picture that is looked at at once.
    """

    pixels: int
    read: int
    largest: int
    tiles: int


@dataclass(frozen=True)
class Weighed:
    """What a step took.

    Args:
        work: What it had to do.
        peak: Peak of the process' memory in megabytes.
        held: What of it canvas, optimizer and losses hold from step to step.
    """

    work: Work
    peak: float
    held: float


def work_at(module: StyleTransfer, size: tuple[int, int], tile: int) -> Work:
    """Return what a step at a size has to do.

    Args:
        module: The run's module.
        size: Height and width of the picture in pixels.
        tile: Most pixels along a side that a tile owns.
    """
    like = torch.zeros(1).expand(1, 3, *size)  # nothing looks at its pixels
    network, layers = module.backbone, module.objective.layers
    areas = [each.pixels for each in Tiles(network, network, layers, like, (tile, tile)).tiles]
    return Work(size[0] * size[1], sum(areas), max(areas), len(areas))


class TiledForecast:
    """Predicts time and memory of a step from what was measured.

    Time grows with the pixels that are read, of which those around a tile are read again with the
    next, and each twice in tiles; what does not grow shows in pictures that are looked at at once.
    What losses do at some steps only, such as a search for patches, they do once for each pixel.
    Memory is what is held, which grows with the picture, a few copies of it, and what grows with
    the pixels of the largest tile.

    Args:
        timed: What steps had to do and their seconds, without what losses do at some steps only,
            of pictures that are looked at at once, and of pictures in tiles.
        weighed: Steps of two pictures of different sizes, in tiles of different sizes.
        renewal: Seconds for each pixel that the latter takes, spread over all steps.
    """

    def __init__(
        self,
        timed: Sequence[tuple[Work, float]],
        weighed: Sequence[Weighed],
        renewal: float = 0.0,
    ) -> None:
        self._renewal = renewal
        self._seconds = _fitted(
            [_read(work) for work, _ in timed], [seconds for _, seconds in timed]
        )
        less, more = weighed
        growth = (more.held - less.held) / (more.work.pixels - less.work.pixels)
        self._of_pixel = max(growth, 0.0) + COPIES * PICTURE
        self._of_tile = _fitted(
            [[1.0, each.work.largest] for each in weighed],
            [each.peak - self._of_pixel * each.work.pixels for each in weighed],
        )

    def plain(self, work: Work) -> float:
        """Return the seconds of a step in which losses do no more than at every one."""
        pairs = zip(self._seconds, _read(work), strict=True)
        return sum(factor * value for factor, value in pairs)

    def renewal(self, work: Work) -> float:
        """Return the seconds of what else they do, spread over all steps."""
        return self._renewal * work.pixels

    def megabytes(self, work: Work) -> float:
        """Return the most memory that the process will have."""
        fixed, of_tile = self._of_tile
        return fixed + of_tile * work.largest + self._of_pixel * work.pixels

    def largest_tile(
        self, module: StyleTransfer, size: tuple[int, int], megabytes: float
    ) -> int | None:
        """Return the largest of the usual tiles with which a step takes no more memory.

        Args:
            module: The run's module.
            size: Height and width of the picture in pixels.
            megabytes: What it may take.
        """
        for tile in CHOICES:
            if not self.megabytes(work_at(module, size, tile)) > megabytes:
                return tile
        return None

    def lines(
        self, module: StyleTransfer, size: tuple[int, int], tile: int, free: float, part: float
    ) -> list[str]:
        """Return what is said of memory and of tiles.

        Args:
            module: The run's module.
            size: Height and width of the picture in pixels.
            tile: Most pixels along a side that a tile owns.
            free: Memory that is there, in megabytes.
            part: Part of it that a run is trusted with.
        """
        work = work_at(module, size, tile)
        again, largest = work.read / work.pixels - 1, self.largest_tile(module, size, part * free)
        around = f"{100 * again:.0f} % of the picture is read again around them"
        fits = "none fits" if largest is None else f"{largest} px"
        return [
            f"{'peak memory':>16}  {self.megabytes(work):.0f} MB; {free:.0f} MB are there",
            f"{'tiles':>16}  {tile} px; {around}",
            f"{'largest tile':>16}  {fits}, in {part:.0%} of that",
        ]


def _read(work: Work) -> list[float]:
    """Return 1, and the megapixels that are read in tiles and at once."""
    cut = work.tiles > 1
    return [1.0, work.read / 1e6 if cut else 0.0, 0.0 if cut else work.read / 1e6]


def _fitted(rows: Sequence[Sequence[float]], values: Sequence[float]) -> list[float]:
    """Return the coefficients, at least 0, with the least squared errors.

    What is not known apart, or would be below 0 by the noise of a measurement, is 0.
    """
    matrix, right = torch.tensor(rows, dtype=torch.float64), torch.tensor(values).double()
    kept = list(range(matrix.shape[1]))
    while kept:
        found = torch.linalg.lstsq(matrix[:, kept], right, driver="gelsd").solution.tolist()
        if min(found) >= 0:
            break
        kept.remove(kept[found.index(min(found))])
    by_column = dict(zip(kept, found, strict=True))
    return [by_column.get(column, 0.0) for column in range(matrix.shape[1])]
