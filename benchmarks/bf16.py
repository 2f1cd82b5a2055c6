"""bfloat16 as a processor with instructions for it computes it, on one without them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.nn import functional


@contextmanager
def convolutions_by_float32() -> Iterator[None]:
    """Compute convolutions of bfloat16 in float32, and round what they return.

    Products of two bfloat16 numbers are exact in float32, and float32 is what such instructions
    add up in: the result is that of bfloat16 but for the order of the sums. Without instructions
    torch goes another way, fifty times slower, and rounds the partial sums of a gradient to
    bfloat16 too, which is two and a half times the error. Times mean nothing here.
    """
    direct = functional.conv2d

    def convolve(
        maps: Tensor, filters: Tensor, bias: Tensor | None = None, *args: Any, **options: Any
    ) -> Tensor:
        if not (torch.is_autocast_enabled("cpu") or maps.dtype == torch.bfloat16):
            return direct(maps, filters, bias, *args, **options)
        maps, filters = maps.bfloat16().float(), filters.bfloat16().float()
        bias = None if bias is None else bias.bfloat16().float()
        with torch.autocast("cpu", enabled=False):
            return direct(maps, filters, bias, *args, **options).bfloat16()

    with mock.patch.object(functional, "conv2d", convolve):
        yield
