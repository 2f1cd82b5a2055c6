"""What a picture file says about its colours."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
from PIL import ExifTags, Image, TiffImagePlugin

from stylelightning.images.boxes import colour_boxes
from stylelightning.images.chunks import colour_chunks
from stylelightning.images.code_points import encoding_of
from stylelightning.images.encodings import (
    ADOBE_RGB,
    SRGB,
    Encoding,
    Floats,
    Primaries,
    power,
    srgb_light,
)
from stylelightning.images.said import say_once

Declaration = bytes | Encoding
"""An ICC profile, or what the numbers mean."""

_WHITE_POINT, _PRIMARIES, _TRANSFER_FUNCTION = 318, 319, 301  # tags of TIFF and EXIF
_COEFFICIENTS, _JFIF = 529, (0.299, 0.587, 0.114)
_GAMMA = 0xA500  # tag of EXIF


def declarations(image: Image.Image, path: Path) -> list[Declaration]:
    """Return what a file declares about its colours, the one that takes precedence first.

    Of PNG the order is that of its specification, third edition: cICP, iCCP, sRGB, gAMA with
    cHRM. Elsewhere an ICC profile comes before code points, and these before EXIF and
    TIFF tags. What makes no sense is logged and left out.

    Args:
        image: Decoded picture, straight from its file.
        path: Absolute path of the file, for the log.
    """
    _say_coefficients(image, path)
    profile = image.info.get("icc_profile")
    found: list[Declaration] = [profile] if isinstance(profile, bytes) and profile else []
    read = _READERS.get(image.format or "")
    if read is not None:
        with path.open("rb") as file:
            read(file, path, found)
    if not found:
        _read_tags(image, path, found)
    return found


def _say_coefficients(image: Image.Image, path: Path) -> None:
    """Say that a TIFF's way from its luma and chroma to RGB is not heeded, where it is unusual."""
    if image.mode != "YCbCr" or not isinstance(image, TiffImagePlugin.TiffImageFile):
        return
    given = image.tag_v2.get(_COEFFICIENTS, _JFIF)
    if not np.allclose(np.array(given, np.float64), _JFIF, atol=0.002):
        _ignored("YCbCrCoefficients", path, "those of JPEG are taken")


def _ignored(what: str, path: Path, why: object) -> None:
    say_once(f"{what} of {path} is ignored ({why}): colours may be off.")


def _read_chunks(file: IO[bytes], path: Path, found: list[Declaration]) -> None:
    """Add what a PNG declares."""
    chunks = colour_chunks(file)
    if chunk := chunks.get(b"cICP"):
        try:
            primaries, transfer, matrix, full = struct.unpack(">4B", chunk)
            if matrix != 0 or full > 1:
                raise ValueError(f"a PNG can't have matrix {matrix} and range {full}")
            found.insert(0, encoding_of(primaries, transfer, narrow=full == 0))
        except (struct.error, ValueError) as error:
            _ignored("The colour chunk cICP", path, error)
    if b"sRGB" in chunks:
        found.append(Encoding())
        return
    curve: Callable[[Floats], Floats] = srgb_light
    primaries_ = SRGB
    if chunk := chunks.get(b"gAMA"):
        gamma = struct.unpack(">I", chunk)[0] / 100_000 if len(chunk) == 4 else 0.0
        if not 0.1 <= gamma <= 10:
            _ignored("The colour chunk gAMA", path, f"its value is {gamma:g}, not in [0.1, 10]")
        elif not 0.45 <= gamma <= 0.46:  # 1/2.2 stands for sRGB's curve, as in libpng
            curve = power(1 / gamma)
    if chunk := chunks.get(b"cHRM"):
        try:
            numbers = [number / 100_000 for number in struct.unpack(">8I", chunk)]
            primaries_ = _primaries(numbers[:2], numbers[2:])
        except (struct.error, ValueError) as error:
            _ignored("The colour chunk cHRM", path, error)
    if b"gAMA" in chunks or b"cHRM" in chunks:
        found.append(Encoding(curve, primaries_))


def _read_boxes(file: IO[bytes], path: Path, found: list[Declaration]) -> None:
    """Add what AVIF, HEIF and JPEG 2000 declare; their decoders have dealt with the range."""
    for box in colour_boxes(file):
        try:
            if box[:4] in (b"prof", b"rICC"):
                continue  # the decoder has handed it over
            if box[:4] == b"nclx":
                found.append(encoding_of(*struct.unpack_from(">HH", box, 4)))
            elif box[:1] == b"\2":
                found.append(box[3:])
            elif box[:1] == b"\1":
                space = struct.unpack_from(">I", box, 3)[0]
                if space not in (0, 12, 15, 16, 17, 18):  # what Pillow decodes, or sRGB
                    raise ValueError(f"its space is number {space}")
            else:
                raise ValueError(f"it begins with {box[:4]!r}")
        except (struct.error, ValueError) as error:
            _ignored("A colour declaration", path, error)


