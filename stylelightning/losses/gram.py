"""The style term of Gatys et al."""

from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.backbones.windows import Maps
from stylelightning.losses.base import STYLE_LAYERS
from stylelightning.losses.matrices import MatrixLoss
from stylelightning.losses.references import References, weights_of
from stylelightning.losses.sums import Count


class GramLoss(MatrixLoss):
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
    lines 500 and 544. ``functional.with_normalized_gradients`` says where dividing gradients comes
    from.
    """

    needs_style = True
    takes_weights = True

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = STYLE_LAYERS,
        normalization: F.GramNormalization = "chw",
        reduction: F.Reduction = "mean",
        normalize_gradients: bool = False,
    ) -> None:
        super().__init__(weight, layers)
        self.normalization = normalization
        self.reduction = reduction
        self.normalize_gradients = normalize_gradients
        self.takes_bfloat16 = not normalize_gradients  # a norm of small numbers
        self.targets: Features = {}

    def prepare(self, references: References) -> None:
        """Keep the mean of the style images' Gram matrices as the targets."""
        matrices = self._blend(references, lambda maps: self.matrices(*self.sums_of(maps)))
        self.targets = {name: each.detach() for name, each in matrices.items()}

    def statistics(self, features: Maps) -> Features:
        """Return the undivided Gram matrix of each layer, (B, C, C)."""
        return {name: _sums(features, name) for name in self.layers}

    def compare(self, statistics: Features, count: dict[str, Count]) -> Tensor:
        """Return the weighted sum of the layers' squared distances."""
        matrices = self.matrices(statistics, count)
        return self._weighted_sum(
            lambda name: F.squared_distance(matrices[name], self.targets[name], self.reduction)
        )

    def matrices(self, statistics: Features, count: dict[str, Count]) -> Features:
        """Return the Gram matrix of each layer, divided as the targets are, (B, C, C)."""
        return {
            name: sums / F.gram_divisor(sums.shape[1], count[name], self.normalization)
            for name, sums in statistics.items()
        }

    def drawn(
        self, statistics: Features, count: dict[str, Count]
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """Return the Gram matrices of the style and of the picture, divided alike."""
        matrices = self.matrices(statistics, count)
        return {name: (self.targets[name], current) for name, current in matrices.items()}


def _sums(features: Maps, name: str) -> Tensor:
    """Return the sum over positions of the products of two channels, each times its weight."""
    maps, weights = features[name], weights_of(features, name)
    if weights is not None:
        maps = maps * weights.sqrt().to(maps.dtype)
    return F.gram_matrix(maps, "none")
