"""What runs may say on the terminal while something above them reports on them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Quiet(logging.Filter):
    """Lets the messages of some modules through, and each warning of all others once.

    Args:
        speakers: What the names of these modules begin with.
    """

    def __init__(self, speakers: tuple[str, ...] = ("stylelightning.sweep",)) -> None:
        super().__init__()
        self._speakers = speakers
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a message is written."""
        if record.name.startswith(self._speakers):
            return True
        message = record.getMessage()
        if record.levelno < logging.WARNING or message in self._said:
            return False
        self._said.add(message)
        return True


@contextmanager
def quiet_runs(*speakers: str) -> Iterator[None]:
    """Keep the runs of this process quiet while it is open.

    Args:
        speakers: What the names of the modules begin with that may speak; those of the sweep if
            there are none.
    """
    quiet = Quiet(speakers) if speakers else Quiet()
    handlers = logging.getLogger("stylelightning").handlers
    for handler in handlers:
        handler.addFilter(quiet)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(quiet)
