"""Contact sheets of a sweep: for every two axes, the pictures with labels on both."""

import itertools
import logging
import re
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

from PIL import Image

from stylelightning.files.atomic import write_atomically
from stylelightning.images import shown_image
from stylelightning.report.contents import Axis
from stylelightning.sweep.drawing import Block, Cell, banded, draw_sheet
from stylelightning.sweep.records import Record
from stylelightning.sweep.sweep_folder import SweepFolder

TILE = 192  # width of a picture on a sheet, in pixels
PER_ROW = 6  # pictures in a row when there is one axis only

log = logging.getLogger(__name__)


def write_contact_sheets(
    folder: SweepFolder, axes: Sequence[Axis], records: Sequence[Record]
) -> list[Path]:
    """Write a contact sheet for every two axes, ``sheets/<row axis>--<column axis>.png``.

    A third axis and more make blocks: one for every combination of their labels that has a point.
    A failed point is a grey cell with its error, a waiting one says so, and the picture of a
    stopped one has a band that says so. A sweep of one axis has one sheet, ``sheets/<axis>.png``.

    Args:
        folder: The sweep's folder.
        axes: What differs.
        records: The points, in order.

    Returns:
        The files, none if there is no axis.
    """
    cells = [(record, _cell(folder, record)) for record in records]
    sheets = {}
    if len(axes) == 1:
        sheets[file_name(axes[0].name)] = _single(axes[0], cells)
    for rows, columns in itertools.combinations(axes, 2):
        others = [axis for axis in axes if axis not in (rows, columns)]
        name = f"{file_name(rows.name)}--{file_name(columns.name)}"
        if name in sheets:  # the names of other axes became the same
            name += f"-{len(sheets) + 1}"
        sheets[name] = _pair(rows, columns, others, cells)
    paths = []
    for name, sheet in sheets.items():
        path = folder.sheets / f"{name}.png"
        write_atomically(path, partial(sheet.save, format="PNG"))
        paths.append(path)
    return paths


def file_name(key: str) -> str:
    """Return a dotted key as a part of a file's name: other signs than ``.``, ``_`` become ``-``.

    Example:
        >>> file_name("model.optimizer / lr")
        'model.optimizer-lr'
    """
    return re.sub(r"[^\w.]+", "-", key).strip("-.")[:80] or "axis"


def note(record: Record) -> str:
    """Return what is said of a point in place of its picture."""
    if record.status == "failed":
        return record.error or "failed"
    return "no picture" if record.status == "done" else record.status


def _cell(folder: SweepFolder, record: Record) -> Cell:
    """Return the picture of a point, or what is said in its place."""
    if not record.folder or record.status in ("failed", "waiting"):
        return note(record)
    path = folder.run(record.folder).result
    try:
        picture = _small(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        log.debug("No picture of %s: %s", record.point, error)
        return note(record)
    return banded(picture, note(record), TILE) if record.status == "stopped" else picture


@lru_cache(maxsize=1024)  # a sweep draws its sheets again after every point
def _small(path: Path, changed: int) -> Image.Image:
    del changed  # a part of the cache's key
    return shown_image(path, 2 * TILE)


Cells = Sequence[tuple[Record, Cell]]


def _single(axis: Axis, cells: Cells) -> Image.Image:
    """Return the sheet of one axis, in rows of a few pictures."""
    found = {record.place.get(axis.name): cell for record, cell in cells}
    blocks = []
    for start in range(0, len(axis.labels), PER_ROW):
        labels = axis.labels[start : start + PER_ROW]
        blocks.append(Block("", labels, {"": [found.get(label) for label in labels]}))
    return draw_sheet(blocks, TILE, axis.name)


def _pair(rows: Axis, columns: Axis, others: Sequence[Axis], cells: Cells) -> Image.Image:
    """Return the sheet of two axes, a block for each combination of the others."""
    blocks = []
    for title, chosen in _blocks(others, cells):
        found = {
            (record.place.get(rows.name), record.place.get(columns.name)): cell
            for record, cell in chosen
        }
        grid = {row: [found.get((row, column)) for column in columns.labels] for row in rows.labels}
        blocks.append(Block(title, columns.labels, grid))
    return draw_sheet(blocks, TILE, f"rows: {rows.name}; columns: {columns.name}")


def _blocks(others: Sequence[Axis], cells: Cells) -> list[tuple[str, Cells]]:
    """Return the title and the points of every combination of labels that has a point."""
    groups: dict[tuple[int, ...], list[tuple[Record, Cell]]] = {}
    for record, cell in cells:
        place = tuple(axis.labels.index(record.place[axis.name]) for axis in others)
        groups.setdefault(place, []).append((record, cell))
    return [
        (", ".join(f"{a.name}: {a.labels[n]}" for a, n in zip(others, place, strict=True)), chosen)
        for place, chosen in sorted(groups.items())
    ]
