"""Every point of a sweep read by the parser of ``fit``, before the first run."""

import logging
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from stylelightning.cli.config import check_config, kept_config, picture_paths, run_parser
from stylelightning.cli.errors import attempt
from stylelightning.cli.parser import Parser
from stylelightning.files.paths import absolute_path
from stylelightning.files.shipped import shipped
from stylelightning.run.folder import MadeFolders
from stylelightning.sweep.job import NOT_KEPT, Job
from stylelightning.sweep.points import Point, axes_of
from stylelightning.sweep.records import Record
from stylelightning.sweep.spec import flags
from stylelightning.sweep.state import fingerprint

log = logging.getLogger(__name__)


def jobs_of(
    points: Sequence[Point], folder: Path, base: Iterable[str], options: Sequence[str], output: str
) -> tuple[list[Job], list[Record]]:
    """Return the jobs of the points that can run, and what is known of those that can't.

    Args:
        points: The points.
        folder: The sweep's folder.
        base: Configs, to be layered.
        options: Options of every run.
        output: Folder where the pictures are written too; empty for none.

    Raises:
        ValueError: If no point with some value of an axis can run: that is no matter of what it is
            combined with.
    """
    parser, made, jobs, failures = run_parser(), MadeFolders(), list[Job](), list[Record]()
    roots = set[str | None]()
    configs = [option for path in base for option in ("--config", path)]
    for point in points:
        args = [*configs, *options, *flags(point.settings), f"--name={point.name}"]
        args += [f"--output={output_path(output, point.name)}"] if output else []
        outcome = attempt(partial(_check, parser, args, made, bool(output)), raises=False)
        if outcome.code:
            failures.append(Record(point.name, point.place, status="failed", error=outcome.error))
        else:
            text, its_fingerprint, root = outcome.value
            roots |= {root}
            args += [f"--trainer.default_root_dir={folder}"]
            jobs.append(
                Job(point.name, point.place, tuple(args), str(folder), text, its_fingerprint)
            )
    for root in roots - {None}:
        log.warning(
            "trainer.default_root_dir of the config, %s, is not used: the runs are in %s, and "
            "--root DIR puts them elsewhere.",
            root,
            folder,
        )
    made.remove_empty()  # where outputs can be written was tried
    _refuse_mistakes(points, failures)
    return jobs, failures


def output_path(output: str, point: str) -> Path:
    """Return where a point's picture is written too.

    Args:
        output: Folder of all these pictures.
        point: The point's name.
    """
    return Path(output, f"{point}.png").expanduser()


def _check(
    parser: Parser, args: Sequence[str], made: MadeFolders, has_output: bool
) -> tuple[str, str, str | None]:
    """Return the whole config of a command line, the fingerprint of its run, and its own root."""
    config = parser.parse_args(list(args))
    if config.output is not None and not has_output:
        raise ValueError(
            f"`output` of the config, {config.output}, would be written by every run: take it out, "
            "and give a folder with --output."
        )
    if config.ckpt_path is not None:
        raise ValueError(
            f"`ckpt_path` of the config, {config.ckpt_path}, would be gone on from by every run: "
            "take it out; the same command goes on with what was stopped."
        )
    check_config(config, made)
    text = kept_config(parser, config, NOT_KEPT)
    read = [
        path
        for key, path in picture_paths(config)
        if key != "model.init" or absolute_path(shipped(path)).is_file()
    ]
    root = config.trainer.default_root_dir
    return text, fingerprint(text, read), None if root is None else str(root)


def _refuse_mistakes(points: Sequence[Point], failures: Sequence[Record]) -> None:
    failed = {record.point: record.error for record in failures}
    if len(failures) == len(points) and len(set(failed.values())) == 1:
        raise ValueError(failures[0].error)
    for axis in axes_of(points):
        if axis.name == "point":  # each is by itself
            continue
        for label in axis.labels:
            errors = [failed.get(each.name) for each in points if each.place[axis.name] == label]
            if all(errors):
                raise ValueError(f"No point with {axis.name} = {label} can run: {errors[0]}")
