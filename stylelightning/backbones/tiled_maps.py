"""The feature maps of a large picture, computed tile by tile."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from stylelightning.backbones.base import Backbone, Features, Layer
from stylelightning.backbones.windows import Maps, Window, cut, window_of, with_windows
from stylelightning.functional.tiles import Span, spans

IMAGE = "image"
"""The name of the picture itself as a layer."""
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
        tile: Most pixels along a side that a tile owns.

    Raises:
        ValueError: If positions of a layer see the whole picture.

    Source: that the margin of the forward pass is enough for the gradient, if whole tiles' are
    added up: docs/large-pictures.md. Blocks of a picture in two passes, with twice the margin:
    Leclaire and Galerne, "Scaling painting style transfer", EGSR 2024.
    """

    def __init__(
        self,
        backbone: Backbone,
        compute: Compute,
        layers: Iterable[str],
        like: Tensor,
        tile: int,
    ) -> None:
        self.compute = compute
        self.layers = frozenset(layers)
        self.size = size = (like.shape[2], like.shape[3])
        read = [backbone.layer_table[name] for name in sorted(self.layers - {IMAGE})]
        if read and backbone.looks_around:
            raise ValueError(
                f"{type(backbone).__name__} smooths maps by all of their values, so they can't be "
                "computed tile by tile: set `softmax_smoothing` to false, or leave `model.tiling` "
                "null."
            )
        self._strides = {each.name: each.stride for each in read} | {IMAGE: 1}
        deepest = max((each.stride for each in read), default=1)
        margin = max((each.margin for each in read), default=0)
        smallest = max((each.smallest_side for each in read), default=1)
        goes_round = _goes_round(backbone) if read else False
        rows, columns = (
            [Span(0, side, 0, side)]
            if goes_round is None
            else spans(side, tile, deepest, margin, smallest, goes_round)
            for side in size
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
            part = each[
                :, :, rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
            ]
            if each.is_contiguous(memory_format=torch.channels_last):
                # else losses would copy it into the other layout, which is slow
                part = part.contiguous(memory_format=torch.channels_last)
            found[name] = part
            windows[name] = Window(rows.start, columns.start, height, width)
        return with_windows(found, windows)

    def maps(self, picture: Tensor) -> "TiledMaps":
        """Return the maps of a picture, none of which is computed yet.

        Args:
            picture: Picture of the tiles' size, (1, 3, H, W) in [0, 1].
        """
        return TiledMaps(picture, self, self.layers | {IMAGE})

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
        return {IMAGE: self.size} | {
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


class TiledMaps(Mapping[str, Tensor]):
    """The feature maps of a fixed picture, which are computed when they are asked for.

    A whole map, or all parts one after the other; nothing is kept, and nothing has a gradient.

    Args:
        picture: The picture, (1, 3, H, W) in [0, 1].
        tiles: How it is cut, and what computes the maps.
        layers: The layers that may be asked for.
        beside: Tensors as large as a layer's map that go with it, such as weights of positions: the
            layer's name and the tensor by the key under which they are read.
    """

    def __init__(
        self,
        picture: Tensor,
        tiles: Tiles,
        layers: Iterable[str],
        beside: Mapping[str, tuple[str, Tensor]] | None = None,
    ) -> None:
        self._picture = picture.detach()
        self._tiles = tiles
        self._layers = frozenset(layers)
        self._beside = dict(beside or {})

    def __getitem__(self, key: str) -> Tensor:
        """Return the whole map of a layer, or what goes with one."""
        if key in self._beside:
            return self._beside[key][1]
        if key not in self._layers:
            raise KeyError(key)
        return self.together([key])[key]

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the layers, and of what goes with them."""
        yield from sorted(self._layers)
        yield from self._beside

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._layers) + len(self._beside)

    def only(self, layers: Iterable[str]) -> "TiledMaps":
        """Return the same maps at some of the layers, with what goes with these."""
        kept = frozenset(layers)
        beside = {key: pair for key, pair in self._beside.items() if pair[0] in kept}
        return TiledMaps(self._picture, self._tiles, kept, beside)

    def beside(self, tensors: Mapping[str, tuple[str, Tensor]]) -> "TiledMaps":
        """Return the same maps with more that goes with them.

        Args:
            tensors: The layer's name and the tensor, by key.
        """
        all_ = self._beside | dict(tensors)
        return TiledMaps(self._picture, self._tiles, self._layers, all_)

    def map_size(self, layer: str) -> tuple[int, int]:
        """Return rows and columns of a layer's whole map, without computing it."""
        return self._tiles.map_size(layer)

    @torch.no_grad()
    def parts(self, layers: Iterable[str]) -> Iterator[Features]:
        """Yield the maps of one tile after the other, with their windows.

        Args:
            layers: Names of the layers that are looked at.
        """
        read = frozenset(layers)
        for tile in self._tiles.tiles:
            piece = tile.of(self._picture)
            maps = self._tiles.compute(piece, read - {IMAGE}) | {IMAGE: piece}
            part = self._tiles.owned({name: maps[name] for name in read}, tile)
            for key, (layer, tensor) in self._beside.items():
                if layer in read:
                    part[key] = cut(tensor, part, layer)
            yield part

    @torch.no_grad()
    def together(self, layers: Iterable[str]) -> Features:
        """Return whole maps of some layers, computed in one go."""
        names = frozenset(layers)
        whole: Features = {IMAGE: self._picture} if IMAGE in names else {}
        if names <= whole.keys():
            return whole
        for part in self.parts(names - {IMAGE}):
            for name in names - {IMAGE}:
                if name not in whole:
                    size = self.map_size(name)
                    whole[name] = part[name].new_empty((*part[name].shape[:2], *size))
                cut(whole[name], part, name).copy_(part[name])
        return whole


def parts_of(maps: Maps, layers: Iterable[str]) -> Iterator[Maps]:
    """Yield maps of parts that cover the picture once; all of them at once as a rule.

    Args:
        maps: Maps of a whole picture.
        layers: Names of the layers that are looked at.
    """
    if isinstance(maps, TiledMaps):
        yield from maps.parts(layers)
    else:
        yield maps


def together(maps: Maps, layers: Iterable[str]) -> Features:
    """Return whole maps of some layers."""
    if isinstance(maps, TiledMaps):
        return maps.together(layers)
    return {name: maps[name] for name in layers}


def map_size(maps: Maps, layer: str) -> tuple[int, int]:
    """Return rows and columns of a layer's whole map."""
    if isinstance(maps, TiledMaps):
        return maps.map_size(layer)
    window = window_of(maps, layer)
    if window is not None:
        return window.height, window.width
    return maps[layer].shape[2], maps[layer].shape[3]


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
