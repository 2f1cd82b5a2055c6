"""The picture formats that are written, by the ending of the file's name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stylelightning.images.metadata import exif_metadata, png_metadata, tiff_metadata


@dataclass(frozen=True)
class PictureFormat:
    """How a picture is written.

    Args:
        name: Pillow's name of the format.
        metadata: Function from the config, or None, to Pillow's arguments that carry it.
        options: Pillow's other arguments.
        alpha: Whether the format holds opacity.
        longest_side: Most pixels of a side.
    """

    name: str
    metadata: Callable[[str | None], dict[str, Any]]
    options: dict[str, Any] = field(default_factory=dict)
    alpha: bool = True
    longest_side: int = 2**31 - 1


# 1024 x 1024 on one core of a small server: PNG 0.22 s, WebP 0.20 s, TIFF 0.10 s, JPEG 0.01 s.
# PNG level 6 is as large as 4, level 1 takes 0.17 s and 9 % more bytes. WebP is lossless, so that
# a picture read again is the one written; method 4, the default, takes 0.47 s for the same size.
_PNG = PictureFormat("PNG", png_metadata, {"compress_level": 4})
_JPEG = PictureFormat(
    "JPEG", exif_metadata, {"quality": 95, "subsampling": "4:4:4"}, alpha=False, longest_side=65500
)
_WEBP = PictureFormat(
    "WEBP",
    exif_metadata,
    {"lossless": True, "exact": True, "method": 1, "quality": 0},
    longest_side=16383,
)
_TIFF = PictureFormat("TIFF", tiff_metadata, {"compression": "tiff_adobe_deflate"})

_FORMATS = {
    ".png": _PNG,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": _WEBP,
    ".tif": _TIFF,
    ".tiff": _TIFF,
}

PICTURE_SUFFIXES = tuple(sorted(_FORMATS))
"""Endings of the names of the picture files that can be written, in lower case."""

READABLE_SUFFIXES = (
    *PICTURE_SUFFIXES,
    *(".apng", ".avif", ".avifs", ".bmp", ".cur", ".dcx", ".dds", ".dib", ".gif", ".heic"),
    *(".heif", ".hif", ".icns", ".ico", ".j2c", ".j2k", ".jfif", ".jp2", ".jpc", ".jpe", ".jpf"),
    *(".jpx", ".mpo", ".pbm", ".pcx", ".pfm", ".pgm", ".pnm", ".ppm", ".psd", ".qoi", ".sgi"),
    *(".tga", ".xbm", ".xpm"),
)
"""Endings of the names of pictures that can be read, in lower case."""

PICTURE_NAMES = frozenset(
    (
        *READABLE_SUFFIXES,
        *(".3fr", ".ai", ".arw", ".cr2", ".cr3", ".crw", ".djvu", ".dng", ".emf", ".eps", ".erf"),
        *(".exr", ".hdr", ".jxl", ".jxr", ".mrw", ".nef", ".nrw", ".orf", ".pdf", ".pef", ".ps"),
        *(".psb", ".raf", ".raw", ".rw2", ".sr2", ".srw", ".svg", ".svgz", ".wdp", ".wmf"),
        *(".x3f", ".xcf"),
    )
)
"""Endings that say that a file is a picture, whether it can be read or not."""


def picture_format(path: Path) -> PictureFormat:
    """Return the format that belongs to the ending of the file's name, in either case.

    Args:
        path: Absolute path of a picture to write.

    Raises:
        ValueError: If the ending belongs to no format that can be written.
    """
    try:
        return _FORMATS[path.suffix.lower()]
    except KeyError:
        raise ValueError(
            f"Cannot write the picture {path}: its name must end in one of"
            f" {', '.join(PICTURE_SUFFIXES)}, got {path.suffix!r}."
        ) from None
