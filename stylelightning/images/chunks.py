"""The chunks of a PNG that Pillow does not hand over."""

import struct
from typing import IO

WANTED = (b"cICP", b"sRGB", b"gAMA", b"cHRM")
LONGEST = 64
"""Most bytes of a chunk that is read."""


def colour_chunks(file: IO[bytes]) -> dict[bytes, bytes]:
    """Return the chunks that declare colours, the first of each kind.

    They stand before the pixels; what comes after is ignored, as the specification demands.

    Args:
        file: A PNG file.
    """
    found: dict[bytes, bytes] = {}
    file.seek(8)
    while len(header := file.read(8)) == 8:
        size, name = struct.unpack(">I4s", header)
        if name in (b"IDAT", b"IEND"):
            break
        if name in WANTED and size <= LONGEST:
            found.setdefault(name, file.read(size))
            file.seek(4, 1)
        else:
            file.seek(size + 4, 1)
    return found
