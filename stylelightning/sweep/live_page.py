"""A sweep as the live view shows it."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition
from time import time
from typing import Any

from stylelightning.callbacks.live_view import RunWatch
from stylelightning.live.frame import EVERY, Frame
from stylelightning.live.run_view import HOLD, RunView
from stylelightning.live.server import LiveServer
from stylelightning.live.view import View
from stylelightning.run.folder import newest_run
from stylelightning.sweep.job import WATCHES
from stylelightning.sweep.progress import Progress
from stylelightning.sweep.records import Record

log = logging.getLogger(__name__)

LONGEST_SIDE = 1024
"""Most pixels of a side of the picture of the run in this process."""


@contextmanager
def live_page(progress: Progress, port: int | None) -> Iterator[None]:
    """Show a sweep in a page on this machine while it is open.

    Args:
        progress: What is known of the sweep.
        port: Port on 127.0.0.1, 0 for a free one; None for no page.

    Raises:
        OSError: If the port is taken or may not be opened.
    """
    if port is None:
        yield
        return
    view = SweepView(progress)
    server, watch = LiveServer(view, port), RunWatch(view.run)
    log.info("live at %s", server.address)
    WATCHES.append(watch)
    try:
        yield
    finally:
        WATCHES.remove(watch)
        view.end()
        server.close()


class SweepView(View):
    """What is known of a sweep, for the server to hand on.

    A run in this process is shown as it goes; of a run in another one there is what it has written:
    that it began, and its newest snapshot.

    Args:
        progress: What is known of the sweep.
    """

    def __init__(self, progress: Progress) -> None:
        self.run = RunView(LONGEST_SIDE)
        self._progress = progress
        self._began = time()  # as files have it
        self._status = "running"
        self._changed = Condition()

    def end(self) -> None:
        """Say that the sweep has ended."""
        self.run.frames.end()
        statuses = {record.status for record in self._progress.records}
        self._set("stopped" if statuses & {"waiting", "stopped"} else "done")

    def state(self, seen: str) -> dict[str, Any]:
        """Return what there is to say; the mark is the status and how many points have ended.

        Args:
            seen: The mark that was seen.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._mark != seen, HOLD)
        points = [self._shown(record) for record in self._progress.records]
        under_way = [i for i, point in enumerate(points) if point["status"] == "running"]
        here = self._here
        return {
            "title": str(self._progress.folder.path),
            "mark": self._mark,
            "status": self._status,
            "seconds": self._progress.seconds,
            "seconds_left": None if self._ended else self._progress.seconds_left,
            "points": points,
            "newest": here if here in under_way else next(iter(under_way), None),
            "run": self.run.shown() if here in under_way else None,
            "result": str(self._progress.folder.report.absolute()) if self._ended else None,
        }

    def picture(self, point: int, seen: str) -> Frame | None:
        """Return the newest picture of a point.

        Args:
            point: Its place among the points.
            seen: The tag of the frame that was seen.
        """
        if point >= len(self._progress.points):
            return None
        name = self._progress.points[point].name
        if name not in self._progress.known and point == self._here:
            frame = self.run.picture(point, seen)
            if frame is not None:
                return frame
        frame = self._on_disk(name)
        if frame is None or frame.tag == seen:
            with self._changed:
                self._changed.wait_for(lambda: self._ended, EVERY)
        return frame

    def stop(self) -> None:
        """End the sweep as Ctrl-C does."""
        if self._status == "running":
            self._set("stopping")
            log.info("the live page asked for it: stopping after the present steps")
            _press_ctrl_c()

    @property
    def _ended(self) -> bool:
        return self._status in ("done", "stopped")

    @property
    def _mark(self) -> str:
        ended = sum(record.status != "waiting" for record in self._progress.records)
        return f"{self._status} {ended}"

    @property
    def _here(self) -> int | None:
        """Place of the point whose run this process makes or made last."""
        folder = self.run.folder
        names = [point.name for point in self._progress.points]
        return None if folder is None else names.index(folder.path.parent.name)

    def _shown(self, record: Record) -> dict[str, Any]:
        status: str = record.status
        if status == "waiting" and self._has_begun(record.point):
            status = "running"
        return {"name": record.point, "status": status, "total": record.terms.get("total")}

    def _has_begun(self, point: str) -> bool:
        """Return whether this sweep has begun the run of a point, wherever it is made."""
        try:
            return self._progress.folder.state(point).stat().st_mtime >= self._began
        except OSError:
            return False

    def _on_disk(self, point: str) -> Frame | None:
        run = newest_run(self._progress.folder.path, point)
        if run is None:
            return None
        last = run.last_snapshot() or (0, run.result)
        record = self._progress.known.get(point)
        step, path = last if record is None else (record.steps, run.result)
        return _frame(step, path)

    def _set(self, status: str) -> None:
        with self._changed:
            self._status = status
            self._changed.notify_all()


def _frame(step: int, path: Path) -> Frame | None:
    """Return a file as a frame, None if there is none; it was moved to its place as a whole."""
    try:
        return Frame(f"{path.stat().st_mtime_ns:x}", step, path.read_bytes())
    except OSError:
        return None


def _press_ctrl_c() -> None:
    """Interrupt the main thread as a terminal does; a job without one may ignore Ctrl-C alone."""
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    number = signal.SIGTERM if ignored else signal.SIGINT
    if hasattr(signal, "pthread_kill"):  # a lock that the main thread waits for lets it go
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)
