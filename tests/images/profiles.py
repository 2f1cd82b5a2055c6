"""Small ICC profiles (ICC.1:2001-04) with known effects, and pictures written byte by byte."""

import struct
import zlib
from collections.abc import Sequence

from PIL import ImageCms

Tags = dict[int, tuple[int, Sequence[float]]]
"""Type (3 short, 4 long, 5 rational) and values of a TIFF's tags, by number."""


def _profile(space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Return a scanner profile of the given colour space with the given tags."""
    d50 = struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    tags = {
        b"desc": b"desc" + struct.pack(">II", 0, 2) + b"x\0" + bytes(78),
        b"cprt": b"text" + bytes(4) + b"x\0",
        b"wtpt": b"XYZ " + bytes(4) + d50,
        **tags,
    }
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4sI", offset + len(body), bytes(4), 0x02400000)
    header += b"scnr" + space + connection + bytes(12) + b"acsp" + bytes(28) + d50
    return header.ljust(128, b"\0") + table + body


def linear_gray() -> bytes:
    """Return a gray profile without gamma: the value is the share of light."""
    return _profile(b"GRAY", b"XYZ ", {b"kTRC": b"curv" + struct.pack(">II", 0, 0)})


def light_cmyk() -> bytes:
    """Return a CMYK profile in which black ink alone is L* = 50, and all four inks are black."""
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    ramp = bytes(range(256))
    # Lightness of the 16 corners, the last ink changes fastest: no ink, K, Y, KY, ...
    lightness = [255, 128, *[200] * 13, 0]
    grid = b"".join(bytes((value, 128, 128)) for value in lightness)
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + ramp * 4 + grid + ramp * 3
    return _profile(b"CMYK", b"Lab ", {b"A2B0": table})


def rgb(colorants: list[list[float]], gamma: float) -> bytes:
    """Return an RGB profile of the given XYZ (D50) of red, green and blue, and exponent."""
    curve = b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256)) + bytes(2)
    tags = {}
    for name, xyz in zip((b"r", b"g", b"b"), colorants, strict=True):
        tags[name + b"XYZ"] = b"XYZ " + struct.pack(">I3i", 0, *(round(n * 65536) for n in xyz))
        tags[name + b"TRC"] = curve
    return _profile(b"RGB ", b"XYZ ", tags)


def swapped_rgb() -> bytes:
    """Return an RGB profile in which red means blue and blue means red."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace(b"rXYZ", b"????", 1).replace(b"bXYZ", b"rXYZ", 1)
    return profile.replace(b"????", b"bXYZ", 1)


def with_tag(tiff: bytes, tag: int, value: int) -> bytes:
    """Return a little-endian TIFF whose tag, a single number, has another value."""
    data = bytearray(tiff)
    start = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, start)[0]
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, entry)[0] == tag:
            struct.pack_into("<I", data, entry + 8, value)
    return bytes(data)


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *more: bytes) -> bytes:
    """Return a PNG with the given header, more chunks (name and data), and filtered rows."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for chunk in (header, *more, b"IDAT" + zlib.compress(rows), b"IEND"):
        data += struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return data


def tiff(width: int, height: int, data: bytes, tags: Tags) -> bytes:
    """Return an uncompressed little-endian TIFF of one strip.

    Args:
        width: In pixels.
        height: In pixels.
        data: The pixels.
        tags: More tags, or others.
    """
    every: Tags = {
        256: (3, [width]),
        257: (3, [height]),
        259: (3, [1]),
        273: (4, [0]),
        278: (3, [height]),
        279: (4, [len(data)]),
        **tags,
    }
    heap, start = b"", 8 + 2 + 12 * len(every) + 4
    longer = {tag: _packed(*each) for tag, each in every.items()}
    place = start + sum(len(raw) for raw in longer.values() if len(raw) > 4)
    longer[273] = struct.pack("<I", place)
    entries = b""
    for tag in sorted(every):
        kind, values = every[tag]
        raw = longer[tag]
        entries += struct.pack("<HHI", tag, kind, len(values))
        entries += struct.pack("<I", start + len(heap)) if len(raw) > 4 else raw.ljust(4, b"\0")
        heap += raw if len(raw) > 4 else b""
    head = b"II*\0" + struct.pack("<IH", 8, len(every)) + entries + bytes(4)
    return head + heap + data


def _packed(kind: int, values: Sequence[float]) -> bytes:
    if kind == 5:
        return b"".join(struct.pack("<II", round(each * 100000), 100000) for each in values)
    return struct.pack(f"<{len(values)}{'HI'[kind - 3]}", *map(int, values))
