"""``python -m stylelightning test``: how good finished pictures are."""

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from stylelightning.cli.answer import aligned, write_answer, write_error
from stylelightning.cli.plain_parser import PlainParser, pixels

if TYPE_CHECKING:
    from stylelightning.cli.finished_pictures import Measurement

DESCRIPTION = """\
Measures finished pictures by the content image and the style images that they were made from, and
writes a table. A picture made by this program carries its config, which names them."""

EPILOG = """\
What each number means: docs/metrics.md. `stylelightning list metrics` names the metrics.
LPIPS needs its weights in the cache of torch.hub; nothing is downloaded."""


def run(args: Sequence[str]) -> int:
    """Answer a command line.

    Args:
        args: What follows ``test``.
    """
    given = parser().parse_args(args)
    from stylelightning.cli.console import set_up_console
    from stylelightning.cli.finished_pictures import measure  # imports torch: 4 s

    set_up_console(quiet=True)  # the answer is all that goes to standard output
    found = measure(given.image, given.ckpt_path, given.content, given.style, given.size)
    for note in dict.fromkeys(note for each in found for note in each.notes):
        write_error(f"note: {note}")
    write_answer(as_json(found) if given.json else table(found))
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    made = PlainParser("test", DESCRIPTION, EPILOG)
    made.add_argument(
        "--image", action="append", default=[], help="a finished picture; may be given again"
    )
    made.add_argument(
        "--ckpt_path",
        action="append",
        default=[],
        help="a run's checkpoints/last.ckpt, for the picture in it; may be given again",
    )
    made.add_argument("--content", help="the content image; no config is then asked")
    made.add_argument(
        "--style",
        action="append",
        default=[],
        help="the style image; no config is then asked; again for several in equal shares",
    )
    made.add_argument(
        "--size",
        type=pixels,
        help="longer side in pixels at which all are compared; by default the picture's own, at "
        "most 512",
    )
    made.add_argument("--json", action="store_true", help="write JSON in place of a table")
    return made


def table(measurements: Sequence["Measurement"]) -> str:
    """Return the numbers as text: a column for each picture, a row for each number."""
    names = list(dict.fromkeys(name for each in measurements for name in each.metrics))
    rows = [
        ["", *(each.picture for each in measurements)],
        ["compared at", *(f"{each.width}x{each.height}" for each in measurements)],
        *([name, *(_cell(each.metrics.get(name)) for each in measurements)] for name in names),
    ]
    return "".join(f"{line}\n" for line in aligned(rows, "<" + ">" * len(measurements)))


def as_json(measurements: Sequence["Measurement"]) -> str:
    """Return the numbers as JSON: a list with an object for each picture."""
    keys = ("picture", "width", "height", "metrics", "left_out")
    entries = [{key: getattr(each, key) for key in keys} for each in measurements]
    return f"{json.dumps(entries, indent=2)}\n"


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
