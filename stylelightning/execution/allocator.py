"""The C library's allocator, told to keep what is freed, without many holes."""

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor

LARGE = 2**22
"""Fewest values of a picture, three a pixel, whose holes in memory are worth the time."""

MAPPED = 2**20
"""Fewest bytes of a block that is mapped by itself, where such blocks are."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = -1, -3, -4  # glibc's malloc.h
_AT_MOST = 65_536  # blocks that are mapped, by glibc's default


@dataclass
class _Heap:
    """What the C library was told.

    Args:
        keeps: Whether it keeps what is freed.
        mapped: Whether large blocks are mapped one by one.
    """

    keeps: bool = False
    mapped: bool = False


_heap = _Heap()


def keep_freed_memory() -> bool:
    """Keep freed blocks for the next step instead of giving them back to the system.

    glibc maps every large block anew and gives it back when it is freed; feature maps then cost
    page faults at each step: 5 to 20 % of it on a CPU. The process's resident memory stays at its
    peak instead. Holds for the rest of the process; without effect on other systems.

    Returns:
        Whether there is a glibc that took the settings.
    """
    values = {_M_MMAP_MAX: 0, _M_MMAP_THRESHOLD: MAPPED, _M_TRIM_THRESHOLD: -1}
    _heap.keeps = all(_tell(key, value) for key, value in values.items())
    _heap.mapped = False
    return _heap.keeps


def map_large_blocks(mapped: bool) -> None:
    """Map each large block by itself from now on, or no more; unless freed memory is not kept.

    Blocks that stay, made among the feature maps of the moment, cut what these leave into pieces
    that fit no later map, and the process has half as much again as is in use. They are small ones
    that oneDNN keeps for every shape that it has computed, and a large picture's targets, gradient
    and optimizer's memory. While large blocks are mapped there are none that they could come
    between. What is done meanwhile takes up to half as long again, for page faults.

    Args:
        mapped: Whether they are mapped.
    """
    if _heap.keeps and mapped != _heap.mapped:
        _heap.mapped = mapped
        _tell(_M_MMAP_MAX, _AT_MOST if mapped else 0)


@contextmanager
def large_blocks(mapped: bool) -> Iterator[None]:
    """Map each large block by itself meanwhile, or none; see ``map_large_blocks``.

    Args:
        mapped: Whether they are mapped.
    """
    before = _heap.mapped
    map_large_blocks(mapped)
    try:
        yield
    finally:
        map_large_blocks(before)


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


def _tell(key: int, value: int) -> bool:
    """Return whether the C library took a setting; False on other systems."""
    mallopt = _function("mallopt")
    return mallopt is not None and bool(mallopt(key, value))


def _function(name: str) -> Callable[..., int] | None:
    """Return a function of the C library; None on other systems, and for musl, which has none."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)
