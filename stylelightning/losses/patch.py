"""The style term of Markov random fields."""

import math
from collections.abc import Sequence
from typing import Any, get_args

import torch
from torch import Tensor
from torch.nn import functional

from stylelightning.backbones.base import Features
from stylelightning.backbones.tiled_maps import team_of
from stylelightning.backbones.windows import Maps, cut
from stylelightning.functional.orientations import TURNS, turned
from stylelightning.functional.patch_search import nearest_patches
from stylelightning.functional.patches import (
    PatchBands,
    PatchPadding,
    patch_positions,
    patches_at,
)
from stylelightning.functional.sharing import Sharing
from stylelightning.losses.base import StatisticalLoss
from stylelightning.losses.fingerprint import alike, fingerprint
from stylelightning.losses.references import Reference, References, weights_of
from stylelightning.losses.renewed import RenewedLoss
from stylelightning.losses.sums import Count

HALF = 0.5
"""Weight from which the middle of a patch is in a region."""


class PatchLoss(RenewedLoss, StatisticalLoss):
    r"""Squared distance of every patch to its nearest patch of the style image.

    .. math:: L = \sum_l w_l \frac{1}{C_l H_l W_l} \sum_{c,k} \frac{1}{n_k}
        \sum_{i \ni k} \left( \Psi_i(F^l) - \Psi_{nn(i)}(A^l) \right)_{ck}^2

    where position k lies in :math:`n_k` patches :math:`\Psi_i`. Li and Wand sum over patches
    instead, so that positions in more patches, or far from the border, count more. The nearest
    patches are looked up anew every ``renew_every_n_steps`` steps, each time on a grid that has
    moved by a position; in between, the term is the distance to the picture that the found
    patches vote for, plus a constant, which is exact and costs no more than a comparison of
    pixels.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers whose patches are compared; ``image`` is the picture itself.
        size: Side of a patch in positions of the layer.
        stride: Positions from one patch to the next, at most ``size``; every position is covered
            whatever the stride.
        bank_size: Most style patches that are searched, drawn from the seed.
        completeness: How far rare style patches may be from any patch and still be taken, as a
            mean squared distance; small values use more of the style, null only the nearest.
        renew_every_n_steps: Steps between two searches, at least 1.
        orientations: How many of the style's mirror images and quarter turns are in the bank: 1, 2
            (mirrored), 4 (turned) or 8 (both).
        scales: Sizes of the style image's layers that are in the bank, as multiples.
        search_components: How many principal components of the style's patches the search compares;
            null compares all values and is exact. 48 for patches of 7 x 7 colours take half the
            time and find patches as near.
        padding: ``valid`` for patches within the picture, ``circular`` for patches that go round
            its borders, for pictures that tile.
        seed: Seed of the draw.

    Raises:
        ValueError: If a number is out of its range.

    Source: Li and Wand, CVPR 2016, equation 4, https://arxiv.org/abs/1601.04589; completeness:
    Granot et al., CVPR 2022, https://arxiv.org/abs/2103.15545
    """

    scope = "local"
    needs_style = True
    takes_weights = True

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = ["image"],  # noqa: B006 - copied, never changed
        size: int = 7,
        stride: int = 3,
        bank_size: int = 12_000,
        completeness: float | None = 0.005,
        renew_every_n_steps: int = 10,
        orientations: int = 1,
        scales: Sequence[float] = (1.0,),
        search_components: int | None = None,
        padding: PatchPadding = "valid",
        seed: int = 0,
    ) -> None:
        super().__init__(weight, layers, renew_every_n_steps, seed)
        self._check_counts(size=size, bank_size=bank_size, renew_every_n_steps=renew_every_n_steps)
        if search_components is not None:
            self._check_counts(search_components=search_components)
        self._check_choice("padding", padding, get_args(PatchPadding))
        self._check("stride", stride, f"be from 1 to {size}", stride <= size)
        if completeness is not None:
            self._check("completeness", completeness, "be above 0", completeness > 0)
        self._check("orientations", orientations, "be 1, 2, 4 or 8", orientations in TURNS)
        positive = bool(scales) and all(0 < scale < math.inf for scale in scales)
        self._check("scales", list(scales), "be above 0", positive)
        self.size = size
        self.smallest_map = math.ceil(size / min(1, max(scales)))  # a smaller view holds none
        self.stride = stride
        self.bank_size = bank_size
        self.completeness = completeness
        self.orientations = orientations
        self.scales = tuple(scales)
        self.search_components = search_components
        self.padding = padding
        self._banks: Features = {}
        self._styles_of_banks: Features = {}  # their fingerprints
        self._targets: dict[str, _Target] = {}

    def keep(self, references: References) -> None:
        """Draw the style patches to search; the next step looks the nearest up.

        Raises:
            ValueError: If there is no style image, or its layer is smaller than a patch.
        """
        styles = [style for style in self._styles(references) if style.share > 0]
        self._banks = {name: self._bank(name, styles) for name in self.layers}
        self._styles_of_banks = {name: fingerprint(bank) for name, bank in self._banks.items()}
        self._targets = {}

    def renew(self, features: Maps, renewal: int) -> None:
        """Look the nearest patches up."""
        team = team_of(features)
        self._targets = {
            name: self._search(name, features[name], renewal, team) for name in self.layers
        }

    def statistics(self, features: Maps) -> Features:
        """Return the sum of each layer's mean squared distances over channels, a scalar."""
        return {
            name: self._targets[name].squares(features, name, weights_of(features, name))
            for name in self.layers
        }

    def compare(self, statistics: Features, count: dict[str, Count]) -> Tensor:
        """Return the weighted sum of the layers' mean squared distances."""
        return self._weighted_sum(
            lambda name: (
                statistics[name] / count[name] + self._targets[name].spread.to(statistics[name])
            )
        )

    def state(self) -> dict[str, Any]:
        """Return the matches that are in use, and which search found them."""
        targets = {name: vars(target) for name, target in self._targets.items()}
        return {"renewal": self._renewal, "targets": targets, "banks": self._styles_of_banks}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on with the matches of ``state``; those of other images or layers are found anew."""
        if "regions" in state or state["targets"].keys() != self.layer_weights.keys():
            return
        banks = state.get("banks", self._styles_of_banks)  # a checkpoint by version 0.1 has none
        if not all(alike(banks[name], own) for name, own in self._styles_of_banks.items()):
            return
        if "calls" in state:  # of a checkpoint by version 0.1, which counted evaluations
            state = {**state, "renewal": (state["calls"] - 1) // (self.renew_every_n_steps or 1)}
        self._renewal = state["renewal"]
        self._targets = {name: _Target(**each) for name, each in state["targets"].items()}

    def _bank(self, name: str, styles: Sequence[Reference]) -> Tensor:
        """Return the patches to search; each style image has its share of them."""
        generator = torch.Generator().manual_seed(self.seed)
        drawn = [
            self._drawn(
                style.features[name],
                weights_of(style.features, name),
                round(style.share * self.bank_size),
                generator,
            )
            for style in styles
        ]
        return torch.cat(drawn)

    def _drawn(
        self, style: Tensor, weights: Tensor | None, count: int, generator: torch.Generator
    ) -> Tensor:
        views = self._views(style)
        usable = [view for view in views if min(view.shape[2:]) >= self.size]
        if not usable:
            side = max(min(view.shape[2:]) for view in views)
            raise ValueError(
                f"`size` of PatchLoss is {self.size}, but the style image's layer is {side} "
                "positions on its shorter side: use a smaller size or a larger --data.style_scale."
            )
        starts = [(view.shape[2] - self.size + 1, view.shape[3] - self.size + 1) for view in usable]
        total = sum(height * width for height, width in starts)
        order = torch.randperm(total, generator=generator)
        if weights is not None:
            order = order[self._within(weights, starts)[order]]
        places = order[: max(1, count)].sort().values
        drawn = []
        first = 0
        for view, (height, width) in zip(usable, starts, strict=True):
            here = places[(places >= first) & (places < first + height * width)] - first
            drawn.append(patches_at(view, self.size, here // width, here % width))
            first += height * width
        return torch.cat(drawn)

    def _views(self, style: Tensor) -> list[Tensor]:
        """Return a style image's layer at all sizes and turns."""
        return [
            turned(_resized(style, scale), turn)
            for scale in self.scales
            for turn in TURNS[self.orientations]
        ]

    def _within(self, weights: Tensor, starts: Sequence[tuple[int, int]]) -> Tensor:
        """Return which patches have their middle in the region, or are the nearest to it."""
        middle, views = self.size // 2, self._views(weights)
        usable = [view for view in views if min(view.shape[2:]) >= self.size]
        parts = [
            view[0, 0, middle : middle + height, middle : middle + width].flatten()
            for view, (height, width) in zip(usable, starts, strict=True)
        ]
        inside = torch.cat(parts).cpu()
        return inside >= inside.max().clamp(max=HALF)

    def _search(self, name: str, features: Tensor, renewal: int, team: Sharing | None) -> "_Target":
        side = min(features.shape[2:])
        if side < self.size:
            raise ValueError(
                f"`size` of PatchLoss is {self.size}, but the layer {name!r} is only {side} "
                "positions on its shorter side: use a smaller size or a larger --data.size."
            )
        bank = self._banks[name]
        grid = PatchBands(features, self.size, *self._grid(features, renewal))
        nearest = nearest_patches(grid, bank, self.completeness, self.search_components, team)
        return _Target(*grid.votes(nearest, bank))

    def _grid(self, features: Tensor, search: int) -> tuple[Tensor, Tensor]:
        """Return where patches start; the grid moves from search to search, so none shows."""
        height, width = features.shape[2:]
        down, across = search % self.stride, search // self.stride % self.stride
        rows = patch_positions(height, self.size, self.stride, self.padding, down)
        return rows, patch_positions(width, self.size, self.stride, self.padding, across)


class _Target:
    """What the matches say: the distance to it is that of the patches to their matches.

    Args:
        mean: Mean of the matched patches at each position, (1, C, H, W).
        spread: How far the matched patches are from their own mean, in the mean over positions.
    """

    def __init__(self, mean: Tensor, spread: Tensor) -> None:
        self.mean = mean
        self.spread = spread

    def squares(self, features: Maps, layer: str, weights: Tensor | None) -> Tensor:
        """Return the sum over positions of their mean squared distance to the matched patches.

        Args:
            features: Feature maps of the picture, or of a part of it.
            layer: The layer that this is the target of.
            weights: Weight of each position in the sum, (1, 1, h, w); None for 1.
        """
        maps = features[layer]
        squares = (maps - cut(self.mean, features, layer).to(maps)).square()
        if weights is None:
            return squares.sum() / squares.shape[1]
        return (squares.mean(1, keepdim=True) * weights).sum()


def _resized(features: Tensor, scale: float) -> Tensor:
    if scale == 1:
        return features
    size = [max(1, round(side * scale)) for side in features.shape[2:]]
    return functional.interpolate(features, size, mode="bicubic", antialias=True)
