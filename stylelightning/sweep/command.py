"""The commands ``sweep`` and ``batch``."""

import sys
from collections.abc import Sequence
from pathlib import Path

from stylelightning.cli.errors import attempt, set_up_process
from stylelightning.cli.parser import ConfigFile, Parser
from stylelightning.sweep.engines import Engine
from stylelightning.sweep.runner import run_sweep
from stylelightning.sweep.spec import Spec

FIT_SECTIONS = ("model", "data", "trainer", "callbacks", "seed_everything")
"""What begins an option of ``fit``."""
SPEC_KEYS = ("options", "axes", "points", "sample", "seed", "contents", "styles")
PICTURES = str | list[str] | None
SWEEP = """Make the runs of a sweep file, which names a base config and what differs.

Options of fit (--model.*, --data.*, --trainer.*, --callbacks.*, --seed_everything) hold for every
run. The same command again makes what is missing, failed or stopped.
"""
BATCH = """Make a picture of every content image in every style.

Options of fit (--model.*, --data.*, --trainer.*, --callbacks.*, --seed_everything) hold for every
run. The same command again makes what is missing, failed or stopped.
"""


def run(args: Sequence[str]) -> int:
    """Run ``sweep`` or ``batch``.

    Args:
        args: The command and its options; those of ``fit`` hold for every run.

    Returns:
        Exit code: 0 all done, 1 some runs failed, 2 bad command line or sweep, 130 stopped.
    """
    set_up_process()
    command, *options = args
    outcome = attempt(lambda made: _run(command, options))
    if outcome.error:
        sys.stderr.write(f"error: {outcome.error}\n")
    return outcome.code if outcome.value is None else int(outcome.value)


def _run(command: str, options: Sequence[str]) -> int:
    own, fit = split_options(options)
    parser = sweep_parser() if command == "sweep" else batch_parser()
    config = parser.parse_args(own)
    for key in ("name", "root", "engine"):
        if config[key] is None:
            raise ValueError(f"`{key}` must be given, got null.")
    engine: Engine = parser.instantiate_classes(config).engine
    given = {key: config[key] for key in SPEC_KEYS if config.get(key) is not None}
    base = config.get("base") or []
    spec = Spec(base=[base] if isinstance(base, str) else base, **given)
    return run_sweep(config.name, spec, engine, Path(config.root), fit, config.output or "")


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


def sweep_parser() -> Parser:
    """Return the parser of ``sweep``."""
    parser = Parser(prog="stylelightning sweep", allow_abbrev=False, description=SWEEP)
    parser.add_argument("-c", "--config", action=ConfigFile, help="The sweep file, in YAML.")
    parser.add_argument(
        "--base", type=str | list[str] | None, help="Config of every run; a list is layered."
    )
    parser.add_argument("--axes", type=dict, default={}, help="What differs: values by dotted key.")
    parser.add_argument("--options", type=dict, default={}, help="Values that all runs have.")
    parser.add_argument("--points", type=list, default=[], help="Points, instead of axes.")
    parser.add_argument("--sample", type=int | None, help="Number of points, drawn at random.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the random points.")
    _add_common(parser, "sweep")
    return parser


def batch_parser() -> Parser:
    """Return the parser of ``batch``."""
    parser = Parser(prog="stylelightning batch", allow_abbrev=False, description=BATCH)
    parser.add_argument(
        "-c",
        "--config",
        dest="base",
        action="append",
        help="Config of every run; give it again to layer another on top.",
    )
    _add_common(parser, "batch")
    return parser


def _add_common(parser: Parser, name: str) -> None:
    parser.add_argument(
        "--contents", type=PICTURES, help="Content images: a folder, a picture, or a list of both."
    )
    parser.add_argument("--styles", type=PICTURES, help="Style images, likewise.")
    parser.add_argument("--name", type=str, default=name, help="Name of the folder of all runs.")
    parser.add_argument("--root", type=str, default="runs", help="Folder that it is in.")
    parser.add_argument(
        "--output", type=str | None, help="Folder where the finished pictures are written too."
    )
    parser.add_subclass_arguments(Engine, "engine", help="Who makes the runs.")
    parser.set_defaults({"engine": {"class_path": "stylelightning.sweep.engines.LocalEngine"}})
