"""The mean over windows of 2 x 2 positions, with a gradient that all cores compute."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def halves(pool: nn.Module) -> bool:
    """Return whether a module is the mean over windows of 2 x 2, side by side, none beyond a map.

    Args:
        pool: Any module.
    """
    return (
        isinstance(pool, nn.AvgPool2d)
        and pool.kernel_size in (2, (2, 2))
        and pool.stride in (2, (2, 2))
        and pool.padding in (0, (0, 0))
        and not pool.ceil_mode
        and pool.divisor_override is None
    )


def halved(maps: Tensor) -> Tensor:
    """Return the means over windows of 2 x 2; a last odd row or column is left out.

    The gradient is a quarter of what comes, four times, to the last bit that of torch's own pool,
    which computes that of a channels-last map on one core.

    Args:
        maps: Feature map of shape (B, C, H, W).

    Returns:
        Map of shape (B, C, H // 2, W // 2).
    """
    means: Tensor = _Halved.apply(maps)
    return means


class _Halved(torch.autograd.Function):
    """Torch's own forward pass, and its gradient by enlarging."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor) -> Tensor:
        ctx.odd = (0, maps.shape[3] % 2, 0, maps.shape[2] % 2)
        return functional.avg_pool2d(maps, 2)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        found = functional.interpolate(gradient * 0.25, scale_factor=2.0, mode="nearest")
        return functional.pad(found, ctx.odd) if any(ctx.odd) else found
