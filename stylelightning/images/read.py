"""Read a picture file of any kind."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from stylelightning import functional as F
from stylelightning.files.existing import existing_file
from stylelightning.images.colour import srgb_colours, srgb_gray
from stylelightning.images.convert import strips
from stylelightning.images.declarations import Declaration, declarations
from stylelightning.images.encodings import Encoding
from stylelightning.images.fine import fine_colours, storage_of
from stylelightning.images.frames import seek_picture
from stylelightning.images.opening import open_image
from stylelightning.images.orientation import upright
from stylelightning.images.picture import Picture
from stylelightning.images.reduction import decode_smaller, joined, reduced_size
from stylelightning.images.samples import deep_gray, is_deep, split_alpha, with_full_range
from stylelightning.images.transparency import fill_transparent_


def read_picture(path: str | Path, longest_side: int | None = None) -> Picture:
    """Return the picture of a file, upright and in sRGB: the first frame, or the largest page.

    The EXIF orientation and what the file declares about its colours are applied. Gray pictures of
    16 bits and of floats keep their precision; Pillow reads colours of 16 bits as 8 bits, so only a
    PNG keeps them, where its curve needs them. Opacity is kept, and transparent pixels get the mean
    of the visible colours, so hidden colours never appear.

    A picture of more than 2^25 pixels, 33 million, is brought to ``longest_side`` strip by strip,
    as ``functional.resize`` does it: it takes four bytes a pixel while it is read, in place of
    nineteen. A JPEG that is twice as large or more is decoded at a part of its size.

    Args:
        path: Path of the file; ``~`` is expanded.
        longest_side: Most pixels of a side that are of use; None for all.

    Returns:
        The picture, on the CPU.

    Raises:
        FileNotFoundError: If there is no such file; files with similar names are listed.
        IsADirectoryError: If the path is a folder.
        PermissionError: If the file may not be read.
        ValueError: If the file is not a picture, is broken, is larger than ``PIXEL_LIMIT``, has
            values that are not finite or out of range, or is fully transparent.
    """
    path = existing_file(path)
    with open_image(path) as image:
        seek_picture(image, path)
        decode_smaller(image, longest_side)
        storage = storage_of(image)
        image.load()
        declared = declarations(image, path)
        curved = any(isinstance(each, Encoding) and not each.is_srgb for each in declared)
        fine = fine_colours(path, storage) if curved else None
        image = upright(with_full_range(image, path), path)
        height, width = image.height, image.width
        size = reduced_size(height, width, longest_side)
        alpha = None
        if not is_deep(image):
            if image.mode == "LAB":  # its colours are absolute: Pillow needs no profile
                declared = []
            alpha = _opacity(image)
            parts = _colours(image, declared, path, fine)
            pixels = joined(parts, height, width, size if alpha is None else None)
    if is_deep(image):
        gray, visible = deep_gray(image, path)
        alpha = None if visible is None or bool(visible.all()) else _to_tensor(visible)
        gray = srgb_gray(gray, declared, path)
        levels = ((top, _to_tensor(gray[top:end])) for top, end in strips(height, width))
        pixels = joined(levels, height, width, size if alpha is None else None)
    if alpha is None:
        return Picture(pixels, None, path)
    fill_transparent_(pixels, alpha, path)
    if size is not None:
        pixels, alpha = F.resize(pixels, size), F.resize(alpha, size)
    return Picture(pixels, alpha, path)


def _opacity(image: Image.Image) -> Tensor | None:
    """Return the opacity of shape (1, 1, H, W) in [0, 1], or None where every pixel is opaque."""
    if not image.has_transparency_data or image.mode == "CMYK":
        return None
    if "A" in image.getbands() and image.getchannel("A").getextrema() == (255, 255):
        return None
    opacity = torch.empty(1, 1, image.height, image.width)
    for top, bottom in strips(image.height, image.width):
        visible = split_alpha(image.crop((0, top, image.width, bottom)))[1]
        opacity[:, :, top:bottom] = 1 if visible is None else _to_tensor(np.asarray(visible)) / 255
    return None if bool((opacity == 1).all()) else opacity


def _colours(
    image: Image.Image,
    declared: Sequence[Declaration],
    path: Path,
    fine: npt.NDArray[np.uint16] | None,
) -> Iterator[tuple[int, Tensor]]:
    """Yield the first row of each strip with its colours, (1, 3, h, W) in [0, 1]."""
    for top, bottom in strips(image.height, image.width):
        strip, _ = split_alpha(image.crop((0, top, image.width, bottom)))
        colours = srgb_colours(strip, declared, path, None if fine is None else fine[top:bottom])
        pixels = _to_tensor(colours)
        yield top, pixels.div_(255) if colours.dtype == np.uint8 else pixels


def _to_tensor(values: npt.NDArray[np.uint8] | npt.NDArray[np.float32]) -> Tensor:
    """Return a float32 tensor (1, C, H, W) of an array (H, W) or (H, W, C)."""
    channels = values.reshape(*values.shape[:2], -1).transpose(2, 0, 1)  # (C, H, W)
    return torch.from_numpy(np.array(channels[None], dtype=np.float32, order="C"))
