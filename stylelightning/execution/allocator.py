"""The C library's allocator, told to keep what is freed."""

import ctypes
import sys
from collections.abc import Callable

from torch import Tensor

LARGE = 2**22
"""Fewest values of a picture, three a pixel, whose holes in memory are worth the time."""

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # glibc's malloc.h


def keep_freed_memory() -> bool:
    """Keep freed blocks for the next step instead of giving them back to the system.

    glibc maps every large block anew and gives it back when it is freed; feature maps then cost
    page faults at each step: 5 to 20 % of it on a CPU. The process's resident memory stays at its
    peak instead. Holds for the rest of the process; without effect on other systems.

    Returns:
        Whether there is a glibc that took both settings.
    """
    mallopt = _function("mallopt")
    return mallopt is not None and bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, -1))


def tidy_up(picture: Tensor) -> None:
    """Give freed memory back on a CPU, where its holes may be as large as a large picture.

    Args:
        picture: The picture that is worked on, of shape (1, 3, H, W).
    """
    if picture.device.type == "cpu" and picture.numel() >= LARGE:
        give_back_freed_memory()


def give_back_freed_memory() -> bool:
    """Give freed blocks back to the system, wherever they lie.

    Blocks of a large picture leave holes that smaller ones begin to fill, so that the next large
    block finds none: what is kept would grow by several pictures. Mapping the holes anew takes
    0.2 s for each gigabyte, which steps of a large picture, of many seconds, don't feel.

    Returns:
        Whether there is a glibc, and anything was given back.
    """
    trim = _function("malloc_trim")
    return trim is not None and bool(trim(0))


def _function(name: str) -> Callable[..., int] | None:
    """Return a function of the C library; None on other systems, and for musl, which has none."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)
