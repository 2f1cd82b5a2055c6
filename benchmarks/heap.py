"""What a program holds of the C library's heap, without the holes between its blocks."""

import ctypes
from threading import Event, Thread

PERIOD = 0.003
"""Seconds between two looks."""


class _Account(ctypes.Structure):
    """glibc's ``struct mallinfo2``."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def held_bytes() -> float:
    """Return the bytes in blocks that are not freed; NaN where the C library doesn't tell."""
    account = getattr(ctypes.CDLL(None), "mallinfo2", None)  # glibc 2.33 and later
    if account is None:
        return float("nan")
    account.restype = _Account
    found: _Account = account()
    return float(found.uordblks + found.hblkhd)


class HeldMemory:
    """The most memory in blocks while it was open, more than at its beginning, in megabytes.

    A thread looks every few milliseconds; large blocks of feature maps live longer. What the
    process has resident is more: freed blocks leave holes, of which some are kept for later.
    """

    def __init__(self) -> None:
        self.megabytes = float("nan")
        self._ended = Event()
        self._watcher = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "HeldMemory":
        """Begin to watch."""
        self._before = self._most = held_bytes()
        self._watcher.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop."""
        self._ended.set()
        self._watcher.join()
        self._look()
        self.megabytes = (self._most - self._before) / 1e6

    def _watch(self) -> None:
        while not self._ended.wait(PERIOD):
            self._look()

    def _look(self) -> None:
        self._most = max(self._most, held_bytes())
