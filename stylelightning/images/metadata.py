"""Carry the run's config inside the picture."""

import logging
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from stylelightning.files.existing import existing_file
from stylelightning.images.opening import open_image

log = logging.getLogger(__name__)

_NAME = "stylelightning"
"""PNG keyword of the config, and the Software tag that says whose the description is."""

_EXIF_LIMIT = 65_000  # bytes; a JPEG segment holds 65533 with its headers
_PREDICTOR = 317  # TIFF tag; 2 stores differences between neighbours, which compress better


class MissingConfigError(ValueError):
    """A picture carries no config."""


def png_metadata(config: str | None) -> dict[str, Any]:
    """Return Pillow's arguments for a PNG: the sRGB chunk, and the config as iTXt.

    Args:
        config: Text to carry, or None.
    """
    info = PngInfo()
    info.add(b"sRGB", b"\0")  # perceptual intent
    if config is not None:
        info.add_itxt(_NAME, config)
    return {"pnginfo": info}


def exif_metadata(config: str | None) -> dict[str, Any]:
    """Return Pillow's arguments for a JPEG or a WebP: EXIF with the config as ImageDescription.

    The text is UTF-8, as most programs write it. An EXIF block holds 64 kB: a longer config is
    left out with a warning, for the picture is worth more.

    Args:
        config: Text to carry, or None.
    """
    if config is not None and len(config.encode()) > _EXIF_LIMIT:
        log.warning(
            f"The config of {len(config.encode())} bytes is left out of the picture: EXIF holds at"
            f" most {_EXIF_LIMIT}. Write .png or .tiff to keep it."
        )
        config = None
    exif = _described(config)
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] = 1  # sRGB
    return {"exif": exif}


def tiff_metadata(config: str | None) -> dict[str, Any]:
    """Return Pillow's arguments for a TIFF: the config as ImageDescription in UTF-8.

    Args:
        config: Text to carry, or None.
    """
    exif = _described(config)
    exif[_PREDICTOR] = 2
    return {"exif": exif}


def read_config(path: str | Path) -> str:
    """Return the YAML text of the run that made a picture.

    Args:
        path: Path of a picture written by ``write_picture``; ``~`` is expanded.

    Raises:
        FileNotFoundError: If there is no such file; files with similar names are listed.
        IsADirectoryError: If the path is a folder.
        PermissionError: If the file may not be read.
        ValueError: If the file is not a picture, or the config is broken.
        MissingConfigError: If it carries no config.
    """
    path = existing_file(path)
    with open_image(path) as image:
        text = image.info.get(_NAME)
        exif = image.getexif()
        software = exif.get(ExifTags.Base.Software)
        description = exif.get(ExifTags.Base.ImageDescription)
    if isinstance(text, str):
        return str(text)
    if software == _NAME and isinstance(description, str):
        try:
            return description.encode("latin-1").decode()  # Pillow decodes every byte as Latin-1
        except UnicodeError as error:
            raise ValueError(
                f"Cannot read the picture {path}: the config in it is broken ({error}). Use the"
                " original file or the YAML of the run."
            ) from error
    raise MissingConfigError(
        f"The picture {path} carries no config: it must be written by {_NAME}, and a program that"
        " saves it anew may drop the config. Use the original file or the YAML of the run."
    )


def _described(config: str | None) -> Image.Exif:
    """Return EXIF data that holds the config and whose it is, or nothing."""
    exif = Image.Exif()
    if config is not None:
        exif[ExifTags.Base.Software] = _NAME
        exif[ExifTags.Base.ImageDescription] = config.encode()
    return exif
