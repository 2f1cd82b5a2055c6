"""The boxes that AVIF, HEIF and JPEG 2000 files are made of: ISO/IEC 14496-12."""

import struct
from collections.abc import Iterator
from typing import IO

MOST = 1000
"""Most boxes of a file that are looked at."""
LARGEST = 1 << 24
"""Bytes of the largest box that is looked into."""

_PATHS = ((b"meta", b"iprp", b"ipco"), (b"jp2h",))
"""Where colours are declared: in AVIF and HEIF, and in JPEG 2000."""


def colour_boxes(file: IO[bytes]) -> list[bytes]:
    """Return the contents of the boxes that declare colours, in order.

    Args:
        file: The file.
    """
    found: list[bytes] = []
    for name, size in _boxes_of_file(file):
        inner = next((path for path in _PATHS if path[0] == name), None)
        if inner is not None and size <= LARGEST:
            found += _within(file.read(size), inner)
    return found


def _boxes_of_file(file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield name and size of each box of a file, which then stands at its contents."""
    end = file.seek(0, 2)
    place = 0
    for _ in range(MOST):
        if place + 8 > end:
            return
        file.seek(place)
        size, name = struct.unpack(">I4s", file.read(8))
        header = 8
        if size == 1 and place + 16 <= end:
            size, header = struct.unpack(">Q", file.read(8))[0], 16
        if size == 0:
            size = end - place
        if size < header:
            return
        yield name, min(size, end - place) - header
        place += size


def _within(data: bytes, path: tuple[bytes, ...]) -> list[bytes]:
    """Return the contents of the colour boxes at a path whose first box holds ``data``."""
    if path[0] == b"meta":
        data = data[4:]  # version and flags
    wanted = path[1] if len(path) > 1 else b"colr"
    found: list[bytes] = []
    place = 0
    while place + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, place)
        if size < 8:
            break
        if name == wanted:
            inner = data[place + 8 : place + size]
            found += _within(inner, path[1:]) if len(path) > 1 else [inner]
        place += size
    return found
