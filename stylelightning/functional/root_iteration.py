"""Roots by products of matrices alone: what a GPU is fast at, and can record."""

import torch
from torch import Tensor

from stylelightning.functional.roots import Root, Target

_FIRST = (8.28721201814563, -23.595886519098837, 17.300387312530933)
_GROWTH = (4.107059111542203, -2.9478499167379106, 0.5448431082926601)
_LAST = (
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
    (2.300652019954817, -1.6689039845747493, 0.4188073119525673),
    (1.891301407787398, -1.2679958271945868, 0.37680408948524835),
    (1.8750014808534479, -1.2500016453999487, 0.3750001645474248),
    (1.875, -1.25, 0.375),
    (1.875, -1.25, 0.375),
)
POLYNOMIALS = (_FIRST, *[_GROWTH] * 9, *_LAST)
"""Factors a, b, c of a x + b x^3 + c x^5, one after the other: from [1e-8, 1] to 1."""

SHIFT = 4e-15
"""What is added to eigenvalues, as a part of the largest: rounding must not make one negative."""
NOISE = 4
"""Rounding errors of a covariance's norm below which its eigenvalues say nothing."""


def by_iteration(covariance: Tensor, target: Target, epsilon: float, rank: int) -> Root:
    """Return trace and gradient for `squared_bures` by a fixed number of products, in float64.

    Root and inverse root come together, by Newton and Schulz's coupled iteration with the
    polynomials that bring all numbers of [1e-8, 1] to 1 the fastest, in place of one and the same.
    There is nothing to wait for and nothing to decide, so that a GPU can record it. Where epsilon
    is below the covariance's own rounding, that takes its place: what is left of a small eigenvalue
    may be negative.

    Args:
        covariance: Covariance of shape (B, C, C).
        target: The other covariance.
        epsilon: What is added to the eigenvalues of the covariance, at least 0.
        rank: Not used: the products are the same for any.

    Returns:
        Traces of shape (B,) in float64, and gradients of shape (B, C, C), symmetric.

    Source: the coupled iteration, Higham, "Functions of matrices", SIAM 2008, section 6.3; the
    polynomials, Amsel, Persson, Musco and Gower, "The Polar Express", 2025,
    https://arxiv.org/abs/2505.16932, the second of them repeated
    """
    vectors, deviations = target.vectors.double(), target.deviations
    between = vectors.mT @ covariance.double() @ vectors
    noise = NOISE * torch.finfo(covariance.dtype).eps * torch.linalg.matrix_norm(covariance)
    between.diagonal(dim1=1, dim2=2).add_(noise.double().clamp_min(epsilon)[:, None])
    between.mul_(deviations[:, :, None]).mul_(deviations[:, None])
    scale = torch.linalg.matrix_norm(between)[:, None, None].clamp_min(
        torch.finfo(between.dtype).tiny
    )
    unit = torch.eye(between.shape[1], dtype=between.dtype, device=between.device)
    root, inverse = between / scale + SHIFT * unit, unit.expand_as(between)
    for a, b, c in POLYNOMIALS:
        square = inverse @ root
        square = (square + square.mT) / 2  # they commute but for rounding
        factor = a * unit + b * square + c * square @ square
        root, inverse = root @ factor, factor @ inverse
    trace = root.diagonal(dim1=1, dim2=2).sum(1) * scale[:, 0, 0].sqrt()
    half = vectors * deviations[:, None]
    inverse = (inverse + inverse.mT) / (4 * scale.sqrt())
    return trace, (half @ inverse @ half.mT).to(covariance.dtype)
