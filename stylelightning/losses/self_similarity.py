"""The content term of self-similarity."""

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.windows import Maps
from stylelightning.functional.hypercolumns import cosine_distances
from stylelightning.losses.hypercolumn import HypercolumnLoss
from stylelightning.losses.references import References


class SelfSimilarityLoss(HypercolumnLoss):
    r"""How differently the places of the picture relate to each other than those of the content.

    .. math:: L = \frac{1}{N} \sum_{ij} \left| \frac{D^F_{ij}}{\sum_i D^F_{ij}}
        - \frac{D^P_{ij}}{\sum_i D^P_{ij}} \right|

    with cosine distances D between the hypercolumns at N places, the same ones in both pictures.
    Only relations count: the features themselves, such as colours and strokes, are free.

    Source: Kolkin, Salavon and Shakhnarovich, CVPR 2019,
    https://arxiv.org/abs/1904.12785; the factor is that of STROTSS, function ``dp_loss``.
    """

    needs_content = True

    def keep(self, references: References) -> None:
        """Keep the content image's features; the next step looks at some of their places.

        Raises:
            ValueError: If there is no content image.
        """
        self._kept = self._content_maps(references)

    def renew(self, features: Maps, renewal: int) -> None:
        """Draw the places and look at the content image there."""
        self._present = self._places(features, self.samples, self.generator(renewal))
        self.target = _relations(self._columns_of(self._kept, self._present))

    def distance(self, columns: Tensor) -> Tensor:
        """Return the sum of absolute differences, divided by the number of places."""
        relations = _relations(columns)
        return F.absolute_distance(relations, self.target, "sum") / len(relations)


def _relations(columns: Tensor) -> Tensor:
    """Return the distances between columns, each divided by the sum of its column."""
    distances = cosine_distances(columns, columns)
    sums = distances.sum(0)
    return distances / sums.clamp_min(torch.finfo(sums.dtype).eps)  # 0 where all is the same
