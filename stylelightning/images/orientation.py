"""Turn pictures the way that the camera noted."""

import logging
from pathlib import Path

from PIL import ExifTags, Image

log = logging.getLogger(__name__)

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright(image: Image.Image, path: Path) -> Image.Image:
    """Return the picture turned by its EXIF orientation.

    ``ImageOps.exif_transpose`` also writes the EXIF data anew, which fails on some cameras' data;
    here only the orientation is read, and data that can't be read is logged and ignored.

    Args:
        image: Decoded picture. Pillow has already turned a TIFF, and dropped its orientation.
        path: Absolute path of the file, for the log.
    """
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception as error:  # broken EXIF data makes Pillow raise nearly anything
        log.warning("The EXIF data of %s is broken (%s): not turned.", path, error)
        return image
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)
