"""Convolutions whose filters stay, with a gradient that is a convolution itself."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class FrozenConvolution:
    r"""What a convolution computes, and its gradient at the maps by a second convolution.

    With :math:`y_o = \sum_i x_i \star w_{oi}` the gradient at :math:`x_i` is
    :math:`\sum_o g_o \star \bar w_{io}`, where :math:`\bar w` is turned by half a turn: the same
    products, to the same values but for rounding. In bfloat16 a CPU is up to a third faster at
    them than at what torch has for gradients, most of all where channels are many and maps small.

    Args:
        convolution: A convolution for which ``can_replace`` is true, with filters that stay.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        self.convolution = convolution
        self._turned: Tensor | None = None

    @staticmethod
    def can_replace(convolution: nn.Conv2d) -> bool:
        """Return whether the gradient is one convolution: stride 1, one group."""
        reach = [
            step * (side - 1)
            for step, side in zip(convolution.dilation, convolution.kernel_size, strict=True)
        ]
        padding = convolution.padding
        return (
            convolution.stride == (1, 1)
            and convolution.groups == 1
            and not isinstance(padding, str)
            and all(more <= most for more, most in zip(padding, reach, strict=True))
        )

    def __call__(self, maps: Tensor) -> Tensor:
        """Return the convolution's maps, (B, O, h, w), of maps (B, C, H, W)."""
        convolution = self.convolution
        if not torch.is_grad_enabled() or not maps.requires_grad:
            return nn.Conv2d.forward(convolution, maps)
        if self._turned is None:  # not before: what is deeper than all losses is never called
            turned = convolution.weight.detach().flip(2, 3).transpose(0, 1)
            self._turned = turned.contiguous(memory_format=torch.channels_last)
        padding = convolution.padding
        if convolution.padding_mode != "zeros":
            sides = convolution._reversed_padding_repeated_twice
            maps, padding = functional.pad(maps, sides, convolution.padding_mode), (0, 0)
        if torch.is_autocast_enabled(maps.device.type):
            maps = maps.to(convolution.weight.dtype)
        answer: Tensor = _Convolve.apply(
            maps, convolution.weight, convolution.bias, self._turned, padding, convolution.dilation
        )
        return answer


class _Convolve(torch.autograd.Function):
    """Torch's own convolution, and its gradient at the maps alone."""

    @staticmethod
    def forward(
        ctx: Any,
        maps: Tensor,
        filters: Tensor,
        bias: Tensor | None,
        turned: Tensor,
        padding: tuple[int, int],
        dilation: tuple[int, int],
    ) -> Tensor:
        ctx.save_for_backward(turned)
        ctx.dilation = dilation
        ctx.padding = [
            step * (side - 1) - more
            for step, side, more in zip(dilation, filters.shape[2:], padding, strict=True)
        ]
        return functional.conv2d(maps, filters, bias, padding=padding, dilation=dilation)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (turned,) = ctx.saved_tensors
        found = functional.conv2d(gradient, turned, padding=ctx.padding, dilation=ctx.dilation)
        return found, None, None, None, None, None
