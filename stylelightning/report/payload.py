"""What a page shows, read from the folders of its runs."""

import csv
import json
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import yaml
from PIL import Image

from stylelightning.cli.config_keys import flattened
from stylelightning.images import data_uri, shown_image
from stylelightning.report.contents import Contents, ShownRun
from stylelightning.report.inputs import inputs_of
from stylelightning.report.settings import (
    differing_settings,
    incomparable,
    shared_settings,
    short_key,
)
from stylelightning.run.folder import RunFolder
from stylelightning.run.record import RunRecord, read_record

FEW = 8  # runs; a page of no more has larger pictures, and tables with a column for each
MANY = 200  # runs; a page of more has smaller pictures, and none of Gram matrices
LARGER_SIDE, LONGEST_SIDE, SMALLER_SIDE = 2048, 1024, 512  # of few, of some and of many, in pixels
THUMBNAIL = 320
MOST_INPUTS = 24  # content and style images that are shown
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
        data: Whatever JSON can hold: ``title``, ``axes``, ``runs`` and the like. A picture is its
            name in ``pictures``.
        pictures: ``data:`` addresses by name. They are apart because they are large and most of
            them are never looked at.
    """

    data: dict[str, Any]
    pictures: dict[str, str] = field(default_factory=dict)


def gather(contents: Contents, folder: Path) -> Payload:
    """Return what a page shows.

    A file that a run doesn't have, or that can't be read, is left out. A page of more than
    ``MANY`` runs would be too large to open, so its pictures are smaller and those of Gram
    matrices are left out.

    Args:
        contents: What the page is made of.
        folder: The folder of the page: only what is below it is linked to.
    """
    count = len(contents.runs)
    many = count > MANY
    side = LARGER_SIDE if count <= FEW else SMALLER_SIDE if many else LONGEST_SIDE
    payload = Payload(
        {
            "title": contents.title,
            "noun": contents.noun,
            "table": contents.table,
            "grid": contents.grid,
            "few": count <= FEW,
            "longest_side": side,
            "most_with_grams": MANY if many else None,
            "axes": [{"name": axis.name, "labels": list(axis.labels)} for axis in contents.axes],
            "inputs": [],
            "better": {},
        }
    )
    payload.data["runs"] = [
        _run(run, f"run{number}", folder, payload) for number, run in enumerate(contents.runs)
    ]
    _add_settings(payload)
    return payload


def _run(shown: ShownRun, name: str, folder: Path, payload: Payload) -> dict[str, Any]:
    """Return what is shown of a run, and put its pictures into the payload."""
    run: dict[str, Any] = {key: value for key, value in vars(shown).items() if key != "folder"}
    run |= {"seconds": _finite(shown.seconds), "megabytes": _finite(shown.megabytes)}
    for part in ("terms", "metrics"):
        run[part] = {key: _finite(value) for key, value in run[part].items()}
    run |= {"picture": None, "losses": None, "config": None, "facts": {}, "inputs": [], "grams": []}
    here = shown.folder
    if here is None:
        return run
    run["picture"] = _shown_picture(here, name, folder, payload)
    run["losses"] = if_readable(losses_of, here.losses)
    config = if_readable(config_of, here.config)
    run["config"] = None if config is None else text_config(config)
    record = read_record(here)
    if record is not None:
        run["facts"] = _facts(record)
        payload.data["better"] |= record.better
    start = Path.cwd() if record is None else Path(record.folder)
    run["inputs"] = [_input(*each, payload) for each in inputs_of(config or {}, start)]
    grams = {} if payload.data["most_with_grams"] else here.last_grams()
    for layer, (step, path) in grams.items():
        gram = if_readable(_gram, path)
        if gram is not None:
            key = f"{name}/{layer}"
            payload.pictures[key] = gram
            run["grams"].append({"layer": layer, "step": step, "name": key})
    return run


def _shown_picture(
    run: RunFolder, name: str, folder: Path, payload: Payload
) -> dict[str, Any] | None:
    """Return the finished picture or the last one on the way, and put it into the payload."""
    step, path = None, run.result
    if not path.is_file() and (last := run.last_snapshot()) is not None:
        step, path = last
    picture = _embedded(path, name, payload)
    if picture is None:
        return None
    linked = path.absolute().is_relative_to(folder.absolute())
    file = path.absolute().relative_to(folder.absolute()).as_posix() if linked else None
    return {**picture, "file": file, "step": step}


def _input(role: str, path: Path, payload: Payload) -> int:
    """Return the place of a content or style image among all, and put it into the payload."""
    known: list[dict[str, Any]] = payload.data["inputs"]
    name = f"{role} {path}"
    for place, each in enumerate(known):
        if each["name"] == name:
            return place
    shown = len(known) < MOST_INPUTS
    picture = _embedded(path, f"input{len(known)}", payload) if shown else None
    known.append({"name": name, "role": role, "file": path.name, "picture": picture})
    return len(known) - 1


def _embedded(path: Path, name: str, payload: Payload) -> dict[str, Any] | None:
    """Put a picture into the payload, and return what is said of it; None if it has none."""
    picture = if_readable(partial(_picture, payload.data["longest_side"]), path)
    if picture is None:
        return None
    payload.pictures[name] = picture["full"]
    return {key: value for key, value in picture.items() if key != "full"} | {"name": name}


def _facts(record: RunRecord) -> dict[str, str]:
    """Return what a page says of how a run was made, by what it is."""
    weights = record.weights
    try:
        began = datetime.fromisoformat(record.began).strftime("%Y-%m-%d %H:%M:%S %Z")
    except ValueError:
        began = record.began
    return {
        "date": began,
        "device": record.device,
        "weights": f"{weights['name']}, sha256 {weights['sha256']}" if weights else "none trained",
        "versions": ", ".join(f"{name} {version}" for name, version in record.versions.items()),
    }


def _add_settings(payload: Payload) -> None:
    """Say what the runs have in common, what differs, and whether their metrics compare."""
    runs = payload.data["runs"]
    configs = [run["config"] for run in runs if run["config"] is not None]
    sizes = [run["picture"]["size"] for run in runs if run["picture"] is not None]
    shared = shared_settings(configs) if configs else {}
    payload.data["shared"] = {short_key(key): value for key, value in shared.items()}
    payload.data["differing"] = differing_settings(configs)
    payload.data["incomparable"] = incomparable(configs, [tuple(size) for size in sizes])
    for each in payload.data["inputs"]:
        del each["name"]  # a whole path is nobody's business


def _finite(value: float) -> float | None:
    """Return the value, or None if it is no number that JSON knows."""
    return value if math.isfinite(value) else None


def if_readable(read: Callable[[Path, int], T], path: Path) -> T | None:
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
    full = shown_image(path, _NO_LIMIT)
    size = full.size
    full.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    small = full.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    return {
        "full": data_uri(full, QUALITY),
        "thumbnail": data_uri(small, THUMBNAIL_QUALITY),
        "width": full.width,
        "height": full.height,
        "size": list(size),
    }


_NO_LIMIT = 10**9  # pixels; what can be read is smaller


@lru_cache(maxsize=5 * MANY)
def _gram(path: Path, changed: int) -> str:
    del changed
    return data_uri(shown_image(path, GRAM_WIDTH), QUALITY)


@lru_cache(maxsize=1024)
def losses_of(path: Path, changed: int) -> dict[str, list[float | None]]:
    """Return the columns of a table of losses: ``step``, the terms and ``total``.

    A long table is thinned evenly; its first and its last row are always there.

    Args:
        path: The table.
        changed: When it was changed.

    Raises:
        OSError: If it can't be read.
        ValueError: If it is no such table.
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
def config_of(path: Path, changed: int) -> dict[str, Any]:
    """Return what a config holds.

    Args:
        path: The config.
        changed: When it was changed.

    Raises:
        OSError: If it can't be read.
        ValueError: If it has no keys.
    """
    del changed
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(config, dict):
        raise ValueError(f"{path} has no keys.")
    return config


def text_config(config: dict[str, Any]) -> dict[str, str]:
    """Return the dotted keys of a config with their values as text.

    Args:
        config: What its YAML holds.
    """
    return {key: _text(value) for key, value in flattened(config).items()}


def _text(value: object) -> str:
    """Return a value as it could stand in a config."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
