"""The options that ``sweep`` and ``batch`` share, and those that they hand on to their runs."""

from collections.abc import Sequence
from pathlib import Path

from stylelightning.cli.config import add_live_option, refuse_address
from stylelightning.cli.parser import Parser
from stylelightning.cli.process import set_up_process
from stylelightning.sweep.engines import Engine
from stylelightning.sweep.runner import run_sweep
from stylelightning.sweep.spec import Spec

FIT_SECTIONS = ("model", "data", "trainer", "callbacks", "seed_everything")
"""What begins an option of ``fit``."""
SPEC_KEYS = ("options", "axes", "points", "sample", "seed", "contents", "styles")
PICTURES = str | list[str] | None
HOW = """\
Options of fit (--model.*, --data.*, --trainer.*, --callbacks.*, --seed_everything) hold for every
run. The same command again makes what is missing, failed or stopped.
"""


def make_runs(parser: Parser, options: Sequence[str]) -> int:
    """Make the runs of a command line.

    Args:
        parser: What takes the options that are not of ``fit``.
        options: All of them.

    Returns:
        Exit code: 0 all done, 1 some runs failed, 130 stopped.

    Raises:
        OSError: If a file is missing or can't be written.
        ValueError: If the sweep makes no sense.
    """
    set_up_process()
    own, fit = split_options(options)
    config = parser.parse_args(own)
    if any(option.partition("=")[0] == "--trainer.default_root_dir" for option in fit):
        raise ValueError(
            "`trainer.default_root_dir` of every run is <root>/<name>: give --root DIR in place."
        )
    for key in ("name", "root", "engine"):
        if config[key] is None:
            raise ValueError(f"`{key}` must be given, got null.")
    refuse_address("root", config.root)
    engine: Engine = parser.instantiate(config).engine
    given = {key: config[key] for key in SPEC_KEYS if config.get(key) is not None}
    base = config.get("base") or []
    spec = Spec(base=[base] if isinstance(base, str) else base, **given)
    return run_sweep(
        config.name, spec, engine, Path(config.root), fit, config.output or "", config.live
    )


def split_options(options: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the options of a sweep, and those of its runs.

    Args:
        options: All of them; ``--data.size 64`` and ``--data.size=64`` are of ``fit``.
    """
    own: list[str] = []
    fit: list[str] = []
    rest = list(options)
    while rest:
        option = rest.pop(0)
        key = option.removeprefix("--").partition("=")[0]
        mine = not option.startswith("--") or key.split(".")[0] not in FIT_SECTIONS
        (own if mine else fit).append(option)
        if not mine and "=" not in option and rest and not rest[0].startswith("--"):
            fit.append(rest.pop(0))
    return own, fit


def add_common_options(parser: Parser, name: str) -> None:
    """Add the options that both commands have.

    Args:
        parser: Takes them.
        name: Name of the folder of all runs where none is given.
    """
    parser.add_argument(
        "--contents", type=PICTURES, help="Content images: a folder, a picture, or a list of both."
    )
    parser.add_argument("--styles", type=PICTURES, help="Style images, likewise.")
    parser.add_argument("--name", type=str, default=name, help="Name of the folder of all runs.")
    parser.add_argument("--root", type=str, default="runs", help="Folder that it is in.")
    parser.add_argument(
        "--output", type=str | None, help="Folder where the finished pictures are written too."
    )
    add_live_option(parser, "all runs")
    parser.add_subclass_arguments(Engine, "engine", help="Who makes the runs.")
    parser.set_defaults({"engine": {"class_path": "stylelightning.sweep.engines.LocalEngine"}})
