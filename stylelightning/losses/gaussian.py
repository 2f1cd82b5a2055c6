"""Style terms of the mean and the covariance of features."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.losses.base import STYLE_LAYERS, StatisticalLoss
from stylelightning.transport import squared_gaussian_wasserstein, symmetric_root


class GaussianLoss(StatisticalLoss):
    """A loss on the mean and the covariance of features over positions.

    Several style images are blended by the mean of their means and of their second moments.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare; a mapping gives each its own weight.
    """

    needs_style = True

    def __init__(self, weight: float, layers: list[str] | dict[str, float]) -> None:
        super().__init__(weight, layers)
        self.means: Features = {}
        self.covariances: Features = {}

    def prepare(self, content: Features | None, styles: Sequence[Features]) -> None:
        """Keep the style images' means and covariances as the targets.

        Raises:
            ValueError: If there is no style image.
        """
        self._check_styles(styles)
        for name in self.layers:
            moments = [self.statistics(style)[name] / self.count(style)[name] for style in styles]
            self.means[name], self.covariances[name] = _split(self._blend(moments).detach())

    def statistics(self, features: Features) -> Features:
        """Return the sums of products and, as a last column, of values, (B, C, C + 1)."""
        return {
            name: torch.cat(
                [
                    F.gram_matrix(features[name], "none"),
                    features[name].flatten(2).sum(2)[..., None],
                ],
                2,
            )
            for name in self.layers
        }

    def compare(self, statistics: Features, count: dict[str, int]) -> Tensor:
        """Return the weighted sum of the layers' distances."""
        terms = []
        for name, weight in self.layer_weights.items():
            mean, covariance = _split(statistics[name] / count[name])
            terms.append(weight * self.distance(name, mean, covariance))
        return sum(terms[1:], terms[0])

    @abstractmethod
    def distance(self, name: str, mean: Tensor, covariance: Tensor) -> Tensor:
        """Return how far a layer's mean, (B, C), and covariance, (B, C, C), are from the target."""


class MeanCovarianceLoss(GaussianLoss):
    r"""Squared distances between the means and the covariances of features.

    .. math:: L = \sum_l w_l \Big( \frac{1}{C_l} \lVert \mu^l - \nu^l \rVert^2
        + \frac{1}{C_l^2} \lVert \Sigma^l - T^l \rVert_F^2 \Big)

    A Gram matrix divided by HW is the covariance plus the mean's product with itself; here the two
    are apart.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare; a mapping gives each its own weight.
        reduction: ``mean`` divides by C and by C * C, ``sum`` does not.

    Source: Li, Wang, Liu and Hou, "Demystifying neural style transfer", IJCAI 2017,
    https://arxiv.org/abs/1701.01036, match means and deviations; the whole covariance in place of
    the deviations is this project's.
    """

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = STYLE_LAYERS,
        reduction: Literal["mean", "sum"] = "mean",
    ) -> None:
        super().__init__(weight, layers)
        self.reduction = reduction

    def distance(self, name: str, mean: Tensor, covariance: Tensor) -> Tensor:
        """Return the sum of both squared distances, a scalar."""
        means = F.squared_distance(mean, self.means[name], self.reduction)
        return means + F.squared_distance(covariance, self.covariances[name], self.reduction)


class GaussianWassersteinLoss(GaussianLoss):
    r"""Squared Wasserstein-2 distance of the Gaussians with the features' means and covariances.

    .. math:: L = \sum_l w_l \frac{1}{C_l} \Big( \lVert \mu^l - \nu^l \rVert^2
        + \mathrm{tr} \big( \Sigma^l + T^l - 2 (\sqrt{T^l} \Sigma^l \sqrt{T^l})^{1/2} \big) \Big)

    ``epsilon`` is added to the diagonals of both covariances. The root is that of eigenvalues,
    exact and in float64, in place of the source's twelve Newton-Schulz steps.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare; a mapping gives each its own weight.
        reduction: ``mean`` divides by C, ``sum`` does not.
        epsilon: What is added to the variances, above 0.

    Raises:
        ValueError: If ``epsilon`` is not above 0.

    Source: style-transfer-pytorch, class StyleLossW2, with ``reduction: mean`` and ``epsilon:
    1e-4``; ``transport.squared_gaussian_wasserstein`` says the formula's.
    """

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = STYLE_LAYERS,
        reduction: Literal["mean", "sum"] = "mean",
        epsilon: float = 1e-4,
    ) -> None:
        super().__init__(weight, layers)
        if not epsilon > 0:
            raise ValueError(
                f"`epsilon` of GaussianWassersteinLoss must be above 0, got {epsilon}."
            )
        self.reduction = reduction
        self.epsilon = epsilon
        self.roots: Features = {}

    def prepare(self, content: Features | None, styles: Sequence[Features]) -> None:
        """Keep the style images' means and the roots of their covariances as the targets."""
        super().prepare(content, styles)
        self.roots = {
            name: symmetric_root(self._regular(covariance))
            for name, covariance in self.covariances.items()
        }

    def distance(self, name: str, mean: Tensor, covariance: Tensor) -> Tensor:
        """Return the squared distance of the two Gaussians, a scalar."""
        squared = squared_gaussian_wasserstein(
            mean.double(), self._regular(covariance), self.means[name].double(), self.roots[name]
        )
        divisor = mean.shape[1] if self.reduction == "mean" else 1
        return (squared.sum() / divisor).clamp_min(0).to(mean.dtype)

    def _regular(self, covariance: Tensor) -> Tensor:
        unit = torch.eye(covariance.shape[1], dtype=torch.float64, device=covariance.device)
        return covariance.double() + self.epsilon * unit


def _split(moments: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and the covariance of second and first moments, (B, C, C + 1)."""
    mean = moments[..., -1]
    return mean, moments[..., :-1] - mean[..., None] * mean[..., None, :]
