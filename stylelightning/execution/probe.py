"""What is faster on this processor: measured once, for a fraction of a second, and kept."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from functools import cache
from time import perf_counter

import torch
from torch import Tensor, nn

from stylelightning.execution.kept import kept
from stylelightning.execution.winograd import WinogradConvolution

CHANNELS, SIDE = 256, 48
"""The convolution that is measured: in size and cost one of the middle of a VGG at 192 px."""
ROUNDS = 7

Way = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Pace:
    """How long a convolution with its gradient takes, as parts of a direct one in float32.

    Args:
        winograd: By Winograd's algorithm.
        bfloat16: In bfloat16.
    """

    winograd: float
    bfloat16: float


@cache
def pace() -> Pace:
    """Return this machine's pace with torch's present number of threads."""
    key, names = f"{torch.get_num_threads()} threads", {each.name for each in fields(Pace)}
    return Pace(**kept("pace", key, names, lambda: asdict(_measure())))


def convolution(dtype: torch.dtype = torch.float32) -> nn.Conv2d:
    """Return the convolution that is measured, its filters frozen."""
    made = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, dtype=dtype).requires_grad_(False)
    return made.to(memory_format=torch.channels_last)


def seconds(way: Way, dtype: torch.dtype = torch.float32) -> float:
    """Return how long a way of computing it takes with its gradient.

    Args:
        way: From maps of shape (1, CHANNELS, SIDE, SIDE) to others.
        dtype: That of the maps.
    """
    maps = torch.zeros(1, CHANNELS, SIDE, SIDE, dtype=dtype)
    maps = maps.contiguous(memory_format=torch.channels_last).requires_grad_()
    began = perf_counter()
    with torch.enable_grad():
        torch.autograd.grad(way(maps).sum(), maps)
    return perf_counter() - began


def _measure() -> Pace:
    direct, half = convolution(), convolution(torch.bfloat16)
    ways: tuple[tuple[Way, torch.dtype], ...] = (
        (direct, torch.float32),
        (WinogradConvolution(direct), torch.float32),
        (half, torch.bfloat16),
    )
    taken: list[list[float]] = [[] for _ in ways]
    for _ in range(ROUNDS):  # in turns: a machine that changes its pace changes all
        for (way, dtype), durations in zip(ways, taken, strict=True):
            durations.append(seconds(way, dtype))
    plain, winograd, bfloat16 = map(min, taken)  # what other work on the machine adds is left out
    return Pace(winograd / plain, bfloat16 / plain)
