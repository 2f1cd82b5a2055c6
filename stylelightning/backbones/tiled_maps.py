"""The feature maps of a large picture, computed tile by tile."""

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor

from stylelightning.backbones.base import IMAGE_LAYER, Features
from stylelightning.backbones.tiles import Tiles
from stylelightning.backbones.windows import Maps, cut, window_of
from stylelightning.functional.sharing import Sharing


class TiledMaps(Mapping[str, Tensor]):
    """The feature maps of a fixed picture, which are computed when they are asked for.

    A whole map, or all parts one after the other; nothing is kept, and nothing has a gradient.

    Args:
        picture: The picture, (1, 3, H, W) in [0, 1].
        tiles: How it is cut, and what computes the maps.
        layers: The layers that may be asked for; None for all that the tiles have, and ``image``.
        beside: Tensors as large as a layer's map that go with it, such as weights of positions: the
            layer's name and the tensor by the key under which they are read.
        team: The processes that look at the same picture, and may share what it takes; None for
            this one alone.
    """

    def __init__(
        self,
        picture: Tensor,
        tiles: Tiles,
        layers: Iterable[str] | None = None,
        beside: Mapping[str, tuple[str, Tensor]] | None = None,
        team: Sharing | None = None,
    ) -> None:
        self.team = team
        self._picture = picture.detach()
        self._tiles = tiles
        self._layers = tiles.layers | {IMAGE_LAYER} if layers is None else frozenset(layers)
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
        return TiledMaps(self._picture, self._tiles, kept, beside, self.team)

    def beside(self, tensors: Mapping[str, tuple[str, Tensor]]) -> "TiledMaps":
        """Return the same maps with more that goes with them.

        Args:
            tensors: The layer's name and the tensor, by key.
        """
        together = self._beside | dict(tensors)
        return TiledMaps(self._picture, self._tiles, self._layers, together, self.team)

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
            maps = self._tiles.compute(piece, read - {IMAGE_LAYER}) | {IMAGE_LAYER: piece}
            part = self._tiles.owned({name: maps[name] for name in read}, tile)
            for key, (layer, tensor) in self._beside.items():
                if layer in read:
                    part[key] = cut(tensor, part, layer)
            yield part

    @torch.no_grad()
    def together(self, layers: Iterable[str]) -> Features:
        """Return whole maps of some layers, computed in one go."""
        names = frozenset(layers)
        whole: Features = {IMAGE_LAYER: self._picture} if IMAGE_LAYER in names else {}
        if names <= whole.keys():
            return whole
        for part in self.parts(names - {IMAGE_LAYER}):
            for name in names - {IMAGE_LAYER}:
                if name not in whole:
                    size = self.map_size(name)
                    whole[name] = part[name].new_empty((*part[name].shape[:2], *size))
                cut(whole[name], part, name).copy_(part[name])
        return whole


def parts_of(maps: Maps, layers: Iterable[str]) -> Iterator[Features]:
    """Yield maps of parts that cover the picture once; all of them at once as a rule.

    Args:
        maps: Maps of a whole picture.
        layers: Names of the layers that are looked at.
    """
    if isinstance(maps, TiledMaps):
        yield from maps.parts(layers)
    else:
        yield dict(maps)


def team_of(maps: Maps) -> Sharing | None:
    """Return the processes that look at the same picture; None for this one alone."""
    return maps.team if isinstance(maps, TiledMaps) else None


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
