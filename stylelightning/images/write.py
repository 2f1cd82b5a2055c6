"""Write a picture file."""

import logging
from pathlib import Path
from typing import IO, BinaryIO, cast

from torch import Tensor

from stylelightning.files.atomic import write_atomically
from stylelightning.files.paths import absolute_path
from stylelightning.images.convert import on_white, pixels_to_image
from stylelightning.images.formats import picture_format

log = logging.getLogger(__name__)


def write_picture(
    path: str | Path, pixels: Tensor, *, alpha: Tensor | None = None, config: str | None = None
) -> None:
    """Write a picture, whole or not at all; the same input gives the same bytes.

    The ending of the name chooses the format: PNG, WebP (both lossless), TIFF (deflate) or JPEG
    (quality 95, no chroma subsampling). Values are clamped to [0, 1] and rounded to 8 bits. JPEG
    holds no opacity: the picture is laid on white, with a warning. Beside ``pixels`` it takes four
    bytes a pixel and what is compressed at once.

    Args:
        path: Path of the file; ``~`` is expanded, a missing folder is created.
        pixels: Colours of shape (1, 3, H, W) in [0, 1], sRGB, of any float type, on any device.
        alpha: Opacity of shape (1, 1, H, W) in [0, 1], if any.
        config: YAML text of the run, kept in the metadata; ``read_config`` returns it.

    Raises:
        OSError: If the file can't be written, of the class and number that the system gave.
        ValueError: If the name's ending is unknown, a shape or type is wrong, a value is NaN, or
            the picture is too large for the format.
    """
    path = absolute_path(path)
    format_ = picture_format(path)
    image = pixels_to_image(pixels, alpha)
    if alpha is not None and not format_.alpha:
        log.warning("%s holds no opacity: %s is laid on white.", format_.name, path)
        image = on_white(image)
    if max(image.size) > format_.longest_side:
        raise ValueError(
            f"Cannot write the picture {path}: a side of a {format_.name} has at most"
            f" {format_.longest_side} pixels, got {image.width} x {image.height}. Write .png."
        )
    arguments = {**format_.options, **format_.metadata(config)}
    write_atomically(
        path, lambda file: image.save(cast("IO[bytes]", _Output(file)), format_.name, **arguments)
    )


class _Output:
    """A file that Pillow's encoders see no number of: they would hide what the system says.

    A full disk is "encoder error -2" where they write themselves.

    Args:
        file: The file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write
        self.flush = file.flush
