"""The style term of neural neighbours, on hypercolumns."""

from typing import Any

import torch
from torch import Tensor

from stylelightning.backbones.base import Features
from stylelightning.backbones.windows import Maps
from stylelightning.functional.hypercolumns import hypercolumn_map
from stylelightning.functional.neighbours import (
    cosine_distances_to,
    directions,
    nearest_directions,
)
from stylelightning.functional.orientations import TURNS
from stylelightning.functional.pyramid import laplacian_bands, sum_of_bands
from stylelightning.losses.base import IMAGE_LAYER, Loss
from stylelightning.losses.fingerprint import alike, fingerprint
from stylelightning.losses.references import References
from stylelightning.losses.turned import turned_styles

NEIGHBOR_LAYERS = [
    *("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2", "relu3_3"),
    *("relu4_1", "relu4_2", "relu4_3"),
]
"""Layers whose neighbours are looked up unless others are named: those of NNST in VGG-16."""


class NeuralNeighborLoss(Loss):
    r"""Angle between the features of each place and those that the style image has most alike.

    .. math:: L = \frac{1}{N} \sum_p \left( 1 - \cos(x_p, s_{n(p)}) \right), \qquad
        n(p) = \arg\max_q \cos(y_p - \bar y, s_q - \bar s)

    with hypercolumns x of the picture, s of the style image and y of a mixture of the content
    image and the picture that the scale starts from. The matches are found once a scale, so the
    term is both content and style: it says where which piece of the style belongs, and needs no
    content term beside it.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to read, a list: they are read together, as one vector a place.
        stride: Positions of the finest layer from one place to the next, at least 1.
        orientations: In how many orientations each style image is searched: 1, 2 (mirrored), 4
            (turned) or 8 (both). More of them hold more of the content and take as many times the
            memory and the time of a search.
        present_share: Share of the present picture, its finest band replaced by the content
            image's, in the picture whose matches are found; the rest is the content image. 0 holds
            most of the content, 1 least. The first scale of a run looks at the content image alone.

    Raises:
        ValueError: If a number is out of its range, or the layers have weights.

    Source: Kolkin, Kucera, Paris, Sýkora, Shechtman and Shakhnarovich, "Neural neighbor style
    transfer", 2022, sections 3.1 to 3.3, https://arxiv.org/abs/2203.13215. Several style images
    are searched as one, whatever their shares, which must only be above 0.
    """

    scope = "local"
    needs_content = True
    needs_style = True

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] = NEIGHBOR_LAYERS,
        stride: int = 4,
        orientations: int = 4,
        present_share: float = 0.25,
    ) -> None:
        listed = isinstance(layers, list)
        self._check("layers", layers, "be a list: they are read together", listed)
        super().__init__(weight, layers)
        self._check_counts(stride=stride)
        self._check("orientations", orientations, "be 1, 2, 4 or 8", orientations in TURNS)
        self._check("present_share", present_share, "be from 0 to 1", 0 <= present_share <= 1)
        self.stride = stride
        self.orientations = orientations
        self.present_share = present_share
        self._begun = False
        self._sought: tuple[Tensor, Tensor] | None = None  # what to look up, and in what
        self._matches: Tensor | None = None
        self._images: list[Tensor] = []  # fingerprints of those that the matches are of
        self._targets = torch.empty(0)

    def restart(self) -> None:
        """Look at the content image alone at the next scale, as at the first of a run."""
        self._begun = False

    def prepare(self, references: References) -> None:
        """Compute what is looked up and in what; the first step does so.

        Raises:
            ValueError: If there is no content or style image.
        """
        content = self._content(references)
        self._styles(references)  # there must be one
        held = _rows(hypercolumn_map(content, self.layers, self.stride))
        image, picture = (references.content or {}).get(IMAGE_LAYER), references.picture
        if self._begun and self.present_share > 0 and image is not None and picture is not None:
            content = references.features(self._mixture(image, picture))
        self._begun = True
        bank = [
            _rows(hypercolumn_map(each, self.layers, self.stride))
            for each in turned_styles(references, self.layers, self.orientations)
        ]
        self._sought = _rows(hypercolumn_map(content, self.layers, self.stride)), torch.cat(bank)
        self._images = [fingerprint(held), fingerprint(self._sought[1])]
        self._matches = None

    def is_due(self, step: int) -> bool:
        """Return whether the matches are still to be found."""
        return self._sought is not None

    @torch.no_grad()
    def advance(self, features: Maps, step: int) -> None:
        """Find the matches, unless a checkpoint had them, and keep their directions alone."""
        if self._sought is None:
            return
        queries, bank = self._sought
        if self._matches is None or not _fit(self._matches, queries, bank):
            self._matches = nearest_directions(queries, bank)
        self._targets = directions(bank[self._matches.to(bank.device)])
        self._sought = None

    def forward(self, features: Features) -> Tensor:
        """Return the mean distance of the hypercolumns to their matches, from 0 to 2."""
        columns = _rows(hypercolumn_map(features, self.layers, self.stride))
        return cosine_distances_to(columns, self._targets).mean()

    def state(self) -> dict[str, Any]:
        """Return the matches, which the picture that the scale started from has led to."""
        return {"matches": self._matches, "images": self._images}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on with the matches of ``state``, unless they are of other images."""
        before = state.get("images", self._images)  # a checkpoint by version 0.1 has none
        if all(map(alike, before, self._images)):
            self._matches = state["matches"]

    def _mixture(self, content: Tensor, picture: Tensor) -> Tensor:
        """Return the picture whose matches are found at a later scale."""
        finest, own = laplacian_bands(content, 1), laplacian_bands(picture, 1)
        detailed = sum_of_bands([*finest[:-1], own[-1]])
        return torch.lerp(content, detailed, self.present_share)


def _rows(columns: Tensor) -> Tensor:
    """Return a map's vectors one under the other, (N, D)."""
    return columns[0].flatten(1).t()


def _fit(matches: Tensor, queries: Tensor, bank: Tensor) -> bool:
    return len(matches) == len(queries) and int(matches.max()) < len(bank)
