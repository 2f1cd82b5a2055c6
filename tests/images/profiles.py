"""Small ICC profiles (ICC.1:2001-04) with known effects, and pictures written byte by byte."""

import struct
import zlib

from PIL import ImageCms


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
