"""What a command answers on standard output."""

import difflib
import os
import sys
from collections.abc import Iterable, Sequence


def write_answer(text: str) -> None:
    """Write to a reader that may have had enough, such as ``head``.

    Args:
        text: The whole answer.

    Raises:
        OSError: If it can't be written.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # what is left in the buffer must not be tried again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise


def aligned(rows: Sequence[Sequence[str]], sides: str) -> list[str]:
    """Return the lines of a table.

    Args:
        rows: Its cells.
        sides: For each column ``<`` if it is text, on the left, or ``>`` if it is a number.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def near_ones(word: str, names: Iterable[str], cutoff: float = 0.6) -> str:
    """Return a sentence with the names that a word may have meant, and a space; empty for none.

    Args:
        word: What was given.
        names: The names that there are.
        cutoff: How near they must be, from 0 to 1 for equal.
    """
    near = difflib.get_close_matches(word, list(dict.fromkeys(names)), n=3, cutoff=cutoff)
    return f"Did you mean {', '.join(near)}? " if near else ""
