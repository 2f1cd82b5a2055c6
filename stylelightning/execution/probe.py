"""What is faster on this processor: measured once, for a fraction of a second, and kept."""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor, nn

from stylelightning.execution.device_name import processor_name
from stylelightning.execution.winograd import WinogradConvolution
from stylelightning.files.atomic import write_atomically
from stylelightning.files.caches import own_cache

log = logging.getLogger(__name__)

CHANNELS, SIDE = 256, 48
"""The convolution that is measured: in size and cost one of the middle of a VGG at 192 px."""
ROUNDS = 7


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
    """Return this machine's pace.

    It is kept in the program's cache folder, for the processor, torch's version and the number of
    threads, so that the same run takes the same way, and makes the same picture, another time.
    """
    key = f"{processor_name()}, torch {torch.__version__}, {torch.get_num_threads()} threads"
    path = own_cache() / "pace.json"
    kept = _read(path)
    if key not in kept:
        with torch.random.fork_rng(devices=[]):  # a first run draws what later ones do
            kept[key] = asdict(_measure())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, f"{json.dumps(kept, indent=1)}\n".encode())
        except OSError as error:
            log.debug("The machine's pace is measured anew another time: %s", error)
    return Pace(**kept[key])


def _measure() -> Pace:
    convolution = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1).requires_grad_(False)
    convolution.to(memory_format=torch.channels_last)
    half = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, dtype=torch.bfloat16).requires_grad_(False)
    half.to(memory_format=torch.channels_last)
    ways: tuple[tuple[Callable[[Tensor], Tensor], torch.dtype], ...] = (
        (convolution, torch.float32),
        (WinogradConvolution(convolution), torch.float32),
        (half, torch.bfloat16),
    )
    taken: list[list[float]] = [[] for _ in ways]
    for _ in range(ROUNDS):  # in turns: a machine that changes its pace changes all
        for (way, dtype), durations in zip(ways, taken, strict=True):
            durations.append(_seconds(way, dtype))
    direct, winograd, bfloat16 = map(min, taken)  # what other work on the machine adds is left out
    return Pace(winograd / direct, bfloat16 / direct)


def _seconds(way: Callable[[Tensor], Tensor], dtype: torch.dtype) -> float:
    maps = torch.zeros(1, CHANNELS, SIDE, SIDE, dtype=dtype)
    maps = maps.contiguous(memory_format=torch.channels_last).requires_grad_()
    began = perf_counter()
    with torch.enable_grad():
        torch.autograd.grad(way(maps).sum(), maps)
    return perf_counter() - began


def _read(path: Path) -> dict[str, dict[str, float]]:
    """Return what is kept, and nothing if that can't be read."""
    try:
        found: dict[str, dict[str, float]] = json.loads(path.read_bytes())
        for each in found.values():
            Pace(**{name: float(value) for name, value in each.items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
    return found
