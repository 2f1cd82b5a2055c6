"""What is known of a sweep while it runs."""

import logging
from collections.abc import Sequence
from time import monotonic

from stylelightning.sweep.points import Point, axes_of
from stylelightning.sweep.records import Record, write_table
from stylelightning.sweep.sweep_folder import SweepFolder
from stylelightning.terminal.text import clock

log = logging.getLogger(__name__)


class Progress:
    """What is known of all points, and what is said of it.

    Args:
        points: The points, in order.
        known: What is known of some, by name.
        folder: The sweep's folder.
    """

    def __init__(
        self, points: Sequence[Point], known: dict[str, Record], folder: SweepFolder
    ) -> None:
        self.points = points
        self.known = known
        self.folder = folder
        self.axes = axes_of(points)
        self._left = self._made = 0
        self._began = monotonic()

    @property
    def records(self) -> list[Record]:
        """What is known of each point, in order."""
        return [self.known.get(each.name, Record(each.name, each.place)) for each in self.points]

    @property
    def seconds(self) -> float:
        """Time since the sweep began."""
        return monotonic() - self._began

    @property
    def seconds_left(self) -> float | None:
        """Time until the last run ends, if one takes as long as another; None if none has ended."""
        return self.seconds / self._made * self._left if self._made else None

    def begin(self, before: int, waiting: int) -> None:
        """Say what there is to do."""
        self._left, self._began = waiting, monotonic()
        line = "%s: %d points, %d done before, %d to run"
        log.info(line, self.folder.path, len(self.points), before, waiting)
        for record in self.known.values():
            if record.status == "failed":
                log.warning("%s can't run: %s", record.point, record.error)

    def add(self, record: Record) -> None:
        """Take a run in that ended, and say so."""
        self.known[record.point] = record
        self._left, self._made = self._left - 1, self._made + 1
        write_table(self.folder, self.axes, self.records)
        seconds = self.seconds_left
        left = f"  about {clock(seconds)} left" if seconds else ""
        number = f"{len(self.points) - self._left}/{len(self.points)}"
        if record.status == "failed":
            log.warning("%s  %s failed: %s%s", number, record.point, record.error, left)
        else:
            total = f"  total {record.terms['total']:.4g}" if "total" in record.terms else ""
            took = f"{record.steps} steps in {record.seconds:.0f} s"
            log.info("%s  %s %s  %s%s%s", number, record.point, record.status, took, total, left)
