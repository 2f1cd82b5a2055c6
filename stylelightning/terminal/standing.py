"""Rows that stand above the progress bar while lines go by over them."""

import sys
from collections.abc import Sequence
from typing import TextIO

from tqdm import tqdm

from stylelightning.terminal.text import terminal_size


class StandingRows:
    """The rows at the foot of the terminal, between the lines that were said and the progress bar.

    The cursor is on the bar's line, right below them, whether there is a bar or not. Whatever is
    written goes through ``write``, which takes bar and rows away before and puts them back after.
    """

    def __init__(self) -> None:
        self._rows: list[str] = []
        self._width = 0

    def show(self, rows: Sequence[str], width: int) -> None:
        """Put other rows in place of those that stand there.

        Args:
            rows: What to show on standard output.
            width: Columns that each takes.
        """
        with tqdm.external_write_mode(file=sys.stdout):
            before = self._erasure()
            self._rows, self._width = list(rows), width
            _send(before + self._drawing())

    def release(self) -> None:
        """Leave the rows to the lines that were said: they go up with them from now on."""
        self._rows = []

    def write(self, text: str, stream: TextIO) -> None:
        """Write a line above the rows.

        Args:
            text: The line, or several, without the last line break.
            stream: Standard output or standard error.
        """
        stands = bool(self._rows) and stream.isatty()
        with tqdm.external_write_mode(file=stream):
            if stands:
                _send(self._erasure())
            stream.write(f"{text}\n")
            stream.flush()
            if stands:
                _send(self._drawing())

    def _erasure(self) -> str:
        """Return what takes the rows away; a terminal made narrower has broken them."""
        if not self._rows:
            return ""
        lines = -(-self._width // terminal_size(sys.stdout).columns)
        return f"\r\x1b[{lines * len(self._rows)}A\x1b[J"

    def _drawing(self) -> str:
        return "".join(f"{row}\n" for row in self._rows)


def _send(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


STANDING = StandingRows()
"""Those of this process: it has one terminal."""
