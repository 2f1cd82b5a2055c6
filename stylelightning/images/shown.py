"""Pictures as a page or a notebook shows them."""

import base64
from io import BytesIO
from pathlib import Path

from PIL import Image
from torch import Tensor

from stylelightning import functional as F
from stylelightning.images.convert import on_white, pixels_to_image
from stylelightning.images.read import read_picture


def shown_image(path: str | Path, longest_side: int) -> Image.Image:
    """Return a picture file as a Pillow image of mode RGB; what is transparent is white.

    Args:
        path: Path of the file; ``~`` is expanded.
        longest_side: Most pixels of a side; a larger picture is made smaller.

    Raises:
        OSError: If the file can't be read, of the class that the system gave.
        ValueError: If the file is not a picture, is broken, or is larger than ``PIXEL_LIMIT``.
    """
    picture = read_picture(path, 2 * longest_side)
    image = pixels_to_image(picture.pixels, picture.alpha)
    image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return image if image.mode == "RGB" else on_white(image)


def shown_png(pixels: Tensor, alpha: Tensor | None, longest_side: int) -> bytes:
    """Return a picture in memory as a PNG file, soon rather than small.

    Args:
        pixels: Colours of shape (1, 3, H, W) in [0, 1], of any float type.
        alpha: Opacity of shape (1, 1, H, W) in [0, 1], if any.
        longest_side: Most pixels of a side; a larger picture is made smaller.

    Raises:
        ValueError: If a shape or type is wrong, or a value is NaN.
    """
    shown = None if alpha is None else F.within(alpha, longest_side)
    return png_bytes(pixels_to_image(F.within(pixels, longest_side), shown), compress_level=1)


def data_uri(image: Image.Image, quality: int) -> str:
    """Return a picture as the text of a ``data:`` address, in lossy WebP.

    Args:
        image: Picture of mode RGB.
        quality: From 0 to 100.
    """
    buffer = BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=2)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def png_bytes(image: Image.Image, compress_level: int = 6) -> bytes:
    """Return a picture as a PNG, which a notebook shows.

    Args:
        image: Picture of mode RGB or RGBA.
        compress_level: From 0, the fastest, to 9, the smallest.
    """
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=compress_level)
    return buffer.getvalue()
