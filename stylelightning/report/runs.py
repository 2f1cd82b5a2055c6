"""The page's contents of runs that ``fit`` made, read from their folders."""

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path

from stylelightning.report.contents import NAN, Axis, Contents, ShownRun
from stylelightning.report.payload import config_of, if_readable, losses_of, text_config
from stylelightning.report.settings import Config, labelling_keys, short_key, short_value
from stylelightning.run.folder import RunFolder
from stylelightning.run.record import read_record

MOST_IN_LABEL = 3  # keys that a run is called by; where more differ, it is called by its folder
UNFINISHED = "unfinished"


def contents_of(folders: Sequence[RunFolder]) -> Contents:
    """Return what the page of runs is made of.

    The runs are called by the values of the keys that differ; if that are many, or none, by the
    names of their folders.

    Args:
        folders: The runs' folders, at least one.
    """
    names = run_names(folders)
    axes, places = named_by_settings([_config(each) for each in folders], names)
    runs = [
        _run(folder, name, place)
        for folder, name, place in zip(folders, names, places, strict=True)
    ]
    full = math.prod(len(axis.labels) for axis in axes) == len(runs)
    return Contents(_title(names), "run", axes, runs, full and len(axes) > 1)


def run_names(folders: Sequence[RunFolder]) -> list[str]:
    """Return ``name/version_N`` of every run, or longer paths if two have the same.

    Args:
        folders: The runs' folders.
    """
    paths = [each.path.absolute() for each in folders]
    names = ["/".join(path.parts[-2:]) for path in paths]
    return names if len({*names}) == len(names) else [_from_here(path) for path in paths]


def _from_here(path: Path) -> str:
    """Return a path as it is called in the working folder."""
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()


def named_by_settings(
    configs: Sequence[Config], names: Sequence[str]
) -> tuple[list[Axis], list[dict[str, str]]]:
    """Return the axes on which runs differ, and the place of every run on them.

    Args:
        configs: Their configs; empty for a run without one.
        names: What they are called otherwise.
    """
    if len(configs) == 1:
        return [], [{}]
    keys = labelling_keys(configs) if all(configs) else []
    places = [{short_key(key): short_value(key, each.get(key)) for key in keys} for each in configs]
    told_apart = len({tuple(place.values()) for place in places}) == len(places)
    if not 0 < len(keys) <= MOST_IN_LABEL or not told_apart:
        return [Axis("run", tuple(names))], [{"run": name} for name in names]
    axes = [short_key(key) for key in keys]
    labels = {axis: tuple(dict.fromkeys(place[axis] for place in places)) for axis in axes}
    return [Axis(axis, labels[axis]) for axis in axes], places


def _title(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    parents = dict.fromkeys(name.rpartition("/")[0] for name in names)
    return f"{len(names)} runs of {', '.join(parents)}"


def _config(folder: RunFolder) -> Config:
    """Return the values of a run's config as text; nothing if there is none that can be read."""
    return text_config(if_readable(config_of, folder.config) or {})


def _run(folder: RunFolder, name: str, place: dict[str, str]) -> ShownRun:
    """Return what is known of a run, of its end if there was one."""
    record = read_record(folder)
    ended = record if record is not None and record.status != "running" else None
    table = if_readable(losses_of, folder.losses) or {}
    last = {key: values[-1] for key, values in table.items() if values}
    step = last.pop("step", None) or 0
    finished = folder.result.is_file()
    if ended is not None:
        status: str = ended.status
    else:
        status = "done" if finished else UNFINISHED
    return ShownRun(
        name,
        place,
        status,
        steps=int(step) if ended is None else ended.steps,
        seconds=NAN if ended is None else ended.seconds,
        megabytes=if_readable(_peak, folder.losses) or NAN,
        folder=folder,
        error="" if finished else _instead(folder),
        terms={key: NAN if value is None else value for key, value in last.items()},
        metrics=if_readable(_metrics, folder.metrics) or {},
    )


def _instead(folder: RunFolder) -> str:
    """Return what a run without its finished picture has to show."""
    last = folder.last_snapshot()
    return "There is no picture yet." if last is None else f"The picture is that of step {last[0]}."


def _peak(path: Path, changed: int) -> float:
    """Return the most memory that a table of losses tells of, 10^6 bytes; NaN if it doesn't."""
    del changed
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row.get("peak_memory_mb") for row in csv.DictReader(file)]
    return max((float(each) for each in rows if each), default=NAN)


def _metrics(path: Path, changed: int) -> dict[str, float]:
    del changed
    found = json.loads(path.read_bytes())
    if not isinstance(found, dict):
        raise ValueError(f"{path} has no numbers by name.")
    return {str(name): float(value) for name, value in found.items()}
