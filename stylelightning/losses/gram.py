"""The style term of Gatys et al."""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.losses.base import STYLE_LAYERS, StatisticalLoss


class GramLoss(StatisticalLoss):
    r"""Squared distance between the Gram matrices of the picture and of the style image.

    .. math:: L = \sum_l w_l \frac{1}{C_l^2} \sum_{ij} (G^l_{ij} - A^l_{ij})^2, \quad
        G^l_{ij} = \frac{1}{Z} \sum_k F^l_{ik} F^l_{jk}

    The normalisation Z is 1, HW or CHW. A style weight means nothing without it. Gatys et al.
    have :math:`\frac{1}{4 C^2 (HW)^2} \sum (G - A)^2` of unnormalised matrices, which is
    ``normalization: chw`` and ``reduction: sum`` at a quarter of the weight when both
    pictures have the same size. Several style images are blended by the mean of their matrices.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare; a mapping gives each its own weight.
        normalization: What a matrix is divided by: ``none`` nothing, ``hw`` the number of
            positions, ``chw`` the number of positions times channels.
        reduction: ``mean`` divides the sum of squares by C * C, ``sum`` does not.

    Source: Gatys, Ecker and Bethge, CVPR 2016, section 2.2,
    https://doi.org/10.1109/CVPR.2016.265; ``chw`` and ``mean`` are those of neural_style.lua,
    lines 500 and 544.
    """

    needs_style = True

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = STYLE_LAYERS,
        normalization: Literal["none", "hw", "chw"] = "chw",
        reduction: Literal["mean", "sum"] = "mean",
    ) -> None:
        super().__init__(weight, layers)
        self.normalization = normalization
        self.reduction = reduction
        self.targets: Features = {}
        self.current: Features = {}

    def prepare(self, content: Features | None, styles: Sequence[Features]) -> None:
        """Keep the mean of the style images' Gram matrices as the targets."""
        self._check_styles(styles)
        matrices = [self._matrices(self.statistics(style), self.count(style)) for style in styles]
        self.targets = {
            name: self._blend([each[name] for each in matrices]).detach() for name in self.layers
        }

    def statistics(self, features: Features) -> Features:
        """Return the undivided Gram matrix of each layer, (B, C, C)."""
        return {name: F.gram_matrix(features[name], "none") for name in self.layers}

    def compare(self, statistics: Features, count: dict[str, int]) -> Tensor:
        """Return the weighted sum of the layers' squared distances, and keep the matrices.

        The matrices stay in ``current`` until the next call, for whoever wants to look at them.
        """
        matrices = self._matrices(statistics, count)
        self.current = {name: matrix.detach() for name, matrix in matrices.items()}
        distances = [
            weight * F.squared_distance(matrices[name], self.targets[name], self.reduction)
            for name, weight in self.layer_weights.items()
        ]
        return sum(distances[1:], distances[0])

    def _matrices(self, statistics: Features, count: dict[str, int]) -> Features:
        return {
            name: sums / F.gram_divisor(sums.shape[1], count[name], self.normalization)
            for name, sums in statistics.items()
        }
