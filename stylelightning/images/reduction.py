"""Large pictures made smaller while they are read, so that they are never held whole in floats."""

from collections.abc import Iterable

import torch
from PIL import Image, JpegImagePlugin
from torch import Tensor
from torch.nn import functional

from stylelightning import functional as F

LARGE = 1 << 25
"""Pixels above which a picture is large; few cameras make so many."""
COLUMNS = 256
"""Columns that are resampled at once."""


def reduced_size(height: int, width: int, longest_side: int | None) -> tuple[int, int] | None:
    """Return the size that a large picture is brought to while it is read; None if it stays.

    Args:
        height: Its own height in pixels.
        width: Its own width.
        longest_side: Most pixels of a side that are of use; None for all.
    """
    if longest_side is None or longest_side >= max(height, width) or height * width <= LARGE:
        return None
    return F.fit_long_side(height, width, longest_side)


def decode_smaller(image: Image.Image, longest_side: int | None) -> None:
    """Have a large JPEG decoded at a half, a quarter or an eighth, at least twice what is of use.

    Args:
        image: Picture straight from its file, not yet decoded.
        longest_side: Most pixels of a side that are of use; None for all.
    """
    size = reduced_size(image.height, image.width, longest_side)
    if size is not None and isinstance(image, JpegImagePlugin.JpegImageFile):
        image.draft(None, (2 * size[1], 2 * size[0]))  # None: its own mode


def joined(
    strips: Iterable[tuple[int, Tensor]],
    height: int,
    width: int,
    size: tuple[int, int] | None = None,
) -> Tensor:
    """Return the picture that strips make, at another size if asked for, float32.

    What is resized equals ``functional.resize`` of the whole: rows and columns are resampled
    apart, rows strip by strip.

    Args:
        strips: First row of each strip with its pixels, (1, 3 or 1, h, W) in [0, 1].
        height: Height of all in pixels.
        width: Their width.
        size: Height and width of what is returned; None for that of the strips.

    Returns:
        Picture of shape (1, 3, H, W); gray strips are repeated.
    """
    rows = torch.empty(1, 3, height, width if size is None else size[1])
    for top, strip in strips:
        bottom = top + strip.shape[2]
        rows[:, :, top:bottom] = _resampled(strip, strip.shape[2], rows.shape[3])
    if size is None:
        return rows
    made = torch.empty(1, 3, *size)
    for left in range(0, size[1], COLUMNS):
        columns = rows[..., left : left + COLUMNS]
        made[..., left : left + COLUMNS] = _resampled(columns, size[0], columns.shape[3])
    return made.clamp_(0, 1)


def _resampled(image: Tensor, height: int, width: int) -> Tensor:
    """Return the picture bicubically resampled, not cut to [0, 1]."""
    if tuple(image.shape[2:]) == (height, width):
        return image
    return functional.interpolate(image, (height, width), mode="bicubic", antialias=True)
