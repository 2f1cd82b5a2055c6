"""The style term of neural neighbours, layer by layer."""

from math import ceil
from typing import Any

import torch
from torch import Tensor

from stylelightning.backbones.base import Features
from stylelightning.backbones.windows import Maps
from stylelightning.functional.neighbours import (
    centred,
    cosine_distances_to,
    directions,
    nearest_directions,
)
from stylelightning.functional.orientations import TURNS
from stylelightning.losses.fingerprint import alike, fingerprint
from stylelightning.losses.neural_neighbor import NEIGHBOR_LAYERS
from stylelightning.losses.references import References
from stylelightning.losses.renewed import RenewedLoss
from stylelightning.losses.turned import turned_styles


class SplitNeuralNeighborLoss(RenewedLoss):
    r"""Angle between each feature vector and the style's nearest one, at every layer apart.

    .. math:: L = \sum_l w_l \frac{1}{N_l} \sum_p \min_q
        \left( 1 - \cos(F^l_p - \bar F^l, A^l_q - \bar A^l) \right)

    Hypercolumns, as of `NeuralNeighborLoss`, tie what all layers say of a place together and
    average fine detail away. Here every layer has its own neighbours at its full resolution, looked
    up anew as the picture changes, so that strokes get as sharp as the style's. It knows of no
    content image and drifts from it: a last pass over a finished picture, see
    ``model.schedule.finish``.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare. A list gives each of n layers the weight 1/n; a mapping gives
            the weights of a sum.
        samples: Most places of a layer that are looked at along its longer side, on a grid that
            moves over all places from draw to draw. A layer with no more places is read whole;
            NNST's program reads the places of the layer before in such a case, which is a slip.
        orientations: In how many orientations each style image is searched: 1, 2 (mirrored), 4
            (turned) or 8 (both).
        renew_every_n_steps: Steps after which the grid moves and its neighbours are found; null
            keeps the first. Other places are another function of each step, which L-BFGS can't
            follow.
        seed: Seed of the grids.

    Raises:
        ValueError: If a number is out of its range.

    Source: Kolkin, Kucera, Paris, Sýkora, Shechtman and Shakhnarovich, "Neural neighbor style
    transfer", 2022, section 3.4, https://arxiv.org/abs/2203.13215. The gradient is that of their
    minimum: it goes through the distance to the nearest vector alone.
    """

    needs_style = True

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = NEIGHBOR_LAYERS,
        samples: int = 64,
        orientations: int = 4,
        renew_every_n_steps: int | None = 1,
        seed: int = 0,
    ) -> None:
        super().__init__(weight, layers, renew_every_n_steps, seed)
        self._check_counts(samples=samples)
        self._check("orientations", orientations, "be 1, 2, 4 or 8", orientations in TURNS)
        self.samples = samples
        self.orientations = orientations
        self.stochastic = renew_every_n_steps is not None
        self._styles_shown: list[Maps] = []
        self._matches: dict[str, tuple[_Grid, Tensor]] = {}
        self._targets: Features = {}

    def keep(self, references: References) -> None:
        """Keep the style images' feature maps in all orientations.

        Raises:
            ValueError: If there is no style image.
        """
        self._styles(references)  # there must be one
        self._styles_shown = list(turned_styles(references, self.layers, self.orientations))
        self._matches, self._targets = {}, {}

    def renew(self, features: Maps, renewal: int) -> None:
        """Move the grid, and look up what is nearest to the picture there."""
        generator = self.generator(renewal)
        for name in self.layers:
            stride = ceil(max(features[name].shape[2:]) / self.samples)
            down, across = torch.randint(stride, (2,), generator=generator).tolist()
            grid = stride, down, across
            bank = self._bank(name, grid)
            matches = nearest_directions(_sampled(features[name], grid), bank)
            self._matches[name] = grid, matches
            self._targets[name] = directions(centred(bank)[matches])

    def forward(self, features: Features) -> Tensor:
        """Return the weighted sum of the layers' mean distances."""
        return self._weighted_sum(lambda name: self._distance(name, features[name]))

    def state(self) -> dict[str, Any]:
        """Return the grids and matches that are in use, and which search found them."""
        styles = {
            name: fingerprint(self._bank(name, grid)) for name, (grid, _) in self._matches.items()
        }
        return {"renewal": self._renewal, "matches": self._matches, "styles": styles}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on with the matches of ``state``, unless they are of other layers or other images."""
        if state["matches"].keys() != self.layer_weights.keys():
            return
        targets, styles = {}, state.get("styles", {})  # a checkpoint by version 0.1 has none
        for name, (grid, matches) in state["matches"].items():
            bank = self._bank(name, grid)
            style = fingerprint(bank)
            if int(matches.max()) >= len(bank) or not alike(styles.get(name, style), style):
                return
            targets[name] = directions(centred(bank)[matches.to(bank.device)])
        self._renewal, self._matches, self._targets = state["renewal"], state["matches"], targets

    def _bank(self, name: str, grid: "_Grid") -> Tensor:
        """Return the style's vectors on a grid, (M, C)."""
        return torch.cat([_sampled(each[name], grid) for each in self._styles_shown])

    def _distance(self, name: str, features: Tensor) -> Tensor:
        grid, _ = self._matches[name]
        return cosine_distances_to(centred(_sampled(features, grid)), self._targets[name]).mean()


_Grid = tuple[int, int, int]
"""Positions from one place to the next, the first row and the first column."""


def _sampled(features: Tensor, grid: _Grid) -> Tensor:
    """Return a layer's vectors on a grid, (N, C)."""
    stride, *first = grid
    height, width = features.shape[2:]
    rows, columns = min(first[0], height - 1), min(first[1], width - 1)
    return features[0, :, rows::stride, columns::stride].flatten(1).t()
