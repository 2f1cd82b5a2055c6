"""``python -m stylelightning batch``: every content image in every style."""

from collections.abc import Sequence

from stylelightning.cli.first_look import check_batch
from stylelightning.cli.presets import with_preset


def run(args: Sequence[str]) -> int:
    """Make the pictures.

    Args:
        args: The options; those of ``fit`` hold for every run.

    Returns:
        Exit code: 0 all done, 1 some runs failed, 130 stopped.
    """
    args = with_preset(args)
    check_batch(args)
    # these import torch: seconds
    from stylelightning.cli.parser import command_parser
    from stylelightning.sweep.options import HOW, add_common_options, make_runs

    what = "Make a picture of every content image in every style."
    parser = command_parser("batch", f"{what}\n\n{HOW}")
    parser.add_argument(
        "-c",
        "--config",
        dest="base",
        action="append",
        help="Config of every run, a file or a preset, by default the preset quickstart; give it "
        "again to layer another on top.",
    )
    add_common_options(parser, "batch")
    return make_runs(parser, args)
