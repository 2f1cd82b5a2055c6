"""Open picture files, and say in one line why one can't be read."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from stylelightning.files.existing import unreadable
from stylelightning.images.heif import add_heif_reader
from stylelightning.images.pillow_limit import pillow_reads
from stylelightning.images.signatures import LENGTH, RAW_PHOTO, is_heif, unread_format

PIXEL_LIMIT = 1 << 28
"""Most pixels of a picture that is read, 16384 x 16384; Pillow by itself refuses above two thirds.

A small file can claim any size (a decompression bomb), so the header is checked before decoding.
At this limit the decoded picture takes 1.1 GB, and 3.2 GB more as float32 where it is used whole.
"""

_NOT_DECODED = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
"""Formats that Pillow names only, or hands to another program to run: EPS to Ghostscript."""

_DNG_VERSION, _SUB_IFDS = 50706, 330  # tags of TIFF


class RawPhotoError(UnidentifiedImageError):
    """A TIFF holds no picture but what a sensor saw, and a preview of it."""


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """Open a picture file, its pixels not yet decoded, and explain what fails until it is closed.

    A broken file makes Pillow raise nearly any exception, so every exception raised in the body
    becomes a ValueError about this file: only calls of Pillow belong there. Pillow's warnings
    are silenced; what matters is raised or logged in the project's own words.

    Args:
        path: Absolute path of an existing file.

    Yields:
        The picture at its first frame. It must not be decoded after the body.

    Raises:
        OSError: If the system can't read the file, of the class that the system gave.
        ValueError: If the file is not a picture, is broken, or is larger than ``PIXEL_LIMIT``.
    """
    start = f"Cannot read the picture {path}:"
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            pillow_reads(PIXEL_LIMIT),
            path.open("rb") as file,
        ):
            image = _identify(file)
            if image.width * image.height > PIXEL_LIMIT:
                raise Image.DecompressionBombError(f"({image.width * image.height} pixels)")
            yield image
    except Image.DecompressionBombError as error:
        found = re.search(r"\((\d+) pixels\)", str(error))
        pixels = f"{int(found[1]):,}" if found else "more"
        raise ValueError(
            f"{start} at most {PIXEL_LIMIT:,} pixels are read, it claims {pixels}. Make it smaller"
            " in an image editor; a small file that claims so much may be an attack."
        ) from error
    except UnidentifiedImageError as error:
        raise ValueError(f"{start} {_unidentified(path, error)}") from error
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise unreadable(path, error) from error
        what = "the file ends early" if _ends_early(error) else "its data is broken"
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"{start} {what} (Pillow: {reason}). Copy or download it again."
        ) from error


def _identify(file: IO[bytes]) -> Image.Image:
    """Return the picture in a file, its pixels not yet decoded.

    Raises:
        UnidentifiedImageError: If it is in no format that is read.
    """
    head = file.read(LENGTH)
    file.seek(0)
    if is_heif(head):
        add_heif_reader()
    Image.init()
    formats = [each for each in Image.ID if each not in _NOT_DECODED]
    try:
        image = Image.open(file, formats=formats)
    except MemoryError as error:  # no beginning of a picture needs more than there is
        raise UnidentifiedImageError("a length in it makes no sense") from error
    if isinstance(image, TiffImagePlugin.TiffImageFile) and (
        _DNG_VERSION in image.tag_v2
        or (_SUB_IFDS in image.tag_v2 and image.tag_v2.get(254) == 1)
        or head[8:10] == b"CR"
    ):
        raise RawPhotoError(RAW_PHOTO[0])
    return image


def identified(path: Path) -> bool:
    """Return whether a file begins as a picture, one that can be read or a HEIF one.

    Args:
        path: Path of anything.
    """
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file, warnings.catch_warnings(action="ignore"):
            if is_heif(file.read(LENGTH)):
                return True
            file.seek(0)
            _identify(file)
    except Exception as error:  # a broken file makes Pillow raise nearly anything
        return isinstance(error, RawPhotoError | Image.DecompressionBombError)
    return True


def _unidentified(path: Path, error: Exception) -> str:
    """Say what a file is that is not read, and the way out."""
    try:
        with path.open("rb") as file:
            head = file.read(LENGTH)
    except OSError:
        head = b""
    known = RAW_PHOTO if isinstance(error, RawPhotoError) else unread_format(head)
    if known is None:
        begins = f" (it begins with {head[:16]!r})" if head else ""
        return (
            f"it is not a picture Pillow can read{begins}, or only a part of one. Save it as PNG"
            " or JPEG with another program, or copy it again."
        )
    name, way_out = known
    return f"it is {name}. {way_out}"


def _ends_early(error: Exception) -> bool:
    """Return whether an exception of Pillow is about missing bytes."""
    text = str(error).lower()
    return isinstance(error, EOFError) or "truncated" in text or "not enough" in text
