"""How far the painting of a clip is, on the terminal."""

import logging
import sys
import time
from typing import Any

from tqdm import tqdm

from stylelightning.terminal.text import clock, terminal_size

log = logging.getLogger(__name__)

PARTS = 8
"""Lines over a clip where the output is no terminal, beside that of the first frame."""
SECONDS = 0.2
"""Least time from one drawing of the bar to the next."""
FEWEST, MOST = 10, 40
"""Letters of the bar itself."""
ROOM_FOR_CTRL_C = len("^C") + 1


class ClipProgress:
    """A bar in a terminal, which shows frame, step and time left; a few lines in a file or a pipe.

    The time left is that of the frames which have the config's whole schedule and of those that
    start from another, each by the mean of their own kind, so far as that is known.

    Args:
        firsts: How many frames of the first pass have the whole schedule.
    """

    def __init__(self, firsts: int) -> None:
        self._firsts_left = firsts
        self._total = self._done = self._part = 0
        self._first = True
        self._began = self._drawn = 0.0
        self._seconds: dict[bool, list[float]] = {True: [], False: []}
        self._bar: tqdm[Any] | None = None

    def begin(self, total: int, done: int) -> None:
        """Show how much there is to do."""
        self._total, self._done, self._part = total, done, PARTS * done // max(1, total)
        if sys.stdout is not None and sys.stdout.isatty():
            self._bar = tqdm(total=total, initial=done, leave=False, file=sys.stdout, bar_format="")

    def painting(self, number: int, first: bool) -> None:
        """Note that a frame begins."""
        self._first, self._began = first, time.monotonic()
        if first:
            self._firsts_left -= 1

    def step(self, step: int, last: int) -> None:
        """Show how far a frame is, when it is time.

        Args:
            step: Steps done.
            last: Steps of the frame, at most.
        """
        now = time.monotonic()
        if self._bar is None or (step < last and now - self._drawn < SECONDS):
            return
        self._drawn = now
        self._bar.n = self._done + step / last
        self._bar.ncols = terminal_size(sys.stdout).columns - 1
        words = f"frame {self._done + 1}/{self._total}"
        end = f"| step {step:{len(str(last))}d}/{last}  {self._left(now)}"
        room = self._bar.ncols - ROOM_FOR_CTRL_C - len(f"{words} |{end}")
        self._bar.bar_format = f"{words} |{{bar:{max(FEWEST, min(MOST, room))}}}{end}"
        self._bar.refresh()

    def painted(self) -> None:
        """Note that a frame is done."""
        now = time.monotonic()
        self._seconds[self._first].append(now - self._began)
        self._done += 1
        part = PARTS * self._done // max(1, self._total)
        told = sum(map(len, self._seconds.values())) == 1 or part > self._part
        self._part = part
        if self._bar is None and told:
            took = f"{now - self._began:.1f} s"
            log.info(f"frame {self._done}/{self._total}  {took}  {self._left(now, 0)}")

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()

    def _left(self, now: float, running: int = 1) -> str:
        """Return how long the rest will take, in words."""
        means = {kind: sum(each) / len(each) for kind, each in self._seconds.items() if each}
        if not means:
            return "? left"
        usual = means.get(False, means.get(True, 0.0))
        waiting = self._total - self._done - running
        firsts = max(0, min(self._firsts_left, waiting))
        seconds = firsts * means.get(True, usual) + (waiting - firsts) * usual
        if running:
            mine = means.get(self._first, usual)
            seconds += max(0.0, mine - (now - self._began))
        return f"{clock(seconds)} left"
