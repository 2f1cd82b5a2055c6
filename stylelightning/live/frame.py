"""The newest picture of a run, encoded only while somebody looks at it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition
from time import monotonic

from torch import Tensor

from stylelightning.images import shown_png

LOOKED_AT = 4.0
"""Seconds for which somebody who asked for a picture is taken to look still."""
EVERY = 1.0
"""Least seconds from one picture to the next."""
HOLD = 2.0
"""Most seconds for which whoever asks for a newer picture than there is waits for it."""


@dataclass(frozen=True)
class Frame:
    """A picture as the page gets it.

    Args:
        tag: What no other frame has.
        step: Number of steps that had been made.
        data: The file, PNG.
    """

    tag: str
    step: int
    data: bytes


class Frames:
    """Keeps the newest frame alone.

    The run's thread asks ``due`` and calls ``begin``, neither of which waits for anything; a
    thread in the background calls ``encode``; those of the server call ``newer``.

    Args:
        longest_side: Most pixels of a side; a larger picture is made smaller.
    """

    def __init__(self, longest_side: int) -> None:
        self.longest_side = longest_side
        self.encoded = 0
        self._newest: Frame | None = None
        self._ended = False
        self._encoding = False
        self._asked_at = self._begun_at = -math.inf
        self._changed = Condition()

    @property
    def looked_at(self) -> bool:
        """Whether somebody asked for a picture in the last seconds."""
        return monotonic() - self._asked_at < LOOKED_AT

    def due(self) -> bool:
        """Return whether it is time for another picture."""
        rested = monotonic() - self._begun_at >= EVERY
        return rested and self.looked_at and not self._encoding

    def start(self) -> None:
        """Begin with a run: there is no picture of it yet."""
        with self._changed:
            self._newest, self._ended, self._begun_at = None, False, -math.inf

    def begin(self) -> None:
        """Note that a picture is on its way to ``encode``."""
        self._encoding, self._begun_at = True, monotonic()

    def encode(self, pixels: Tensor, alpha: Tensor | None, step: int) -> None:
        """Make a picture the newest frame; one with pixels that are not numbers is left out.

        Args:
            pixels: Colours of shape (1, 3, H, W) in [0, 1], on the host.
            alpha: Opacity of shape (1, 1, H, W) in [0, 1], if any.
            step: Number of steps that had been made.
        """
        try:
            if not bool(pixels.isfinite().all()):
                return
            data = shown_png(pixels, alpha, self.longest_side)
            with self._changed:
                self.encoded += 1
                self._newest = Frame(str(self.encoded), step, data)
                self._changed.notify_all()
        finally:
            self._encoding = False

    def end(self) -> None:
        """Let nobody wait for another picture."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def newer(self, seen: str) -> Frame | None:
        """Return the newest frame, when there is a newer one than was seen or time is up.

        Args:
            seen: The tag of the frame that was seen.
        """
        self._asked_at = monotonic()
        with self._changed:
            self._changed.wait_for(self._newer_than(seen), HOLD)
            self._asked_at = monotonic()
            return self._newest

    def _newer_than(self, seen: str) -> Callable[[], bool]:
        return lambda: self._ended or (self._newest is not None and self._newest.tag != seen)
