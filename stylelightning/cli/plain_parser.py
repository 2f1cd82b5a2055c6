"""A parser of a few plain options; nothing of torch is imported."""

import argparse
import re
from typing import NoReturn

from stylelightning.cli.answer import near_ones
from stylelightning.cli.errors import UsageError


class PlainParser(argparse.ArgumentParser):
    """A parser that answers a mistake with one line and exit code 2.

    Args:
        command: The command that takes the options.
        description: What it does.
        epilog: What its help ends with.
        way_out: What the line about an unknown option ends with.
    """

    def __init__(self, command: str, description: str, epilog: str, way_out: str = "") -> None:
        super().__init__(
            prog=f"stylelightning {command}",
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.way_out = way_out

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and what may have been meant.

        Raises:
            UsageError: Always.
        """
        unknown = re.search(r"unrecognized arguments: (\S+)", message)
        hint = ""
        if unknown:
            hint = near_ones(unknown[1].partition("=")[0], self._option_string_actions)
            hint += self.way_out
        raise UsageError(f"{message[0].upper()}{message[1:]}. {hint}See {self.prog} -h.")


def pixels(text: str) -> int:
    """Return a number of pixels, at least 1, as the type of an option.

    Args:
        text: What was typed.

    Raises:
        argparse.ArgumentTypeError: If it is something else.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it must be a number of pixels, got {text!r}")
    return int(text)
