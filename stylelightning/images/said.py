"""What is said of a picture file, once in a process however often the file is read."""

import logging
from functools import lru_cache

log = logging.getLogger(__name__)


@lru_cache(maxsize=1024)
def say_once(line: str) -> None:
    """Log a warning that has not been logged before.

    Args:
        line: One line that names the file.
    """
    log.warning(line)
