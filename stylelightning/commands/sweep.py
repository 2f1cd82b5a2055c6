"""``python -m stylelightning sweep``: runs that differ in some keys."""

from collections.abc import Sequence

from stylelightning.cli.parser import ConfigFile, command_parser
from stylelightning.sweep.options import HOW, add_common_options, make_runs


def run(args: Sequence[str]) -> int:
    """Make the runs.

    Args:
        args: The options; those of ``fit`` hold for every run.

    Returns:
        Exit code: 0 all done, 1 some runs failed, 130 stopped.
    """
    what = "Make the runs of a sweep file, which names a base config and what differs."
    parser = command_parser("sweep", f"{what}\n\n{HOW}")
    parser.add_argument("-c", "--config", action=ConfigFile, help="The sweep file, in YAML.")
    parser.add_argument(
        "--base", type=str | list[str] | None, help="Config of every run; a list is layered."
    )
    parser.add_argument("--axes", type=dict, default={}, help="What differs: values by dotted key.")
    parser.add_argument("--options", type=dict, default={}, help="Values that all runs have.")
    parser.add_argument("--points", type=list, default=[], help="Points, instead of axes.")
    parser.add_argument("--sample", type=int | None, help="Number of points, drawn at random.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the random points.")
    add_common_options(parser, "sweep")
    return make_runs(parser, args)
