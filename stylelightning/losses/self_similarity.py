"""The content term of self-similarity."""

from collections.abc import Sequence

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.hypercolumns import cosine_distances
from stylelightning.losses.hypercolumn import HYPERCOLUMN_LAYERS, HypercolumnLoss


class SelfSimilarityLoss(HypercolumnLoss):
    r"""How differently the places of the picture relate to each other than those of the content.

    .. math:: L = \frac{1}{N} \sum_{ij} \Big| \frac{D^F_{ij}}{\sum_i D^F_{ij}}
        - \frac{D^P_{ij}}{\sum_i D^P_{ij}} \Big|

    with cosine distances D between the hypercolumns at N places, the same ones in both pictures.
    Only relations count: the features themselves, such as colours and strokes, are free.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to read, a list; all count as one vector.
        samples: Most places that are looked at, drawn from the seed; all positions of the finest
            layer when it has no more. Memory grows with the square of it.
        renew_every_n_steps: Steps after which other places are drawn; null keeps the first ones.
            New places make another function of each step, which L-BFGS can't follow.
        seed: Seed of the places.

    Raises:
        ValueError: If a number is out of its range, or the layers have weights.

    Source: Kolkin, Salavon and Shakhnarovich, CVPR 2019,
    https://arxiv.org/abs/1904.12785; the factor is that of STROTSS, function ``dp_loss``.
    """

    needs_content = True

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] = HYPERCOLUMN_LAYERS,
        samples: int = 1024,
        renew_every_n_steps: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(weight, layers, samples, renew_every_n_steps, seed)

    def prepare(self, content: Features | None, styles: Sequence[Features]) -> None:
        """Keep the content image's features; the next evaluation looks at some of their places.

        Raises:
            ValueError: If there is no content image.
        """
        super().prepare(content, styles)
        if content is None:
            raise ValueError("SelfSimilarityLoss needs the features of a content image, got None.")
        self._content = {name: content[name].detach() for name in self.layers}

    def renew(self, features: Features, generator: torch.Generator) -> None:
        """Draw the places and look at the content image there."""
        self._present = self._places(features, self.samples, generator)
        self.target = _relations(self._columns(self._content, self._present))

    def evaluate(self, features: Features) -> Tensor:
        """Return the sum of absolute differences, divided by the number of places."""
        relations = _relations(self._columns(features, self._present))
        return F.absolute_distance(relations, self.target, "sum") / len(relations)


def _relations(columns: Tensor) -> Tensor:
    """Return the distances between columns, each divided by the sum of its column."""
    distances = cosine_distances(columns, columns)
    sums = distances.sum(0)
    return distances / sums.clamp_min(torch.finfo(sums.dtype).eps)  # 0 where all is the same
