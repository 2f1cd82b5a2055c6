"""``python -m stylelightning paint``: a picture out of two, in a few plain words."""

import argparse
import shlex
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import yaml

from stylelightning.cli.answer import write_answer
from stylelightning.cli.errors import UsageError
from stylelightning.cli.first_look import check_run
from stylelightning.cli.plain_parser import PlainParser, pixels
from stylelightning.cli.presets import DEFAULT, config_path
from stylelightning.cli.yaml_text import load_yaml
from stylelightning.commands import fit

DESCRIPTION = """\
Paints what is on one picture in the style of another. The line of `fit` that does the same is
written first: every option of it is yours."""

EPILOG = """\
stylelightning list presets     what a preset is, and which needs a download
stylelightning fit --help       every option there is"""

USAGE = """\
stylelightning paint CONTENT STYLE [-o FILE] [--preset NAME] [--strength 0..1] [--size PIXELS]
                            [--seed N] [--keep-colours] [--draft] [--preview]"""

EXAMPLE = "stylelightning paint me.jpg art.jpg -o out.png"
LONGEST_STEM = 80
"""Characters of a picture's name that the finished picture is called by."""


def run(args: Sequence[str]) -> int:
    """Paint the picture.

    Args:
        args: What follows ``paint``.
    """
    given = parser().parse_args(args)
    options = fit_options(given)
    check_run(options)
    if given.strength != 0.5:
        from stylelightning.cli.strength import strength_options  # imports torch: seconds

        options += strength_options(config_path(given.preset), given.strength)
    write_answer(f"{shlex.join(['stylelightning', 'fit', *options])}\n")
    return fit.run(options)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    way_out = "`fit` has every other option, and `paint` writes the line of `fit` to begin with. "
    made = PlainParser("paint", DESCRIPTION, EPILOG, way_out)
    made.usage = USAGE
    made.add_argument(
        "content", nargs="?", metavar="CONTENT", help="the picture whose forms are kept"
    )
    made.add_argument(
        "style", nargs="?", metavar="STYLE", help="the picture whose strokes and colours are taken"
    )
    made.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the finished picture: .png, .jpg, .webp or .tif; by default me-art.png, in the "
        "working folder, or me-art-2.png if that is there",
    )
    made.add_argument(
        "--preset",
        default=DEFAULT,
        metavar="NAME",
        help=f"how it is painted, by default {DEFAULT}; or the path of a config",
    )
    made.add_argument(
        "--strength",
        metavar="0..1",
        type=_strength,
        default=0.5,
        help="of the style, from 0 to 1; 0.5 is the preset as it is",
    )
    made.add_argument(
        "--size",
        type=pixels,
        metavar="PIXELS",
        help="longer side of the finished picture, by default the preset's",
    )
    made.add_argument(
        "--seed", type=_whole, metavar="N", help="of what is random, by default the preset's"
    )
    made.add_argument(
        "--keep-colours", action="store_true", help="the content picture's own colours"
    )
    made.add_argument(
        "--draft",
        action="store_true",
        help="a first look, of 384 px at most and in a third of the time or less",
    )
    made.add_argument(
        "--preview",
        action="store_true",
        help="show the picture in the terminal while it is made, in coloured blocks",
    )
    return made


def fit_options(given: argparse.Namespace) -> list[str]:
    """Return the options of ``fit`` that a command line stands for, its strength apart.

    Args:
        given: What ``parser`` read.

    Raises:
        UsageError: If a picture is missing.
    """
    if given.style is None:
        raise UsageError(f"It takes two pictures, the content and the style: {EXAMPLE}")
    output = given.output or free_name(Path(given.content), Path(given.style))
    pairs = {
        "--config": given.preset,
        "--data.content": _path(given.content),
        "--data.style": _path(given.style),
        "--output": output,
        "--data.size": given.size,
        "--seed_everything": given.seed,
        "--data.colours": "StyleToContent" if given.keep_colours else None,
        "--model.schedule.draft": "true" if given.draft else None,
    }
    options = []
    for key, value in pairs.items():
        if value is not None:
            options += [f"{key}={value}"] if str(value).startswith("-") else [key, str(value)]
    return [*options, "--preview"] if given.preview else options


def free_name(content: Path, style: Path) -> str:
    """Return a name for the finished picture that no file of the working folder has.

    Args:
        content: The content image.
        style: The style image.
    """
    stem = f"{content.stem[:LONGEST_STEM]}-{style.stem[:LONGEST_STEM]}"
    names = (f"{stem}{f'-{number}' if number > 1 else ''}.png" for number in count(1))
    return next(name for name in names if not Path(name).exists())


def _path(text: str) -> str:
    """Return a path that YAML takes for a text, as it does not ``null`` or ``[a].jpg``."""
    try:
        is_text = load_yaml(text) == text
    except yaml.YAMLError:
        is_text = False
    return text if is_text or Path(text).is_absolute() else f"./{text}"


def _strength(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(
            f"it must be a number from 0, mostly the content, to 1, mostly the style, got {text!r}"
        )
    return value


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"it must be a whole number of at least 0, got {text!r}")
    return int(text)
