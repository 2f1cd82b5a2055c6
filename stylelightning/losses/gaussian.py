"""Style terms of the mean and the covariance of features."""

from abc import abstractmethod
from typing import Literal

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.backbones.tiled_maps import map_size
from stylelightning.backbones.windows import Maps
from stylelightning.functional.root_iteration import by_iteration
from stylelightning.functional.root_pairs import Problem, roots_of
from stylelightning.functional.roots import Solver, Target, by_eigenvalues, target_of
from stylelightning.functional.transport import squared_gaussian_wasserstein
from stylelightning.losses.base import STYLE_LAYERS
from stylelightning.losses.matrices import MatrixLoss
from stylelightning.losses.references import References, weights_of
from stylelightning.losses.sums import Count

Moments = dict[str, tuple[Tensor, Tensor]]
"""The mean, (B, C), and the covariance, (B, C, C), of each layer."""
SOLVERS: dict[str, Solver] = {"eigenvalues": by_eigenvalues, "iteration": by_iteration}


class GaussianLoss(MatrixLoss):
    """A loss on the mean and the covariance of features over positions.

    Several style images are blended by the mean of their means and of their second moments.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare; a mapping gives each its own weight.
    """

    needs_style = True
    takes_weights = True

    def __init__(self, weight: float, layers: list[str] | dict[str, float]) -> None:
        super().__init__(weight, layers)
        self._moments_of_style: Moments = {}

    def prepare(self, references: References) -> None:
        """Keep what the style images' means and covariances say as the targets.

        Raises:
            ValueError: If there is no style image.
        """
        blended = self._blend(references, self._moments)
        self._moments_of_style = {name: _split(each.detach()) for name, each in blended.items()}
        styles = [style.features for style in self._styles(references)]
        positions = {name: sum(_positions(each, name) for each in styles) for name in self.layers}
        self.keep(self._moments_of_style, positions)

    def statistics(self, features: Maps) -> Features:
        """Return the sums of products and, as a last column, of values, (B, C, C + 1)."""
        return {name: _sums(features[name], weights_of(features, name)) for name in self.layers}

    def compare(self, statistics: Features, count: dict[str, Count]) -> Tensor:
        """Return the weighted sum of the layers' distances."""
        moments = {name: _split(sums / count[name]) for name, sums in statistics.items()}
        # with weights the rank may be anything
        ranks = {
            name: each if isinstance(each, int) else statistics[name].shape[1]
            for name, each in count.items()
        }
        return self._weighted_sum(self.distances(moments, ranks).__getitem__)

    def drawn(
        self, statistics: Features, count: dict[str, Count]
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """Return the covariances of the style and of the picture."""
        return {
            name: (self._moments_of_style[name][1], _split(sums / count[name])[1])
            for name, sums in statistics.items()
        }

    @abstractmethod
    def keep(self, moments: Moments, positions: dict[str, int]) -> None:
        """Keep the style images' moments, over so many positions, as the targets."""

    @abstractmethod
    def distances(self, moments: Moments, positions: dict[str, int]) -> Features:
        """Return how far each layer's moments, over so many positions, are from the target's."""

    def _moments(self, maps: Maps) -> Features:
        sums, count = self.sums_of(maps)
        return {name: each / count[name] for name, each in sums.items()}


class MeanCovarianceLoss(GaussianLoss):
    r"""Distances between the means and the covariances of features.

    .. math:: L = \sum_l w_l \left( \frac{1}{C_l} \lVert \mu^l - \nu^l \rVert^2
        + \frac{1}{C_l^2} \lVert \Sigma^l - T^l \rVert_F^2 \right)

    A Gram matrix divided by HW is the covariance plus the mean's product with itself; here the two
    are apart. ``exponent: 1`` takes absolute values in place of the squares, as STROTSS does.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare; a mapping gives each its own weight.
        reduction: ``mean`` divides by C and by C * C, ``sum`` does not.
        exponent: Power of the differences, 1 or 2.

    Source: Li, Wang, Liu and Hou, "Demystifying neural style transfer", IJCAI 2017,
    https://arxiv.org/abs/1701.01036, match means and deviations; the whole covariance in place of
    the deviations, and their absolute differences: Kolkin, Salavon and Shakhnarovich, CVPR 2019,
    https://arxiv.org/abs/1904.12785
    """

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = STYLE_LAYERS,
        reduction: Literal["mean", "sum"] = "mean",
        exponent: Literal[1, 2] = 2,
    ) -> None:
        super().__init__(weight, layers)
        self.reduction = reduction
        self.exponent = exponent
        self.targets: Moments = {}

    def keep(self, moments: Moments, positions: dict[str, int]) -> None:
        """Keep both."""
        self.targets = moments

    def distances(self, moments: Moments, positions: dict[str, int]) -> Features:
        """Return the sum of both distances, a scalar for each layer."""
        distance = F.absolute_distance if self.exponent == 1 else F.squared_distance
        found = {}
        for name, pair in moments.items():
            pairs = zip(pair, self.targets[name], strict=True)
            first, second = (distance(value, target, self.reduction) for value, target in pairs)
            found[name] = first + second
        return found


