"""How a large picture is cut into tiles, and what a tile owns of the feature maps."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from stylelightning.backbones.base import IMAGE_LAYER, Backbone, Features, Layer
from stylelightning.backbones.windows import Window, with_windows
from stylelightning.functional.tiles import Span, spans

Compute = Callable[[Tensor, frozenset[str]], Features]
"""Gives the feature maps of a picture at some layers of the backbone."""


@dataclass(frozen=True)
class Tile:
    """A rectangle of a picture, and what must be read around it.

    Args:
        rows: What it has of the picture's height.
        columns: What it has of its width.
    """

    rows: Span
    columns: Span

    @property
    def pixels(self) -> int:
        """Number of pixels that its maps are computed from."""
        return (self.rows.end - self.rows.begin) * (self.columns.end - self.columns.begin)

    def of(self, picture: Tensor) -> Tensor:
        """Return the pixels that its maps are computed from, (1, 3, h, w)."""
        height, width = picture.shape[2:]
        rows, columns = _within(self.rows, height), _within(self.columns, width)
        if isinstance(rows, slice) and isinstance(columns, slice):
            return picture[:, :, rows, columns]
        return picture[:, :, _indices(rows)[:, None], _indices(columns)]

    def add(self, piece: Tensor, picture: Tensor) -> None:
        """Add values for the pixels that its maps are computed from to those of the picture."""
        height, width = picture.shape[2:]
        rows, columns = _within(self.rows, height), _within(self.columns, width)
        if isinstance(rows, slice) and isinstance(columns, slice):
            picture[:, :, rows, columns] += piece
        else:  # each pixel once, since a tile that goes round is shorter than the picture
            picture[:, :, _indices(rows)[:, None], _indices(columns)] += piece


class Tiles:
    """Cuts pictures of one size into tiles, and computes the maps of each.

    What a tile owns is computed with as much of the picture around it as its positions see. At the
    picture's border the network pads as ever; inside the picture it pads too, and what that reaches
    is left out. So the maps are those of the whole picture, but for rounding.

    Args:
        backbone: The network, for the geometry of its layers.
        compute: What gives the maps of a part of a picture; it switches the run's precision on.
        layers: Names of the layers that are read; ``image`` may be among them.
        like: A picture; the others are of its size, its device and its precision.
        tile: Most rows and columns of pixels that a tile owns.

    Raises:
        ValueError: If a position of a layer sees no fixed part of the picture.

    Source: blocks of a picture in two passes are those of Galerne, Raad, Lezama and Morel, "Scaling
    painting style transfer", EGSR 2024, https://arxiv.org/abs/2212.13459, who keep the gradient of
    a block's inside alone, which takes twice the margin; docs/large-pictures.md.
    """

    def __init__(
        self,
        backbone: Backbone,
        compute: Compute,
        layers: Iterable[str],
        like: Tensor,
        tile: tuple[int, int],
    ) -> None:
        self.compute = compute
        self.layers = frozenset(layers)
        self.size = size = (like.shape[2], like.shape[3])
        read = [backbone.layer_table[name] for name in sorted(self.layers - {IMAGE_LAYER})]
        self._strides = {each.name: each.stride for each in read} | {IMAGE_LAYER: 1}
        deepest = max((each.stride for each in read), default=1)
        margin = max((each.margin for each in read), default=0)
        smallest = max((each.smallest_side for each in read), default=1)
        goes_round = _goes_round(backbone) if read else False
        rows, columns = (
            [Span(0, side, 0, side)]
            if goes_round is None
            else spans(side, most, deepest, margin, smallest, goes_round)
            for side, most in zip(size, tile, strict=True)
        )
        self.tiles = [Tile(*pair) for pair in product(rows, columns)]
        self._map_sizes = self._sizes_of_maps(read, like, deepest, smallest)

    def map_size(self, layer: str) -> tuple[int, int]:
        """Return rows and columns of a layer's whole map."""
        return self._map_sizes[layer]

    def owned(self, maps: Features, tile: Tile) -> Features:
        """Return what a tile owns of the maps that were computed for it, with its windows.

        Args:
            maps: Maps of what ``tile.of`` gives.
            tile: The tile.
        """
        found: Features = {}
        windows: dict[str, Window] = {}
        for name, each in maps.items():
            height, width = self._map_sizes[name]
            rows = self._positions(tile.rows, name, self.size[0], height)
            columns = self._positions(tile.columns, name, self.size[1], width)
            stride = self._strides[name]
            top, left = tile.rows.begin // stride, tile.columns.begin // stride
            across = slice(columns.start - left, columns.stop - left)
            found[name] = _Owned.apply(each, slice(rows.start - top, rows.stop - top), across)
            windows[name] = Window(rows.start, columns.start, height, width)
        return with_windows(found, windows)

    @torch.no_grad()
    def _sizes_of_maps(
        self, read: Sequence[Layer], like: Tensor, deepest: int, smallest: int
    ) -> dict[str, tuple[int, int]]:
        """Return rows and columns of the layers' maps, by those of a small picture.

        A picture that is longer by the deepest stride has as many positions more at each layer as
        that has strides.
        """
        least = -(-smallest // deepest) * deepest
        small = [side if side < least + deepest else least + side % deepest for side in self.size]
        names = frozenset(layer.name for layer in read)
        maps = self.compute(like.new_zeros(1, 3, *small), names) if read else {}
        return {IMAGE_LAYER: self.size} | {
            layer.name: (
                maps[layer.name].shape[2] + (self.size[0] - small[0]) // layer.stride,
                maps[layer.name].shape[3] + (self.size[1] - small[1]) // layer.stride,
            )
            for layer in read
        }

    def _positions(self, span: Span, layer: str, side: int, length: int) -> slice:
        """Return the positions of a layer that a tile owns."""
        stride = self._strides[layer]
        return slice(span.first // stride, length if span.last == side else span.last // stride)


class _Owned(torch.autograd.Function):
    """A rectangle of a map, densely and in the map's layout, and so is its gradient.

    A plain slice has neither: Gram matrices of it and sums of its gradient take as long as a third
    of the network does.
    """

    @staticmethod
    def forward(ctx: Any, maps: Tensor, rows: slice, columns: slice) -> Tensor:
        ctx.shape, ctx.rows, ctx.columns = maps.shape, rows, columns
        last = maps.is_contiguous(memory_format=torch.channels_last)
        ctx.layout = torch.channels_last if last else torch.contiguous_format
        return maps[:, :, rows, columns].clone(memory_format=ctx.layout)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        gradient = torch.empty(
            ctx.shape, dtype=upstream.dtype, device=upstream.device, memory_format=ctx.layout
        ).zero_()
        gradient[:, :, ctx.rows, ctx.columns] = upstream
        return gradient, None, None


def _within(span: Span, side: int) -> slice | list[int]:
    """Return the pixels that a span reads, one by one where it goes round the picture."""
    if span.begin >= 0 and span.end <= side:
        return slice(span.begin, span.end)
    return [place % side for place in range(span.begin, span.end)]


def _indices(places: slice | list[int]) -> Tensor:
    if isinstance(places, slice):
        return torch.arange(places.start, places.stop)
    return torch.tensor(places)


def _goes_round(backbone: Backbone) -> bool | None:
    """Return whether a network pads from the opposite side, None if only some of its layers do."""
    modes = [_pads_circularly(module) for module in backbone.modules() if _pads(module)]
    return all(modes) if modes and (all(modes) or not any(modes)) else None if modes else False


def _pads(module: nn.Module) -> bool:
    if isinstance(module, nn.CircularPad2d):
        return True
    windowed = isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d)
    return windowed and _any(module.padding)


def _pads_circularly(module: nn.Module) -> bool:
    return isinstance(module, nn.CircularPad2d) or getattr(module, "padding_mode", "") == "circular"


def _any(padding: Any) -> bool:
    return any(padding) if isinstance(padding, tuple) else bool(padding)
