"""Lines that fit a terminal."""

import contextlib
import math
import os
import shutil
from typing import TextIO

INDENT = "    "
"""Before each line of a text but the first."""


def terminal_size(stream: TextIO) -> os.terminal_size:
    """Return how many columns and lines the terminal has that a stream leads to.

    Args:
        stream: The stream; one that leads to no terminal has what the variables ``COLUMNS`` and
            ``LINES`` say, or 80 x 24.
    """
    with contextlib.suppress(OSError, ValueError):
        size = os.get_terminal_size(stream.fileno())
        if size.columns and size.lines:
            return size
    return shutil.get_terminal_size()


def wrapped(text: str, columns: int) -> str:
    """Return a text as lines that fit, broken between words.

    Where its parts are two spaces apart, as a name with its number is from the next, they are kept
    whole. A word that is too long for a line stays whole too.

    Args:
        text: The text; line breaks in it stay.
        columns: Most letters of a line.

    Example:
        >>> print(wrapped("step 25  style 534.1  tv 28.2", 22))
        step 25  style 534.1
            tv 28.2
    """
    return "\n".join(line for each in text.split("\n") for line in _lines(each, columns))


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds, with hours where it has some.

    Example:
        >>> clock(59.7), clock(3725)
        ('1:00', '1:02:05')
    """
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _lines(text: str, columns: int) -> list[str]:
    lines, least = [], 0
    while len(text) > columns:
        cut = text.rfind("  ", least, columns + 2)
        if cut <= least:
            cut = text.rfind(" ", least, columns + 1)
        if cut <= least:  # a word that is too long
            cut = text.find(" ", max(least, columns))
        if cut <= least:
            break
        lines.append(text[:cut].rstrip())
        text, least = INDENT + text[cut:].lstrip(), len(INDENT)
    return [*lines, text]
