"""What is known of the points of a sweep, and the file that it is kept in."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from stylelightning.files.atomic import write_atomically
from stylelightning.report.contents import Axis
from stylelightning.sweep.sweep_folder import SweepFolder

Status = Literal["waiting", "done", "stopped", "failed"]

FIXED = ("point", "status", "steps", "seconds", "peak_memory_mb", "folder", "error")


@dataclass(frozen=True)
class Record:
    """What is known of one point.

    Args:
        point: The point's name, and that of its folder.
        place: Label of its value on each axis, by axis.
        status: ``waiting``; ``done``; ``stopped`` on the way, by Ctrl-C; ``failed``.
        steps: Steps made.
        seconds: Wall time of the run.
        megabytes: Peak memory of the process while it ran, 10^6 bytes; NaN if nobody knows.
        folder: The run's folder, relative to the sweep's; empty if it has none. There are
            ``result.png``, ``config.yaml`` and ``losses.csv``.
        error: Why it failed, in one line.
        terms: Weighted terms at the end and their ``total``.
        metrics: Metrics of the picture, by name.
    """

    point: str
    place: dict[str, str]
    status: Status = "waiting"
    steps: int = 0
    seconds: float = 0.0
    megabytes: float = float("nan")
    folder: str = ""
    error: str = ""
    terms: dict[str, float] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)


def write_table(folder: SweepFolder, axes: Sequence[Axis], records: Sequence[Record]) -> Path:
    """Write ``results.csv`` of a sweep: one line for each point.

    The columns are ``point``, one for each axis, the terms as ``term/<name>``, the metrics as
    ``metric/<name>``, and what a run took. What a point doesn't have is left empty.

    Args:
        folder: The sweep's folder.
        axes: What differs.
        records: The points, in order.

    Returns:
        The file.
    """
    terms = sorted({f"term/{name}" for each in records for name in each.terms})
    metrics = sorted({f"metric/{name}" for each in records for name in each.metrics})
    point, *others = FIXED
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, [point, *(axis.name for axis in axes), *terms, *metrics, *others])
    table.writeheader()
    table.writerows(_row(each) for each in records)
    write_atomically(folder.table, text.getvalue().encode())
    return folder.table


def _row(record: Record) -> dict[str, object]:
    known = record.megabytes == record.megabytes  # not NaN
    return {
        **record.place,
        **{f"term/{name}": value for name, value in record.terms.items()},
        **{f"metric/{name}": value for name, value in record.metrics.items()},
        "point": record.point,
        "status": record.status,
        "steps": record.steps,
        "seconds": round(record.seconds, 3),
        "peak_memory_mb": round(record.megabytes) if known else None,
        "folder": record.folder,
        "error": record.error,
    }
