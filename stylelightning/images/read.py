"""Read a picture file of any kind."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from stylelightning.files.existing import existing_file
from stylelightning.images.colour import srgb_colours, srgb_gray
from stylelightning.images.declarations import declarations
from stylelightning.images.encodings import Encoding
from stylelightning.images.fine import fine_colours, storage_of
from stylelightning.images.frames import seek_picture
from stylelightning.images.opening import open_image
from stylelightning.images.orientation import upright
from stylelightning.images.picture import Picture
from stylelightning.images.samples import deep_gray, is_deep, split_alpha, with_full_range
from stylelightning.images.transparency import fill_transparent


def read_picture(path: str | Path) -> Picture:
    """Return the picture of a file, upright and in sRGB: the first frame, or the largest page.

    The EXIF orientation and what the file declares about its colours are applied. Gray pictures of
    16 bits and of floats keep their precision; Pillow reads colours of 16 bits as 8 bits, so only a
    PNG keeps them, where its curve needs them. Opacity is kept, and transparent pixels get the mean
    of the visible colours, so hidden colours never appear.

    Args:
        path: Path of the file; ``~`` is expanded.

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
    opacity: Image.Image | None = None
    with open_image(path) as image:
        seek_picture(image, path)
        storage = storage_of(image)
        image.load()
        declared = declarations(image, path)
        curved = any(isinstance(each, Encoding) and not each.is_srgb for each in declared)
        fine = fine_colours(path, storage) if curved else None
        image = upright(with_full_range(image, path), path)
        if not is_deep(image):
            if image.mode == "LAB":  # its colours are absolute: Pillow needs no profile
                declared = []
            image, opacity = split_alpha(image)
            colours = srgb_colours(image, declared, path, fine)
    if is_deep(image):
        gray, visible = deep_gray(image, path)
        gray = srgb_gray(gray, declared, path)
        pixels = _to_tensor(gray).expand(-1, 3, -1, -1).contiguous()
        alpha = None if visible is None else _to_tensor(visible)
    else:
        pixels = _to_tensor(colours)
        if colours.dtype == np.uint8:
            pixels.div_(255)
        alpha = None if opacity is None else _to_tensor(np.asarray(opacity)).div_(255)
    if alpha is None or bool((alpha == 1).all()):
        return Picture(pixels, None, path)
    return Picture(fill_transparent(pixels, alpha, path), alpha, path)


def _to_tensor(values: npt.NDArray[np.uint8] | npt.NDArray[np.float32]) -> Tensor:
    """Return a float32 tensor (1, C, H, W) of an array (H, W) or (H, W, C)."""
    channels = values.reshape(*values.shape[:2], -1).transpose(2, 0, 1)  # (C, H, W)
    return torch.from_numpy(np.array(channels[None], dtype=np.float32, order="C"))
