"""Pillow's own limit of a picture's pixels, replaced while pictures are read."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from PIL import Image

_LOCK = Lock()
_OWN: list[int | None] = []
"""Pillow's own limit, once for each thread that reads."""


@contextmanager
def pillow_reads(pixels: int) -> Iterator[None]:
    """Let Pillow read pictures of so many pixels, until all threads that read are done.

    Args:
        pixels: Most pixels; Pillow refuses above twice its limit.
    """
    with _LOCK:
        _OWN.append(_OWN[0] if _OWN else Image.MAX_IMAGE_PIXELS)
        Image.MAX_IMAGE_PIXELS = pixels // 2
    try:
        yield
    finally:
        with _LOCK:
            own = _OWN.pop()
            if not _OWN:
                Image.MAX_IMAGE_PIXELS = own
