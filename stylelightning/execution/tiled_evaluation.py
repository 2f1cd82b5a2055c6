"""A step's evaluation tile by tile: the same terms and gradient as of the whole picture."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from stylelightning.backbones.base import Features
from stylelightning.backbones.tiled_maps import TiledMaps
from stylelightning.backbones.tiles import Tile, Tiles
from stylelightning.execution.allocator import large_blocks, tidy_up
from stylelightning.execution.team import Team
from stylelightning.losses.sums import Sums
from stylelightning.losses.terms import Terms
from stylelightning.objective import Objective


class TiledEvaluation:
    """Evaluates the terms of a picture that is too large to be looked at at once.

    In a first pass, without gradients, the losses add up what they see in each tile. The terms are
    functions of the sums; in a second pass each tile's part of the sums goes back to the picture
    with the terms' gradients at the sums. Gradients of whole tiles are added up, so what a tile has
    around it needs no more than the positions see. Losses that read nothing but the picture are
    evaluated as a whole.

    Several processes have some of the tiles each, and add up the sums and the gradient. A process
    that has one tile keeps its graph in place of computing it twice.

    Args:
        objective: What is minimised.
        tiles: How the picture is cut, and what computes the maps of its parts.
        team: The processes that evaluate it together; None for this one alone.
    """

    def __init__(self, objective: Objective, tiles: Tiles, team: Team | None = None) -> None:
        self._objective = objective
        self.tiles = tiles
        self._team = team or Team()
        self._mine = self._team.share(tiles.tiles)

    def maps(self, picture: Tensor) -> TiledMaps:
        """Return the feature maps of a picture, none of which is computed yet."""
        team = None if self._team.size == 1 else self._team
        return TiledMaps(picture, self.tiles, team=team)

    def evaluate(self, picture: Tensor) -> tuple[Terms, Tensor]:
        """Return the terms, detached, and their total, which has its gradient at the picture.

        Args:
            picture: Picture of shape (1, 3, H, W) in [0, 1].
        """
        fixed = picture.detach()
        seen = self._look(fixed)
        with large_blocks(mapped=True):  # the gradient stays among the maps of all tiles
            terms, gradients, gradient = self.compared(self._team.add_up(seen.sums), fixed)
        if not self._team.leads:  # what is seen in the picture itself is the leader's
            gradient.zero_()
        self._add_gradients(fixed, gradients, gradient, seen)
        (gradient,) = self._team.all_reduce([gradient])
        if len(self._mine) > 1:  # what a single tile's graph leaves is what its next one takes
            tidy_up(fixed)
        values = self._team.of_the_leader(list(terms.weighted.values()))
        terms = replace(terms, weighted=dict(zip(terms.weighted, values, strict=True)))
        return terms, _WithGradient.apply(terms.total, gradient, picture)

    @torch.no_grad()
    def sums(self, picture: Tensor) -> Sums:
        """Return what the losses on sums see in all tiles of a picture, by this process alone."""
        sums = Sums()
        for tile in self.tiles.tiles:
            self._objective.add_sums(self._features(tile.of(picture), tile), sums)
        tidy_up(picture)
        return sums

    def _look(self, picture: Tensor) -> "_Seen":
        """Return what the losses on sums see in the tiles of this process."""
        if self._team.size > 1 and len(self._mine) == 1:
            with torch.enable_grad():
                piece = self._mine[0].of(picture).detach().requires_grad_()
                sums = Sums()
                self._objective.add_sums(self._features(piece, self._mine[0]), sums)
            return _Seen(sums, piece)
        sums = Sums()
        with torch.no_grad():
            for tile in self._mine:
                self._objective.add_sums(self._features(tile.of(picture), tile), sums)
            if not self._mine:  # the names and shapes are those of any tile
                tile = self.tiles.tiles[0]
                self._objective.add_sums(self._features(tile.of(picture), tile), sums)
                sums = sums.zeros()
        return _Seen(sums)

    def part(self, objective: Objective) -> "TiledEvaluation":
        """Return what evaluates some of the terms alone."""
        return TiledEvaluation(objective, self.tiles)

    def gradient(self, picture: Tensor, sums: Sums) -> Tensor:
        """Return the gradient of the total at a picture.

        Args:
            picture: Picture of shape (1, 3, H, W) in [0, 1].
            sums: What ``sums`` returned for it, of these losses at least.
        """
        _, gradients, gradient = self.compared(sums, picture.detach())
        self._add_gradients(picture.detach(), gradients, gradient)
        tidy_up(picture)
        return gradient

    @torch.enable_grad()
    def heard(self, picture: Tensor, gradients: Mapping[str, Features]) -> set[tuple[str, str]]:
        """Return which terms have a gradient at which layers of the network.

        Args:
            picture: Picture of shape (1, 3, H, W) in [0, 1].
            gradients: Gradients of the terms at the sums, as ``compared`` returned them.
        """
        found: set[tuple[str, str]] = set()
        for tile in self.tiles.tiles:
            with torch.no_grad():
                seen = self._features(tile.of(picture), tile)
            leaves = {key: _leaf(each) for key, each in seen.items()}
            sums = Sums()
            self._objective.add_sums(leaves, sums)
            for name, statistics in sums.statistics.items():
                term = name.partition("/")[0]  # the rest is its region
                layers = self._objective.losses[term].layers
                keys = [key for key, each in statistics.items() if each.requires_grad]
                if not keys:
                    continue
                back = torch.autograd.grad(
                    [statistics[key] for key in keys],
                    [leaves[layer] for layer in layers],
                    [gradients[name][key] for key in keys],
                    allow_unused=True,
                    materialize_grads=True,
                )
                for layer, each in zip(layers, back, strict=True):
                    if each.any() and leaves[layer].any():
                        found.add((term, layer))
        return found

    def _features(self, piece: Tensor, tile: Tile) -> Features:
        maps = self.tiles.compute(piece, self._objective.layers)
        return self.tiles.owned(maps, tile)

    def compared(self, sums: Sums, picture: Tensor) -> tuple[Terms, dict[str, Features], Tensor]:
        """Return the terms, and their total's gradients at the sums and at the picture itself.

        Args:
            sums: What ``sums`` returned, of these losses at least.
            picture: The picture, (1, 3, H, W) in [0, 1].
        """
        with torch.enable_grad():
            image = picture.detach().requires_grad_()
            leaves = {
                name: {key: each.detach().requires_grad_() for key, each in statistics.items()}
                for name, statistics in sums.statistics.items()
                if name.partition("/")[0] in self._objective.losses
            }
            terms = self._objective.terms_of(Sums(leaves, sums.counts), image)
            pairs = [(name, key) for name, each in leaves.items() for key in each]
            found = torch.autograd.grad(
                terms.total,
                [image, *(leaves[name][key] for name, key in pairs)],
                allow_unused=True,
                materialize_grads=True,
            )
        gradients: dict[str, Features] = {name: {} for name in leaves}
        for (name, key), each in zip(pairs, found[1:], strict=True):
            gradients[name][key] = each
        # a mean over the picture has a gradient of one number in memory, which can't be added to
        return terms.detached(), gradients, found[0].contiguous()

    @torch.enable_grad()
    def _add_gradients(
        self,
        picture: Tensor,
        gradients: Mapping[str, Features],
        whole: Tensor,
        seen: "_Seen | None" = None,
    ) -> None:
        """Add the gradient of each tile of this process at the pixels that it reads.

        Args:
            picture: The picture, (1, 3, H, W) in [0, 1], detached.
            gradients: Gradients of the total at the sums, as ``compared`` returned them.
            whole: The gradient at the picture, (1, 3, H, W), which is added to in place.
            seen: What was seen in the tiles, where their graph is kept.
        """
        for tile in self._mine:
            if seen is not None and seen.piece is not None:
                piece, sums = seen.piece, seen.sums
            else:
                piece, sums = tile.of(picture).detach().requires_grad_(), Sums()
                self._objective.add_sums(self._features(piece, tile), sums)
            parts = [
                (each, gradients[name][key])
                for name, statistics in sums.statistics.items()
                for key, each in statistics.items()
                if each.requires_grad
            ]
            if parts:
                values, upstream = zip(*parts, strict=True)
                (back,) = torch.autograd.grad(values, [piece], upstream)
                tile.add(back, whole)


@dataclass(frozen=True)
class _Seen:
    """What was seen in the tiles of a process.

    Args:
        sums: The sums over its tiles.
        piece: What the only tile was computed from, if the sums have their graph to it.
    """

    sums: Sums
    piece: Tensor | None = None


def _leaf(tensor: Tensor) -> Tensor:
    """Return a tensor that a gradient can be asked for; places of windows have none."""
    return tensor.detach().requires_grad_() if tensor.is_floating_point() else tensor


class _WithGradient(torch.autograd.Function):
    """A total whose gradient at the picture is known already."""

    @staticmethod
    def forward(ctx: Any, total: Tensor, gradient: Tensor, picture: Tensor) -> Tensor:
        ctx.gradient = gradient
        return total.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        gradient, ctx.gradient = ctx.gradient, None  # in place: it is as large as the picture
        return None, None, gradient.mul_(upstream)
