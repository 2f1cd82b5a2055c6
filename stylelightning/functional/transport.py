"""The mathematics of optimal transport between two sets of numbers."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from stylelightning.functional.roots import Root, Target, squared_bures


def quantile_means(values: Tensor, count: int) -> Tensor:
    r"""Return the means of a sample's quantile function over ``count`` equal parts of [0, 1].

    .. math:: t_i = n \int_{(i-1)/n}^{i/n} Q(u) \, du

    They are the n numbers whose distribution is nearest to the sample's. The function is a
    staircase, so the integral is exact.

    Args:
        values: Samples of shape (P, M), ascending along the last axis.
        count: Number of parts n, at least 1.

    Returns:
        Means of shape (P, n), ascending; the values themselves when n is M.
    """
    size = values.shape[1]
    if size == count:
        return values
    centre = values.double().mean(1, keepdim=True)  # sums of small numbers stay exact
    sums = torch.nn.functional.pad((values.double() - centre).cumsum(1), (1, 0))  # (P, M + 1)
    places = torch.arange(count + 1, device=values.device, dtype=torch.float64) * (size / count)
    lower = places.floor().long().clamp(max=size - 1)  # (n + 1,)
    part = places - lower
    integral = sums[:, lower] * (1 - part) + sums[:, lower + 1] * part
    return (integral.diff(dim=1) * (count / size) + centre).to(values.dtype)


def squared_wasserstein(values: Tensor, target: Tensor) -> Tensor:
    r"""Return the squared Wasserstein-2 distance of samples on a line, exact for any sizes.

    .. math:: W_2^2 = \int_0^1 (Q_x(u) - Q_y(u))^2 du
        = \frac{1}{n} \sum_i (x_{(i)} - t_i)^2 + \frac{1}{m} \sum_j y_j^2 - \frac{1}{n}\sum_i t_i^2

    Args:
        values: Samples of shape (P, N), in any order.
        target: Samples of shape (P, M), ascending along the last axis.

    Returns:
        Distances of shape (P,), at least 0.

    Source: Rabin, Peyré, Delon and Bernot, "Wasserstein barycenter and its application to texture
    mixing", SSVM 2011, section 2; ``quantile_means`` are the t.
    """
    means = quantile_means(target, values.shape[1])
    distance = (values.sort(1).values - means).square().mean(1)
    if means is target:
        return distance
    centre = target.mean(1, keepdim=True)
    lost = (target - centre).square().mean(1) - (means - centre).square().mean(1)
    return distance + lost.clamp_min(0)


def absolute_wasserstein(values: Tensor, target: Tensor) -> Tensor:
    r"""Return the Wasserstein-1 distance of samples on a line, exact for any sizes.

    .. math:: W_1 = \int_0^1 |Q_x(u) - Q_y(u)| du

    Both quantile functions are staircases, so the integral is a sum over the steps of either.

    Args:
        values: Samples of shape (P, N), in any order.
        target: Samples of shape (P, M), ascending along the last axis.

    Returns:
        Distances of shape (P,), at least 0.
    """
    ascending, (size, other) = values.sort(1).values, (values.shape[1], target.shape[1])
    if size == other:
        return (ascending - target).abs().mean(1)
    # in units of 1 / (N M), where all steps end at whole numbers
    ends = [
        torch.arange(n + 1, device=values.device) * m for n, m in ((size, other), (other, size))
    ]
    cuts = torch.unique(torch.cat(ends))
    steps = ascending[:, cuts[:-1] // other] - target[:, cuts[:-1] // size]
    distance: Tensor = steps.abs() @ (cuts.diff().to(values.dtype) / (size * other))
    return distance


def wasserstein(values: Tensor, target: Tensor, exponent: Literal[1, 2]) -> Tensor:
    """Return the Wasserstein distance of samples on a line to the power of its own exponent.

    Args:
        values: Samples of shape (P, N), in any order.
        target: Samples of shape (P, M), ascending along the last axis.
        exponent: 1 for absolute differences, 2 for squares.

    Returns:
        Distances of shape (P,), at least 0.
    """
    if exponent == 1:
        return absolute_wasserstein(values, target)
    return squared_wasserstein(values, target)


def blended_quantiles(samples: Sequence[Tensor], shares: Sequence[float] = ()) -> Tensor:
    """Return the barycentre of samples on a line: the mean of their quantile functions.

    Args:
        samples: One or more samples of shape (P, M), in any order; M may differ.
        shares: Share of each sample, adding up to 1; empty for equal ones.

    Returns:
        Values of shape (P, M), ascending, M being that of the largest sample.
    """
    count = max(sample.shape[1] for sample in samples)
    quantiles = [quantile_means(sample.sort(1).values, count) for sample in samples]
    if len(quantiles) == 1:
        return quantiles[0]
    weights = torch.tensor(shares or [1 / len(samples)] * len(samples)).to(quantiles[0])
    return torch.einsum("s,spm->pm", weights, torch.stack(quantiles))


def squared_gaussian_wasserstein(
    mean: Tensor,
    covariance: Tensor,
    target_mean: Tensor,
    target: Target,
    epsilon: float,
    root: Root,
) -> Tensor:
    r"""Return the squared Wasserstein-2 distance of two Gaussians.

    .. math:: W_2^2 = \lVert \mu - \nu \rVert^2 + \mathrm{tr}\, \Sigma + \mathrm{tr}\, T
        - 2\, \mathrm{tr} (T^{1/2} \Sigma T^{1/2})^{1/2}

    All but the means' part is ``roots.squared_bures``.

    Args:
        mean: Mean of shape (B, C).
        covariance: Covariance of shape (B, C, C), without negative eigenvalues but for rounding.
        target_mean: Mean of shape (B, C) of the other Gaussian, float64.
        target: The other Gaussian's covariance T.
        epsilon: What is added to the eigenvalues of the covariance, at least 0.
        root: The last trace and its gradient, as ``roots.by_eigenvalues`` gives them.

    Returns:
        Distances of shape (B,) in float64, at least 0 but for rounding.

    Source: Olkin and Pukelsheim, "The distance between two random vectors with given dispersion
    matrices", Linear Algebra and its Applications 48, 1982.
    """
    distance: Tensor = (mean.double() - target_mean).square().sum(1)
    return distance + squared_bures(covariance, target, epsilon, root)
