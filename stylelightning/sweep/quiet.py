"""What runs may say on the terminal while a sweep reports on them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Quiet(logging.Filter):
    """Lets the sweep's own messages through, and each warning of its runs once."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a message is written."""
        if record.name.startswith("stylelightning.sweep"):
            return True
        message = record.getMessage()
        if record.levelno < logging.WARNING or message in self._said:
            return False
        self._said.add(message)
        return True


@contextmanager
def quiet_runs() -> Iterator[None]:
    """Keep the runs of this process quiet while it is open."""
    handlers, quiet = logging.getLogger("stylelightning").handlers, Quiet()
    for handler in handlers:
        handler.addFilter(quiet)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(quiet)
