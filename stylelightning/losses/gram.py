"""The style term of Gatys et al."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.losses.base import STYLE_LAYERS, StatisticalLoss


class GramLoss(StatisticalLoss):
    r"""Squared distance between the Gram matrices of the picture and of the style image.

    .. math:: L = \sum_l w_l \frac{1}{C_l^2} \sum_{ij} (G^l_{ij} - A^l_{ij})^2, \quad
        G^l_{ij} = \frac{1}{Z} \sum_k F^l_{ik} F^l_{jk}

    The normalisation Z is 1, HW, CHW or 2 CHW. A style weight means nothing without it. Gatys et
    al. have :math:`\frac{1}{4 C^2 (HW)^2} \sum (G - A)^2` of unnormalised matrices, which is
    ``normalization: gatys`` and ``reduction: sum`` when both pictures have the same size. Several
    style images are blended by the mean of their matrices.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare; a mapping gives each its own weight.
        normalization: What a matrix is divided by: ``none`` nothing, ``hw`` the number of
            positions, ``chw`` the number of positions times channels, ``gatys`` twice that.
        reduction: ``mean`` divides the sum of squares by C * C, ``sum`` does not.
        normalize_gradients: Whether the gradient at each layer is divided by its own L1 norm, so
            that a layer pulls as hard as its weight says, whatever its distance.

    Source: Gatys, Ecker and Bethge, CVPR 2016, section 2.2,
    https://doi.org/10.1109/CVPR.2016.265; ``chw`` and ``mean`` are those of neural_style.lua,
    lines 500 and 544. ``functional.normalized_gradient`` says where dividing gradients comes from.
    """

    needs_style = True

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = STYLE_LAYERS,
        normalization: F.GramNormalization = "chw",
        reduction: Literal["mean", "sum"] = "mean",
        normalize_gradients: bool = False,
    ) -> None:
        super().__init__(weight, layers)
        self.normalization = normalization
        self.reduction = reduction
        self.normalize_gradients = normalize_gradients
        self.targets: Features = {}
        self.current: Features = {}

    def prepare(self, content: Features | None, styles: Sequence[Features]) -> None:
        """Keep the mean of the style images' Gram matrices as the targets."""
        self._check_styles(styles)
        self.targets = {
            name: self._blend(
                [F.gram_matrix(style[name], self.normalization) for style in styles]
            ).detach()
            for name in self.layers
        }

    def forward(self, features: Features) -> Tensor:
        """Return the unweighted term; its gradient may be normalised, which tiles can't be."""
        if not self.normalize_gradients:
            return super().forward(features)
        count = self.count(features)

        def distance(name: str, values: Tensor) -> Tensor:
            return self._distance(name, F.gram_matrix(values, "none"), count[name])

        return self._weighted_sum(
            lambda name: F.normalized_gradient(partial(distance, name), features[name])
        )

    def statistics(self, features: Features) -> Features:
        """Return the undivided Gram matrix of each layer, (B, C, C)."""
        return {name: F.gram_matrix(features[name], "none") for name in self.layers}

    def compare(self, statistics: Features, count: dict[str, int]) -> Tensor:
        """Return the weighted sum of the layers' squared distances, and keep the matrices.

        The matrices stay in ``current`` until the next call, for whoever wants to look at them.
        """
        return self._weighted_sum(lambda name: self._distance(name, statistics[name], count[name]))

    def _distance(self, name: str, sums: Tensor, count: int) -> Tensor:
        matrix = self._matrix(sums, count)
        self.current[name] = matrix.detach()
        return F.squared_distance(matrix, self.targets[name], self.reduction)

    def _matrix(self, sums: Tensor, count: int) -> Tensor:
        return sums / F.gram_divisor(sums.shape[1], count, self.normalization)
