"""The environment variables of this process, put back when something is over."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unchanged_environment() -> Iterator[None]:
    """Take away the variables that were set meanwhile, and give changed ones their values again."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
