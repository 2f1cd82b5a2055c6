"""Sums over the rows of a picture, in memory that does not grow with it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

VALUES = 2**22
"""Most values of a strip; a picture with no more is looked at at once."""


@dataclass(frozen=True)
class Strip:
    """Some rows of a picture, and the next one.

    Args:
        image: The rows and, unless they are the last, the row after them, (B, C, h, W).
        rows: How many of them are the strip's own.
        is_first: Whether it begins with the picture's first row.
        is_last: Whether it ends with the picture's last row.
    """

    image: Tensor
    rows: int
    is_first: bool = True
    is_last: bool = True


SumOfStrip = Callable[[Strip], Tensor]
"""Gives what a strip adds to a sum, a scalar."""


def sum_of_strips(image: Tensor, sum_of_strip: SumOfStrip) -> Tensor:
    """Return a sum over a picture, strip by strip if it is large.

    What is computed on the way, and for the gradient, is then a strip's and not the picture's. The
    gradient has none of its own.

    Args:
        image: Picture or feature map of shape (B, C, H, W).
        sum_of_strip: Gives what a strip adds.

    Returns:
        A scalar.
    """
    if image.numel() <= VALUES:
        return sum_of_strip(Strip(image, image.shape[2]))
    total: Tensor = _SumOfStrips.apply(image, sum_of_strip)
    return total


class _SumOfStrips(torch.autograd.Function):
    """The sum, whose strips are computed again for the gradient."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, sum_of_strip: SumOfStrip) -> Tensor:
        ctx.save_for_backward(image)
        ctx.sum_of_strip = sum_of_strip
        sums = [sum_of_strip(_strip(image, first)) for first in _firsts(image)]
        return torch.stack(sums).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:
        (image,) = ctx.saved_tensors
        gradient = torch.zeros_like(image)
        for first in _firsts(image):
            strip = _strip(image.detach(), first)
            leaf = strip.image.requires_grad_()
            with torch.enable_grad():
                part = ctx.sum_of_strip(strip)
            (back,) = torch.autograd.grad(part, leaf, upstream)
            gradient[..., first : first + leaf.shape[2], :] += back
        return gradient, None


def _rows(image: Tensor) -> int:
    return max(1, VALUES * image.shape[2] // image.numel())


def _firsts(image: Tensor) -> range:
    return range(0, image.shape[2], _rows(image))


def _strip(image: Tensor, first: int) -> Strip:
    end, height = first + _rows(image), image.shape[2]
    rows = image[..., first : end + 1, :]  # a view; the row after the last does not exist
    return Strip(rows, min(end, height) - first, first == 0, end >= height)
