"""What a command answers on standard output, and on standard error."""

import contextlib
import difflib
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO


def write_answer(text: str) -> None:
    """Write to a reader that may have had enough, such as ``head``.

    Args:
        text: The whole answer.

    Raises:
        OSError: If it can't be written.
    """
    stream: TextIO | None = sys.stdout
    if stream is None:  # closed by whoever started the program
        return
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        forget(stream)
        if not isinstance(error, BrokenPipeError):
            raise


def write_error(text: str) -> None:
    """Write to standard error, which may be closed: there is nowhere left to say so.

    Args:
        text: A line.
    """
    stream: TextIO | None = sys.stderr
    if stream is None:
        return
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except OSError:
        forget(stream)


def reader_is_gone() -> bool:
    """Return whether standard output leads to a reader that has had enough; then forget it."""
    stream: TextIO | None = sys.stdout
    try:
        if stream is not None:
            stream.flush()
    except BrokenPipeError:
        forget(sys.stdout)
        return True
    return False


def forget(stream: TextIO) -> None:
    """Lead a stream to nowhere: what is left in its buffer must not be tried again at exit."""
    with contextlib.suppress(OSError, ValueError):  # a stream of a test's has no number
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


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
