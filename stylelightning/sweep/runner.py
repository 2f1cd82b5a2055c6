"""A sweep from its points to its report."""

import logging
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic

from stylelightning.cli.config import check_name, refuse_address
from stylelightning.cli.process import on_sigterm
from stylelightning.files.atomic import write_atomically
from stylelightning.live.server import check_port
from stylelightning.report.contents import Axis
from stylelightning.sweep.contact_sheet import write_contact_sheets
from stylelightning.sweep.engines import Engine
from stylelightning.sweep.job import Job
from stylelightning.sweep.live_page import live_page
from stylelightning.sweep.progress import Progress
from stylelightning.sweep.quiet import quiet_runs
from stylelightning.sweep.records import Record, write_table
from stylelightning.sweep.report import write_report
from stylelightning.sweep.spec import Spec, flags, points_of
from stylelightning.sweep.state import read_state
from stylelightning.sweep.sweep_folder import SweepFolder
from stylelightning.sweep.validation import jobs_of, output_path

log = logging.getLogger(__name__)

SHOWN_EVERY = 60.0
"""Seconds after which the report is written again while a sweep runs."""


def run_sweep(
    name: str,
    spec: Spec,
    engine: Engine,
    root: Path,
    options: Sequence[str],
    output: str = "",
    live: int | None = None,
) -> int:
    """Run the points of a sweep that are not done, and show all.

    Args:
        name: Name of the sweep, and of its folder.
        spec: What it asks for.
        engine: Who makes the runs.
        root: Folder of all runs.
        options: Options of ``fit`` that every run has.
        output: Folder where the pictures are written too; empty for none.
        live: Port of a page that shows the sweep as it goes, 0 for a free one; None for no page.

    Returns:
        Exit code: 0 all done, 1 some failed, 130 stopped.

    Raises:
        OSError: If a file is missing or can't be written.
        ValueError: If the sweep makes no sense.
    """
    check_name(name)
    if live is not None:
        check_port("`live`", live)
    refuse_address("output", output)
    points, folder = points_of(spec), SweepFolder(root / name)
    given = [*flags(spec.options), *options]
    with quiet_runs():
        jobs, failures = jobs_of(points, folder.path, spec.base, given, output)
    _refuse_to_read_what_is_written(spec, output)
    folder.path.mkdir(parents=True, exist_ok=True)
    with _locked(folder), on_sigterm(KeyboardInterrupt):
        known = {record.point: record for record in failures}
        known |= {record.point: record for job in jobs if (record := _done(job)) is not None}
        waiting = [job for job in jobs if job.point not in known]
        progress = Progress(points, known, folder)
        with live_page(progress, live):
            progress.begin(len(jobs) - len(waiting), len(waiting))
            _copy_pictures(folder, progress.records, output)
            stopped = _run(engine, waiting, progress)
            log.info(_show(progress))
    if stopped:
        log.info("stopped: the same command goes on where it was")
        return 130
    return 1 if any(record.status != "done" for record in progress.records) else 0


def _copy_pictures(folder: SweepFolder, records: Sequence[Record], output: str) -> None:
    """Write the pictures of the points that are done where the runs still to be made write theirs.

    Args:
        folder: The sweep's folder.
        records: What is known of the points.
        output: Folder where the pictures are written too; empty for none.

    Raises:
        OSError: If one can't be written.
    """
    copied = 0
    for record in records:
        if output and record.status == "done":
            picture = folder.run(record.folder).result.read_bytes()
            path = output_path(output, record.point)
            if not path.is_file() or path.read_bytes() != picture:
                write_atomically(path, picture)
                copied += 1
    if copied:
        log.info("done before, and now in %s too: %d", output, copied)


def _done(job: Job) -> Record | None:
    """Return what is known of a point that needs no run."""
    record = read_state(SweepFolder(Path(job.folder)), job.point, job.fingerprint)
    return record if record is not None and record.status == "done" else None


def _run(engine: Engine, jobs: Sequence[Job], progress: Progress) -> bool:
    """Run the jobs; return whether the sweep was stopped."""
    records, stopped, shown = engine.run(jobs), False, monotonic()
    try:
        for record in records:
            progress.add(record)
            if monotonic() - shown > SHOWN_EVERY:
                _show(progress)
                shown = monotonic()
            stopped |= record.status == "stopped"
    except KeyboardInterrupt:
        return True
    finally:
        records.close()
    return stopped


def _show(progress: Progress) -> str:
    """Write the table, the contact sheets and the report; return a line that says so."""
    records, axes, points = progress.records, progress.axes, progress.points
    table = write_table(progress.folder, axes, records)
    if math.prod(len(axis.labels) for axis in axes) != len(points):  # no grid
        axes = [Axis("point", tuple(point.name for point in points))]
        records = [replace(each, place={"point": each.point}) for each in records]
    sheets = write_contact_sheets(progress.folder, axes, records)
    report = write_report(progress.folder, progress.folder.path.name, axes, records)
    failed = sum(record.status == "failed" for record in records)
    done = sum(record.status == "done" for record in records)
    sheet = "contact sheet" if len(sheets) == 1 else "contact sheets"
    return (
        f"{done} done, {failed} failed: {report}, {table}, {len(sheets)} {sheet} in "
        f"{progress.folder.sheets}"
    )


def _refuse_to_read_what_is_written(spec: Spec, output: str) -> None:
    for option, given in (("contents", spec.contents), ("styles", spec.styles)):
        for path in [given] if isinstance(given, str) else given or ():
            if output and Path(path).expanduser().resolve() == Path(output).expanduser().resolve():
                raise ValueError(
                    f"`output` must be another folder than `{option}`, whose pictures are read, "
                    f"got {output!r}."
                )


@contextmanager
def _locked(folder: SweepFolder) -> Iterator[None]:
    """Let no other process make the same sweep; where there are no such locks, do nothing."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with folder.lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ValueError(
                f"The sweep {folder.path.absolute()} is being made by another process: wait for "
                "it, or give another --name."
            ) from error
        yield
