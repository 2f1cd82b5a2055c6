"""Seeded mutations of small pictures in every format that is read."""

import random
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from stylelightning.images import write_picture
from tests.images.profiles import Tags, linear_gray, png, swapped_rgb, tiff
from tests.images.test_declarations import camera_exif
from tests.images.test_unread_formats import HEIC

_SAVED: dict[str, dict[str, Any]] = {
    ".jpg": {"quality": 90},
    ".png": {},
    ".webp": {},
    ".tif": {"compression": "tiff_lzw"},
    ".bmp": {},
    ".gif": {},
    ".avif": {},
    ".jp2": {},
    ".ppm": {},
    ".tga": {},
    ".ico": {},
    ".icns": {},
    ".dds": {},
    ".pcx": {},
    ".qoi": {},
    ".sgi": {},
    ".xbm": {},
}


def seeds(folder: Path) -> dict[str, bytes]:
    """Return one small picture of each kind, by name.

    Args:
        folder: Empty folder for files on the way.
    """
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    pixels = torch.from_numpy(noise).permute(2, 0, 1)[None] / 255
    made = {}
    for suffix, options in _SAVED.items():
        buffer = BytesIO()
        source = image.convert("1") if suffix == ".xbm" else image
        source.save(buffer, Image.registered_extensions()[suffix], **options)
        made[f"plain{suffix}"] = buffer.getvalue()
    exif = camera_exif(0xFFFF, "R03").tobytes()
    for suffix in (".jpg", ".png", ".webp", ".tif", ".avif"):
        buffer = BytesIO()
        kind = Image.registered_extensions()[suffix]
        image.save(buffer, kind, exif=exif, icc_profile=swapped_rgb())
        made[f"declared{suffix}"] = buffer.getvalue()
    for mode in ("CMYK", "L"):
        buffer = BytesIO()
        image.convert(mode).save(buffer, "JPEG", icc_profile=linear_gray())
        made[f"{mode}.jpg"] = buffer.getvalue()
    for suffix in (".gif", ".webp", ".png", ".tif", ".avif"):
        buffer = BytesIO()
        others = [image.rotate(90, expand=False), image.rotate(180)]
        kind = Image.registered_extensions()[suffix]
        image.save(buffer, kind, save_all=True, append_images=others)
        made[f"several{suffix}"] = buffer.getvalue()
    for suffix in (".png", ".jpg", ".webp", ".tif"):
        name = f"config{suffix}"
        write_picture(folder / name, pixels, config="data:\n  content: é.jpg\n")
        made[name] = (folder / name).read_bytes()
    chunks = (
        b"cICP\x09\x10\0\1",
        b"gAMA" + struct.pack(">I", 100_000),
        b"cHRM" + struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000),
    )
    rows = b"".join(b"\0" + bytes(noise[y].astype(">u2").tobytes()) for y in range(24))
    made["deep.png"] = png(32, 24, 16, 2, rows, *chunks)
    floats = (noise[..., 0] / 255).astype("<f4").tobytes()
    one: Tags = {258: (3, [32]), 262: (3, [1]), 277: (3, [1]), 339: (3, [3])}
    made["float.tif"] = tiff(32, 24, floats, one)
    made["heif.heic"] = HEIC
    return made


def mutants(folder: Path, seed: int, count: int) -> Iterator[tuple[str, str, bytes]]:
    """Yield the name, the kind of mutation and the bytes of mutated pictures.

    Args:
        folder: Empty folder for files on the way.
        seed: Seed of the mutations.
        count: How many.
    """
    numbers = random.Random(seed)
    pictures = seeds(folder)
    names = sorted(pictures)
    kinds = sorted(_MUTATIONS)
    for number in range(count):
        name = names[number % len(names)]
        kind = numbers.choice(kinds)
        data = _MUTATIONS[kind](bytearray(pictures[name]), numbers)
        suffix = "." + (numbers.choice(names) if numbers.random() < 0.2 else name).split(".")[1]
        yield f"{number}{suffix}", f"{name} {kind}", bytes(data)


def _truncated(data: bytearray, numbers: random.Random) -> bytearray:
    return data[: numbers.randrange(1, len(data))]


def _flipped(data: bytearray, numbers: random.Random) -> bytearray:
    for _ in range(numbers.choice((1, 2, 8, 64))):
        data[numbers.randrange(len(data))] ^= 1 << numbers.randrange(8)
    return data


def _header(data: bytearray, numbers: random.Random) -> bytearray:
    """Change bytes of the first 128, where sizes, kinds and offsets are."""
    for _ in range(numbers.choice((1, 2, 4))):
        data[numbers.randrange(min(len(data), 128))] = numbers.choice((0, 1, 0x7F, 0xFF))
    return data


def _lengths(data: bytearray, numbers: random.Random) -> bytearray:
    """Write an extreme number of 2 or 4 bytes somewhere."""
    extreme = numbers.choice((0, 1, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF, 40_000))
    size = numbers.choice("HI")
    order = numbers.choice("<>")
    packed = struct.pack(order + size, extreme & (0xFFFF if size == "H" else 0xFFFFFFFF))
    place = numbers.randrange(min(len(data), 256))
    data[place : place + len(packed)] = packed
    return data


def _chunk(data: bytearray, numbers: random.Random) -> bytearray:
    """Change a chunk of a PNG and mend its sum; else bytes anywhere."""
    if not data.startswith(b"\x89PNG"):
        return _flipped(data, numbers)
    place, chunks = 8, []
    while place + 12 <= len(data):
        size = struct.unpack_from(">I", data, place)[0]
        chunks.append(data[place + 4 : place + 8 + size])
        place += 12 + size
    changed = numbers.choice(chunks)
    action = numbers.randrange(4)
    if action == 0 and len(changed) > 4:
        changed[numbers.randrange(4, len(changed))] = numbers.randrange(256)
    elif action == 1:
        del changed[numbers.randrange(4, len(changed) + 1) :]
    elif action == 2:
        chunks.insert(numbers.randrange(len(chunks)), changed)
    else:
        chunks.remove(changed)
    made = data[:8]
    for chunk in chunks:
        made += struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return made


def _spliced(data: bytearray, numbers: random.Random) -> bytearray:
    start, end = sorted(numbers.randrange(len(data)) for _ in range(2))
    action = numbers.randrange(3)
    if action == 0:
        return data[:start] + data[end:]
    if action == 1:
        return data[:end] + data[start:]
    return data[:start] + numbers.randbytes(end - start) + data[end:]


def _bomb(data: bytearray, numbers: random.Random) -> bytearray:
    """Claim a size of up to 60,000 pixels a side where the picture's own size stands."""
    width, height = numbers.choice(((60_000, 60_000), (4_000, 4_000), (30_000, 1), (1, 65_535)))
    for order in "<>":
        for size in "HI":
            for own, claimed in ((32, width), (24, height)):
                packed = struct.pack(order + size, own)
                place = data.find(packed)
                if 0 <= place < 512:
                    data[place : place + len(packed)] = struct.pack(order + size, claimed)
    if data.startswith(b"\x89PNG"):
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return data


_MUTATIONS = {
    "truncated": _truncated,
    "flipped": _flipped,
    "header": _header,
    "lengths": _lengths,
    "chunk": _chunk,
    "spliced": _spliced,
    "bomb": _bomb,
}
