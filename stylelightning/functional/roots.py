"""Roots of covariances: what the Wasserstein distance of two Gaussians is made of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

WORTH_REDUCING = 0.75
"""Part of the channels that the two ranks may add up to for a smaller problem to be faster."""
SPARE = 8
"""Directions more than the rank with which a range is sought."""


class Target(NamedTuple):
    """A fixed covariance T by its eigenvectors and the roots of its eigenvalues.

    Args:
        vectors: Eigenvectors as columns, (B, C, C), in the dtype of the covariances to come.
        deviations: Roots of the eigenvalues, ascending, (B, C), float64.
        rank: Largest number of eigenvalues above epsilon.
        probe: Noise in the span of the other eigenvectors, with which ranges are sought,
            (B, C, C - rank).
    """

    vectors: Tensor
    deviations: Tensor
    rank: int
    probe: Tensor


def target_of(covariance: Tensor, epsilon: float = 0.0, rank: int | None = None) -> Target:
    """Return what is kept of a fixed covariance.

    Args:
        covariance: Symmetric matrices without negative eigenvalues but for rounding, (B, C, C).
        epsilon: What is added to the eigenvalues, at least 0.
        rank: Largest number of eigenvalues that are not 0 before, such as the number of samples
            that the covariance is computed from; None for all.
    """
    values, vectors = torch.linalg.eigh(covariance.double())
    channels = values.shape[1]
    low = 0 if rank is None else max(0, channels - rank)
    values = values.clamp_min(0)
    values[:, :low] = 0
    noise = torch.randn(low, low, generator=torch.Generator().manual_seed(0))
    vectors = vectors.to(covariance.dtype)
    probe = vectors[:, :, :low] @ noise.to(vectors)
    return Target(vectors, (values + epsilon).sqrt(), channels - low, probe)


Root = tuple[Tensor, Tensor]
"""The trace of the root in ``squared_bures``, (B,) in float64, and its gradient, (B, C, C)."""
Solver = Callable[[Tensor, Target, float, int], Root]
"""Gives both from a covariance, the fixed one, epsilon and the covariance's largest rank."""


def squared_bures(covariance: Tensor, target: Target, epsilon: float, root: Root) -> Tensor:
    r"""Return the squared Bures distance of two covariances.

    .. math:: d^2 = \mathrm{tr}\, \Sigma + \mathrm{tr}\, T
        - 2\, \mathrm{tr} (T^{1/2} \Sigma T^{1/2})^{1/2}, \quad
        \frac{\partial d^2}{\partial \Sigma}
        = I - T^{1/2} (T^{1/2} \Sigma T^{1/2})^{-1/2} T^{1/2}

    The gradient is in closed form, and comes with the value; it has none of its own.

    Args:
        covariance: Covariance of shape (B, C, C), without negative eigenvalues but for rounding.
        target: The other covariance T, epsilon included.
        epsilon: What is added to the covariance's eigenvalues, at least 0.
        root: What a solver gives for these.

    Returns:
        Distances of shape (B,) in float64, at least 0 but for rounding.

    Source: Bhatia, Jain and Lim, "On the Bures-Wasserstein distance between positive definite
    matrices", Expositiones Mathematicae 37, 2019, https://arxiv.org/abs/1712.01504
    """
    distance: Tensor = _SquaredBures.apply(covariance, target, epsilon, *root)
    return distance


