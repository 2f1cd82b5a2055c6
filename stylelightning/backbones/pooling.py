"""Ways to shrink a map."""

from typing import Literal

import torch
from torch import Tensor, nn

Pooling = Literal["max", "avg", "l2"]
"""Kinds of pooling: the largest value, the mean, the root of the mean of the squares."""

Size = int | tuple[int, int]


class RootMeanSquarePool2d(nn.Module):
    """Replace each window of a map by the root of the mean of its squares.

    Args:
        kernel_size: Sides of a window in positions.
        stride: Distance of two windows in positions; null for windows side by side.
        padding: Number of positions added on each side, which count as absent.
        ceil_mode: Whether windows that begin inside the map and end outside count too.
    """

    def __init__(
        self,
        kernel_size: Size = 2,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.mean = _mean_pool(kernel_size, stride, padding, ceil_mode)

    def forward(self, x: Tensor) -> Tensor:
        """Return the pooled map; the gradient is 0 where all values of a window are 0.

        Args:
            x: Map of shape (B, C, H, W).

        Returns:
            Map of shape (B, C, h, w), one position for each window, and of the same type.
        """
        # float16 squares overflow above 255, hence at least float32
        squares = x.to(torch.promote_types(x.dtype, torch.float32)).square()
        mean: Tensor = self.mean(squares)
        # the root's slope is infinite at 0; below the clamp there is none
        return mean.clamp_min(torch.finfo(mean.dtype).tiny).sqrt().to(x.dtype)


def pool2d(
    pooling: Pooling,
    kernel_size: Size = 2,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
) -> nn.Module:
    """Return the module that pools a map; positions that padding adds are never counted.

    Args:
        pooling: Kind of pooling.
        kernel_size: Sides of a window in positions.
        stride: Distance of two windows in positions; null for windows side by side.
        padding: Number of positions added on each side.
        ceil_mode: Whether windows that begin inside the map and end outside count too.
    """
    if pooling == "max":
        return nn.MaxPool2d(kernel_size, stride, padding, ceil_mode=ceil_mode)
    if pooling == "avg":
        return _mean_pool(kernel_size, stride, padding, ceil_mode)
    return RootMeanSquarePool2d(kernel_size, stride, padding, ceil_mode)


def _mean_pool(
    kernel_size: Size, stride: Size | None, padding: Size, ceil_mode: bool
) -> nn.AvgPool2d:
    return nn.AvgPool2d(kernel_size, stride, padding, ceil_mode, count_include_pad=False)
