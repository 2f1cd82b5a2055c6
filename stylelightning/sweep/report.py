"""The page of a sweep."""

from collections.abc import Sequence
from pathlib import Path

from stylelightning.report.contents import Axis, Contents, ShownRun
from stylelightning.report.write import write_page
from stylelightning.sweep.records import Record
from stylelightning.sweep.sweep_folder import SweepFolder


def write_report(
    folder: SweepFolder, title: str, axes: Sequence[Axis], records: Sequence[Record]
) -> Path:
    """Write ``report.html`` of a sweep, whole or not at all.

    Args:
        folder: The sweep's folder.
        title: What the sweep is called.
        axes: What differs.
        records: The points, in order.

    Returns:
        The file.

    Raises:
        OSError: If the file can't be written, of the class and number that the system gave.
    """
    write_page(folder.report, contents_of(folder, title, axes, records))
    return folder.report


def contents_of(
    folder: SweepFolder, title: str, axes: Sequence[Axis], records: Sequence[Record]
) -> Contents:
    """Return what the page of a sweep is made of.

    Args:
        folder: The sweep's folder.
        title: What the sweep is called.
        axes: What differs.
        records: The points, in order.
    """
    runs = [_shown(folder, record) for record in records]
    return Contents(title, "point", axes, runs, len(axes) > 1, folder.table.name)


def _shown(folder: SweepFolder, record: Record) -> ShownRun:
    known = {key: value for key, value in vars(record).items() if key != "folder"}
    # the sweep's folder itself has files of such names too
    return ShownRun(**known, folder=folder.run(record.folder) if record.folder else None)