def _read_bitmap(file: IO[bytes], path: Path, found: list[Declaration]) -> None:
    """Add what a BMP of version 4 or 5 declares."""
    file.seek(14)
    header = file.read(124)
    if len(header) == 124 and header[0] >= 108:
        space = header[56:60]
        if space == b"\0\0\0\0":
            _read_calibration(header, path, found)
        elif space == b"DEBM" and header[0] >= 124:
            start, size = struct.unpack_from("<II", header, 112)
            file.seek(14 + start)
            found.append(file.read(min(size, 1 << 24)))
        elif space == b"KNIL":
            _ignored("The colour profile", path, "it is in another file")


def _read_calibration(header: bytes, path: Path, found: list[Declaration]) -> None:
    """Add the colours that a calibrated BMP's header describes, unless it leaves them out."""
    ends = np.array(struct.unpack_from("<9I", header, 60), np.float64).reshape(3, 3) / 2**30
    gammas = np.array(struct.unpack_from("<3I", header, 96), np.float64) / 2**16
    if not ends.any():
        return
    try:
        if (ends.sum(1) <= 0).any() or np.ptp(gammas) > 0.01 or not 0.1 <= gammas[0] <= 10:
            raise ValueError("its calibration is incomplete")
        points = [*ends, ends.sum(0)]
        red, green, blue, white = ((float(p[0] / p.sum()), float(p[1] / p.sum())) for p in points)
        primaries = Primaries(white, red, green, blue)
        primaries.to_xyz()
    except ValueError as error:
        _ignored("The calibration", path, error)
        return
    near = abs(gammas[0] - 2.2) < 0.03
    found.append(Encoding(srgb_light if near else power(float(gammas[0])), primaries))


def _read_extension(file: IO[bytes], path: Path, found: list[Declaration]) -> None:
    """Add the profile of a GIF."""
    _, mark, rest = file.read(1 << 22).partition(b"\x21\xff\x0bICCRGBG1012")
    profile = b""
    while mark and rest and rest[0]:
        profile += rest[1 : 1 + rest[0]]
        rest = rest[1 + rest[0] :]
    if profile:
        found.append(profile)


_READERS: dict[str, Callable[[IO[bytes], Path, list[Declaration]], None]] = {
    "PNG": _read_chunks,
    "AVIF": _read_boxes,
    "HEIF": _read_boxes,
    "JPEG2000": _read_boxes,
    "BMP": _read_bitmap,
    "GIF": _read_extension,
}


def _read_tags(image: Image.Image, path: Path, found: list[Declaration]) -> None:
    """Add what EXIF and TIFF tags declare."""
    try:
        exif = image.getexif()
        details = dict(exif.get_ifd(ExifTags.IFD.Exif))
        kind = exif.get_ifd(ExifTags.IFD.Interop).get(1)
        tags = {tag: exif.get(tag) for tag in (_WHITE_POINT, _PRIMARIES, _TRANSFER_FUNCTION)}
    except Exception as error:  # broken EXIF data makes Pillow raise nearly anything
        _ignored("The EXIF data", path, " ".join(str(error).split()) or type(error).__name__)
        return
    space = details.get(ExifTags.Base.ColorSpace)
    if space == 1:
        return
    if space == 2 or str(kind or "").startswith("R03"):
        found.append(Encoding(power(563 / 256), ADOBE_RGB))
        return
    try:
        curve = _curve(tags[_TRANSFER_FUNCTION], details.get(_GAMMA))
        if tags[_PRIMARIES] is not None and tags[_WHITE_POINT] is not None:
            primaries = _primaries(_numbers(tags[_WHITE_POINT]), _numbers(tags[_PRIMARIES]))
            found.append(Encoding(curve or srgb_light, primaries))
        elif curve is not None:
            found.append(Encoding(curve))
        elif space is not None:
            raise ValueError(f"colour space {space} without a profile")
    except (TypeError, ValueError, OverflowError, ZeroDivisionError) as error:
        _ignored("A colour declaration", path, error)


def _curve(function: object, gamma: object) -> Callable[[Floats], Floats] | None:
    """Return the curve of a TIFF's transfer function or of EXIF's gamma, if any."""
    if function is not None:
        table = np.array(_numbers(function)) / 65535
        known = np.linspace(0, 1, len(table) // 3 if len(table) % 3 == 0 else len(table))
        if len(known) < 2 or (len(table) % 3 == 0 and np.ptp(table.reshape(3, -1), 0).any()):
            raise ValueError("a transfer function for each colour is not heeded")
        return lambda values: np.interp(values, known, table[: len(known)])
    if gamma is not None:
        number = float(gamma)  # type: ignore[arg-type]
        if not 0.1 <= number <= 10:
            raise ValueError(f"gamma {number:g} is not in [0.1, 10]")
        return srgb_light if abs(number - 2.2) < 0.03 else power(number)
    return None


def _numbers(value: object) -> list[float]:
    return [float(each) for each in value]  # type: ignore[attr-defined]


def _primaries(white: list[float], others: list[float]) -> Primaries:
    """Return chromaticities that are known to make sense.

    Raises:
        ValueError: If they make none.
    """
    if len(white) != 2 or len(others) != 6:
        raise ValueError("its white point and primary colours are not eight numbers")
    pairs = [(others[place], others[place + 1]) for place in (0, 2, 4)]
    primaries = Primaries((white[0], white[1]), pairs[0], pairs[1], pairs[2])
    primaries.to_xyz()
    return primaries