class GaussianWassersteinLoss(GaussianLoss):
    r"""Squared Wasserstein-2 distance of the Gaussians with the features' means and covariances.

    .. math:: L = \sum_l w_l \frac{1}{C_l} \left( \lVert \mu^l - \nu^l \rVert^2
        + \mathrm{tr} \left( \Sigma^l + T^l
        - 2 (\sqrt{T^l} \Sigma^l \sqrt{T^l})^{1/2} \right) \right)

    ``epsilon`` is added to the diagonals of both covariances. The root is exact, in float64, where
    the source takes twelve Newton-Schulz steps in float32, and its gradient is in closed form.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare; a mapping gives each its own weight.
        reduction: ``mean`` divides by C, ``sum`` does not.
        epsilon: What is added to the variances, above 0.
        method: How the root is computed: from ``eigenvalues``, or by an ``iteration`` of products,
            which a GPU can record and does not wait for; null takes that on a GPU, and eigenvalues
            elsewhere.

    Raises:
        ValueError: If ``epsilon`` is not above 0 or ``method`` is another one.

    Source: style-transfer-pytorch, class StyleLossW2, with ``reduction: mean`` and ``epsilon:
    1e-4``; ``transport.squared_gaussian_wasserstein`` says the formula's.
    """

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = STYLE_LAYERS,
        reduction: Literal["mean", "sum"] = "mean",
        epsilon: float = 1e-4,
        method: Literal["eigenvalues", "iteration"] | None = None,
    ) -> None:
        super().__init__(weight, layers)
        self._check("epsilon", epsilon, "be above 0", epsilon > 0)
        if method is not None:
            self._check_choice("method", method, tuple(SOLVERS))
        self.method = method
        self.reduction = reduction
        self.epsilon = epsilon
        self.targets: dict[str, tuple[Tensor, Target]] = {}

    def keep(self, moments: Moments, positions: dict[str, int]) -> None:
        """Keep the means in float64 and the covariances by their eigenvectors."""
        self.targets = {
            name: (mean.double(), target_of(covariance, self.epsilon, positions[name]))
            for name, (mean, covariance) in moments.items()
        }

    def distances(self, moments: Moments, positions: dict[str, int]) -> Features:
        """Return the squared distance of the two Gaussians, a scalar for each layer."""
        problems = [
            Problem(covariance.detach(), self.targets[name][1], positions[name])
            for name, (_, covariance) in moments.items()
        ]
        on_gpu = problems[0].covariance.is_cuda
        solver = SOLVERS[self.method or ("iteration" if on_gpu else "eigenvalues")]
        found = {}
        for root, (name, (mean, covariance)) in zip(
            roots_of(problems, self.epsilon, solver), moments.items(), strict=True
        ):
            squared = squared_gaussian_wasserstein(
                mean, covariance, *self.targets[name], self.epsilon, root
            )
            divisor = mean.shape[1] if self.reduction == "mean" else 1
            found[name] = (squared.sum() / divisor).clamp_min(0).to(mean.dtype)
        return found


def _sums(maps: Tensor, weights: Tensor | None) -> Tensor:
    """Return sums over positions: of products of two channels, then of each channel."""
    if weights is None:
        products, sums = F.moment_sums(maps)
    else:
        weights = weights.to(maps.dtype)
        products = F.gram_matrix(maps * weights.sqrt(), "none")
        sums = (maps * weights).sum((2, 3))
    return torch.cat([products, sums[..., None]], 2)


def _positions(maps: Maps, name: str) -> int:
    """Return the number of positions of a layer, weighted or not."""
    height, width = map_size(maps, name)
    return height * width


def _split(moments: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and the covariance of second and first moments, (B, C, C + 1)."""
    mean = moments[..., -1]
    return mean, torch.baddbmm(moments[..., :-1], mean[..., None], mean[..., None, :], alpha=-1)
