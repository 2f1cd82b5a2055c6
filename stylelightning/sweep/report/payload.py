"""What the report of a sweep shows, read from the folders of its runs."""

import csv
import json
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import yaml

from stylelightning.cli.config_keys import flattened
from stylelightning.images import data_uri, shown_image
from stylelightning.sweep.records import Axis, Record
from stylelightning.sweep.sweep_folder import SweepFolder

MANY = 200  # points; a page of more has smaller pictures, and none of Gram matrices
LONGEST_SIDE = 1024  # of an embedded picture, in pixels
SMALLER_SIDE = 512  # of many
THUMBNAIL = 320
GRAM_WIDTH = 780  # three matrices of 256 pixels side by side, as they are drawn by default
QUALITY, THUMBNAIL_QUALITY = 90, 80  # of WebP
MOST_STEPS = 400  # rows of a table of losses that are shown
NO_TERMS = ("step", "scale", "size", "seconds_per_step", "peak_memory_mb")

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass
class Payload:
    """What a page needs.

    Args:
        data: Whatever JSON can hold: ``title``, ``axes`` and ``runs``. A picture is its name in
            ``pictures``.
        pictures: ``data:`` addresses by name. They are apart because they are large and most of
            them are never looked at.
    """

    data: dict[str, Any]
    pictures: dict[str, str] = field(default_factory=dict)


def gather(
    folder: SweepFolder, title: str, axes: Sequence[Axis], records: Sequence[Record]
) -> Payload:
    """Return what the report of a sweep shows.

    A file that a run doesn't have, or that can't be read, is left out. A page of more than
    ``MANY`` points would be too large to open, so its pictures are smaller and those of Gram
    matrices are left out.

    Args:
        folder: The sweep's folder.
        title: What the sweep is called.
        axes: What differs.
        records: The points, in order.
    """
    many = len(records) > MANY
    payload = Payload({"title": title, "longest_side": SMALLER_SIDE if many else LONGEST_SIDE})
    payload.data["most_with_grams"] = MANY if many else None
    payload.data["axes"] = [{"name": axis.name, "labels": list(axis.labels)} for axis in axes]
    payload.data["runs"] = [
        _run(folder, record, f"run{number}", payload) for number, record in enumerate(records)
    ]
    return payload


def _run(folder: SweepFolder, record: Record, name: str, payload: Payload) -> dict[str, Any]:
    """Return what is shown of a point, and put its pictures into the payload."""
    run: dict[str, Any] = {key: value for key, value in vars(record).items() if key != "folder"}
    run |= {"seconds": _finite(record.seconds), "megabytes": _finite(record.megabytes)}
    for part in ("terms", "metrics"):
        run[part] = {key: _finite(value) for key, value in run[part].items()}
    run |= {"picture": None, "losses": None, "config": None, "grams": []}
    if not record.folder:  # it has not been run: the sweep's folder has files of such names too
        return run
    here = folder.run(record.folder)
    picture = _if_readable(partial(_picture, payload.data["longest_side"]), here.result)
    if picture is not None:
        payload.pictures[name] = picture["full"]
        run["picture"] = {key: value for key, value in picture.items() if key != "full"}
        run["picture"] |= {"name": name, "file": here.result.relative_to(folder.path).as_posix()}
    run["losses"] = _if_readable(_losses, here.losses)
    run["config"] = _if_readable(_config, here.config)
    grams = {} if payload.data["most_with_grams"] else here.last_grams()
    for layer, (step, path) in grams.items():
        gram = _if_readable(_gram, path)
        if gram is not None:
            key = f"{name}/{layer}"
            payload.pictures[key] = gram
            run["grams"].append({"layer": layer, "step": step, "name": key})
    return run


def _finite(value: float) -> float | None:
    """Return the value, or None if it is no number that JSON knows."""
    return value if math.isfinite(value) else None


def _if_readable(read: Callable[[Path, int], T], path: Path) -> T | None:
    """Return what a function makes of a file, or None if the file is missing or broken.

    Args:
        read: Function of the file and of when it was changed; the second makes it possible to
            keep the results, as a sweep writes its report again after every point.
        path: The file.
    """
    try:
        return read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, csv.Error, yaml.YAMLError) as error:
        log.debug("Not in the report: %s", error)
        return None


@lru_cache(maxsize=MANY)
def _picture(longest_side: int, path: Path, changed: int) -> dict[str, Any]:
    """Return a picture in two sizes, and the sizes."""
    del changed  # a part of the cache's key, here and below
    full = shown_image(path, longest_side)
    small = full.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    return {
        "full": data_uri(full, QUALITY),
        "thumbnail": data_uri(small, THUMBNAIL_QUALITY),
        "width": full.width,
        "height": full.height,
    }


@lru_cache(maxsize=5 * MANY)
def _gram(path: Path, changed: int) -> str:
    del changed
    return data_uri(shown_image(path, GRAM_WIDTH), QUALITY)


@lru_cache(maxsize=1024)
def _losses(path: Path, changed: int) -> dict[str, list[float | None]]:
    """Return the columns of a table of losses: ``step``, the terms and ``total``.

    A long table is thinned evenly; its first and its last row are always there.
    """
    del changed
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    if not {"step", "total"} <= set(header):
        raise ValueError(f"{path} has no columns `step` and `total`.")
    rows = [row for row in rows if len(row) == len(header)]  # the last may be half written
    stride = max(1, math.ceil(len(rows) / MOST_STEPS))
    kept = rows[::stride]
    if rows and kept[-1] is not rows[-1]:
        kept.append(rows[-1])
    return {
        name: [_finite(float(row[place])) for row in kept]
        for place, name in enumerate(header)
        if name == "step" or name not in NO_TERMS
    }


@lru_cache(maxsize=1024)
def _config(path: Path, changed: int) -> dict[str, str]:
    """Return the dotted keys of a config with their values as text."""
    del changed
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(config, dict):
        raise ValueError(f"{path} has no keys.")
    return {key: _text(value) for key, value in flattened(config).items()}


def _text(value: object) -> str:
    """Return a value as it could stand in a config."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
