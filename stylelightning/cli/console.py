"""What the program says on the terminal."""

import contextlib
import logging
import sys
import warnings
from typing import TextIO

from stylelightning.terminal.standing import STANDING
from stylelightning.terminal.text import terminal_size, wrapped

NOISE = (
    # what these say is meant to be so, or is between two libraries
    r"Found \d+ module\(s\) in eval mode at the start of training",  # the backbone is frozen
    r".*`isinstance\(treespec, LeafSpec\)` is deprecated",  # Lightning's own call
    r"The number of training batches \(\d+\) is smaller than the logging interval",  # ours logs
    r"The dirpath has changed from",  # a resumed run gets a folder of its own
)


WHOLE = {"whole": True}
"""What a record has as ``extra`` that is one line whatever the terminal: a command to copy."""


class Console(logging.Handler):
    """Writes log records above the progress bar: information to stdout, the rest to stderr.

    Lines are wrapped to a terminal and whole in a file or a pipe.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        stream: TextIO | None = sys.stdout if record.levelno < logging.WARNING else sys.stderr
        word = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        if stream is None:  # closed by whoever started the program
            return
        with contextlib.suppress(OSError, ValueError):  # the reader is gone; the run goes on
            text = word + record.getMessage()
            if stream.isatty() and not getattr(record, "whole", False):
                text = wrapped(text, terminal_size(stream).columns)
            STANDING.write(text, stream)


def set_up_console(quiet: bool = False) -> None:
    """Send the project's messages to the terminal and leave Lightning's chatter out.

    Args:
        quiet: Whether only errors are shown.
    """
    logger = logging.getLogger("stylelightning")
    if not any(isinstance(handler, Console) for handler in logger.handlers):
        logger.addHandler(Console())
    logger.setLevel(logging.ERROR if quiet else logging.INFO)
    logger.propagate = False
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # what a callback that was asked for says, such as a ModelSummary
    logging.getLogger("lightning.pytorch.callbacks").setLevel(
        logging.WARNING if quiet else logging.INFO
    )
    for text in NOISE:
        warnings.filterwarnings("ignore", message=text)
