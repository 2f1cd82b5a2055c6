"""How a picture is cut into tiles along one of its sides."""

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Span:
    """What a tile has of one side of a picture, in pixels.

    Args:
        first: The first pixel that it owns.
        last: The one after the last that it owns.
        begin: The first pixel that its maps are computed from, a multiple of the deepest stride;
            below 0 where a circular picture goes on at its other end.
        end: The one after the last, beyond the side likewise.
    """

    first: int
    last: int
    begin: int
    end: int


def spans(
    side: int, tile: int, stride: int, margin: int, smallest: int = 1, circular: bool = False
) -> list[Span]:
    """Return tiles that own every pixel of a side once, and are about equally long.

    What a tile owns begins at a multiple of the stride, so that no position of a layer is cut. The
    positions that it owns see no more than the margin beyond it. At the ends of the side a tile
    ends with it, and the network's own padding is what follows there.

    A circular side that is no multiple of the stride is not cut: a network that goes round it skips
    the pixels that are left over at some of its layers, and not at others.

    Args:
        side: Length of the side in pixels.
        tile: Most pixels that a tile owns, but for what is left over of a stride.
        stride: Stride of the deepest layer.
        margin: Pixels that a position sees beyond its own stride.
        smallest: Fewest pixels that a tile may own.
        circular: Whether the end goes on at the beginning.

    Example:
        >>> [(each.first, each.last) for each in spans(50, 24, 8, 3)]
        [(0, 24), (24, 50)]
    """
    cells = side // stride
    most = max(tile // stride, 1)
    count = min(-(-cells // most), cells, side // max(smallest, 1))
    if count < 2 or (circular and side % stride):
        return [Span(0, side, 0, side)]
    ends = [round(n * cells / count) * stride for n in range(count)] + [side]
    beyond = -(-margin // stride) * stride
    found = []
    for first, last in pairwise(ends):
        begin, end = first - beyond, last + beyond
        if not circular:
            begin, end = max(begin, 0), min(end, side)
        elif end - begin >= side:
            begin, end = 0, side  # the network goes round by itself
        found.append(Span(first, last, begin, end))
    return found
