"""One run as the live view shows it."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Condition
from time import monotonic
from typing import Any, Literal

from stylelightning.live.curve import Curve
from stylelightning.live.frame import Frame, Frames
from stylelightning.live.view import View
from stylelightning.run.folder import RunFolder

log = logging.getLogger(__name__)

Status = Literal["starting", "running", "stopping", "done", "stopped", "failed"]

HOLD = 1.0
"""Most seconds for which whoever has seen all there is to say waits for more."""


class Clock:
    """Tells the time since a run began in this process.

    Args:
        first_step: The step that it began at.
    """

    def __init__(self, first_step: int = 0) -> None:
        self.first_step = first_step
        self._began = monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since then."""
        return monotonic() - self._began


@dataclass(frozen=True)
class Moment:
    """Where a run is.

    Args:
        step: Number of steps made.
        last_step: Number of steps after which it ends.
        scale: Number of the present scale, from 1.
        scales: Number of scales.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
        seconds: Time since its first step.
        seconds_left: Time until its last one; None if nobody knows.
        ends: Steps after which a scale ends.
    """

    step: int
    last_step: int
    scale: int
    scales: int
    width: int
    height: int
    seconds: float
    seconds_left: float | None
    ends: tuple[int, ...]


class RunView(View):
    """What a callback tells of its run, for the server to hand on.

    Args:
        longest_side: Most pixels of a side of the picture that is shown.
    """

    def __init__(self, longest_side: int) -> None:
        self.frames = Frames(longest_side)
        self.curve = Curve()
        self.moment: Moment | None = None
        self.folder: RunFolder | None = None
        self.stop_asked = False
        self._status: Status = "starting"
        self._changed = Condition()

    # what the run's thread calls

    def start(self, folder: Path) -> None:
        """Begin with a run.

        Args:
            folder: Its folder.
        """
        self.curve, self.moment, self.folder = Curve(), None, RunFolder(folder)
        self.frames.start()
        self._set(self._status if self.stop_asked else "running")

    def end(self, status: Status) -> None:
        """Say how the run ended.

        Args:
            status: How.
        """
        self.frames.end()
        self._set(status)

    # what the server's threads call

    @property
    def status(self) -> Status:
        """What the run does, or how it ended."""
        return self._status

    def state(self, seen: str) -> dict[str, Any]:
        """Return what there is to say; the mark is the status.

        Args:
            seen: The mark that was seen.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._status != seen, HOLD)
        return {
            "title": "" if self.folder is None else str(self.folder.path),
            "mark": self._status,
            "status": self._status,
            "points": [],
            "run": self.shown(),
        }

    def shown(self) -> dict[str, Any]:
        """Return where the run is, its curve and, when it ended, where its picture is."""
        ended = self._status in ("done", "stopped", "failed")
        result = self.folder.result if ended and self.folder is not None else None
        return {
            **({} if self.moment is None else asdict(self.moment)),
            "curve": self.curve.columns(),
            "result": str(result.absolute()) if result is not None and result.is_file() else None,
        }

    def picture(self, point: int, seen: str) -> Frame | None:
        """Return the newest picture.

        Args:
            point: Of no meaning here: there is one run.
            seen: The tag of the frame that was seen.
        """
        return self.frames.newer(seen)

    def stop(self) -> None:
        """Have the run end after its present step."""
        if not self.stop_asked and self._status in ("starting", "running"):
            self.stop_asked = True
            self._set("stopping")
            log.info("the live page asked for it: stopping after this step")

    def _set(self, status: Status) -> None:
        with self._changed:
            self._status = status
            self._changed.notify_all()
