"""What a command answers on standard output."""

import os
import sys


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