def by_eigenvalues(covariance: Tensor, target: Target, epsilon: float, rank: int) -> Root:
    r"""Return trace and gradient by an eigendecomposition in float64.

    Products are in the covariance's own dtype. Among the eigenvectors of T only the scaling by its
    eigenvalues is in float64: a rounding of the products is then one of the covariance, which has
    some already, and not one of :math:`T^{1/2} \Sigma T^{1/2}`, where it would swamp the small
    eigenvalues. Rounding may take these below what epsilon makes the least possible,
    :math:`\epsilon \, v^T T v` for the eigenvector v; they are set to that.

    Where both ranks together are well below C, as at a small picture's deep layers, only the span
    of both ranges is decomposed; outside of it both covariances are epsilon.

    Args:
        covariance: Covariance of shape (B, C, C).
        target: The other covariance.
        epsilon: What is added to the eigenvalues of the covariance, at least 0.
        rank: Largest rank of the covariance.

    Returns:
        Traces of shape (B,) in float64, and gradients of shape (B, C, C), symmetric.
    """
    channels = covariance.shape[1]
    with exact_products():
        if epsilon == 0 or target.rank + rank + SPARE > WORTH_REDUCING * channels:
            rotated = target.vectors.mT @ covariance @ target.vectors
            trace, factor = _decompose(rotated, target.deviations, epsilon)
            half = target.vectors @ factor
            return trace, half @ half.mT
        low = channels - target.rank
        outside, inside = target.vectors[:, :, :low], target.vectors[:, :, low:]
        sketch = outside.mT @ (covariance @ target.probe[:, :, : rank + SPARE])
        basis = torch.linalg.qr(sketch).Q  # of the covariance's range outside of T's, (B, low, q)
        span = torch.cat([outside @ basis, inside], 2)  # (B, C, q + rank of T)
        left = low - basis.shape[2]
        reduced = span.mT @ covariance @ span
        trace, factor = _decompose(reduced, target.deviations[:, left:], epsilon)
        least = target.deviations[:, 0]  # (B,)
        trace += left * epsilon**0.5 * least
        ratio = (0.5 * epsilon**-0.5 * least).to(span.dtype)[:, None, None]
        half = span @ factor
        gradient = half @ half.mT - ratio * span @ span.mT
        gradient.diagonal(dim1=1, dim2=2).add_(ratio[:, 0])
        return trace, gradient


def _decompose(rotated: Tensor, deviations: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """Return trace and gradient among the eigenvectors of T, or in a part of them.

    Args:
        rotated: The covariance among them, (B, n, n).
        deviations: Roots of T's eigenvalues, (B, n), float64.
        epsilon: What is added to the eigenvalues of the covariance.

    Returns:
        Traces of shape (B,) in float64; factors of the gradients, which they are when multiplied by
        their own transpose, (B, n, n), in the dtype of ``rotated``.
    """
    between = rotated.double()
    between.diagonal(dim1=1, dim2=2).add_(epsilon)
    between.mul_(deviations[:, :, None]).mul_(deviations[:, None])
    values, vectors = torch.linalg.eigh(between)
    vectors.mul_(deviations[:, :, None])
    least = epsilon * vectors.square().sum(1)  # (B, n)
    roots = torch.maximum(values, least).sqrt()
    inverse = torch.where(roots > 0, roots.rsqrt(), 0) * 0.5**0.5
    return roots.sum(1), vectors.mul_(inverse[:, None]).to(rotated.dtype)


@contextmanager
def exact_products() -> Iterator[None]:
    """Keep TF32 and bfloat16 away from products in float32."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


class _SquaredBures(torch.autograd.Function):
    """The distance, with the gradient that comes with its root."""

    @staticmethod
    def forward(
        ctx: Any,
        covariance: Tensor,
        target: Target,
        epsilon: float,
        trace: Tensor,
        gradient: Tensor,
    ) -> Tensor:
        ctx.save_for_backward(gradient)
        variances = covariance.diagonal(dim1=1, dim2=2).double() + epsilon
        return (variances + target.deviations.square()).sum(1) - 2 * trace

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "The distance of Gaussians has no second derivative: its gradient must not be "
                "taken with create_graph=True."
            )
        (of_trace,) = ctx.saved_tensors
        scale = gradient[:, None].to(of_trace.dtype)  # (B, 1)
        found = of_trace * (-2 * scale[..., None])
        found.diagonal(dim1=1, dim2=2).add_(scale)
        return found, None, None, None, None
