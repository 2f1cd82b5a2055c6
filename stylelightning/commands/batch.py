"""``python -m stylelightning batch``: every content image in every style."""

from collections.abc import Sequence

from stylelightning.cli.parser import command_parser
from stylelightning.sweep.options import HOW, add_common_options, make_runs


def run(args: Sequence[str]) -> int:
    """Make the pictures.

    Args:
        args: The options; those of ``fit`` hold for every run.

    Returns:
        Exit code: 0 all done, 1 some runs failed, 130 stopped.
    """
    what = "Make a picture of every content image in every style."
    parser = command_parser("batch", f"{what}\n\n{HOW}")
    parser.add_argument(
        "-c",
        "--config",
        dest="base",
        action="append",
        help="Config of every run; give it again to layer another on top.",
    )
    add_common_options(parser, "batch")
    return make_runs(parser, args)
