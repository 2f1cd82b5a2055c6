"""Optimal transport on a line between samples of which some count more than others."""

import torch
from torch import Tensor


def weighted_quantile_means(values: Tensor, weights: Tensor, count: int) -> Tensor:
    r"""Return the means of a weighted sample's quantile function over equal parts of [0, 1].

    ``transport.quantile_means`` with weights: the function is a staircase whose steps are as wide
    as the weights.

    Args:
        values: Samples of shape (P, N), in any order.
        weights: Weight of each sample, (N,), at least 0 and not all 0.
        count: Number of parts n, at least 1.

    Returns:
        Means of shape (P, n), ascending.
    """
    ascending, ends = _staircase(values, weights)
    widths = ends.diff(dim=1, prepend=torch.zeros_like(ends[:, :1]))
    sums = (ascending.double() * widths).cumsum(1)  # the integral up to the end of each step
    cuts = torch.linspace(0, 1, count + 1, dtype=torch.float64, device=values.device)
    cuts = cuts.expand(len(values), -1).contiguous()
    steps = torch.searchsorted(ends, cuts).clamp(max=values.shape[1] - 1)
    beyond = (ends.gather(1, steps) - cuts) * ascending.double().gather(1, steps)
    integral = sums.gather(1, steps) - beyond
    return (integral.diff(dim=1) * count).to(values.dtype)


def weighted_wasserstein(values: Tensor, weights: Tensor, target: Tensor, exponent: int) -> Tensor:
    r"""Return the Wasserstein distance of a weighted sample on a line to a target's.

    .. math:: W_p^p = \int_0^1 |Q_x(u) - Q_y(u)|^p du

    Both quantile functions are staircases, so the integral is a sum over the steps of either.

    Args:
        values: Samples of shape (P, N), in any order.
        weights: Weight of each sample, (N,), at least 0 and not all 0.
        target: Samples of shape (P, M), ascending along the last axis, which count alike.
        exponent: The power p, 1 or 2.

    Returns:
        Distances of shape (P,), at least 0.
    """
    ascending, ends = _staircase(values, weights)
    size = target.shape[1]
    others = torch.arange(1, size + 1, dtype=torch.float64, device=values.device) / size
    cuts = torch.cat([ends, others.expand(len(values), -1)], 1).sort(1).values
    widths = cuts.diff(dim=1, prepend=torch.zeros_like(cuts[:, :1]))
    middles = cuts - widths / 2
    mine = torch.searchsorted(ends, middles).clamp(max=values.shape[1] - 1)
    its = (middles * size).long().clamp(max=size - 1)
    steps = ascending.gather(1, mine) - target.gather(1, its)
    powers = steps.abs() if exponent == 1 else steps.square()
    distance: Tensor = (powers * widths.to(values.dtype)).sum(1)
    return distance


def _staircase(values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return the values in order and where the step of each ends in [0, 1], (P, N) each."""
    ascending, order = values.sort(1)
    widths = weights.double()[order]
    ends = widths.cumsum(1)
    return ascending, ends / ends[:, -1:]
