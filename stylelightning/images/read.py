"""Read a picture file of any kind."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from stylelightning.images.colour import srgb_gray, srgb_image
from stylelightning.images.opening import existing_file, open_image
from stylelightning.images.orientation import upright
from stylelightning.images.picture import Picture
from stylelightning.images.samples import deep_gray, is_deep, split_alpha, with_full_range
from stylelightning.images.transparency import fill_transparent


def read_picture(path: str | Path) -> Picture:
    """Return the first frame of a picture file, upright and in sRGB.

    The EXIF orientation and the embedded colour profile are applied. Gray pictures of 16 bits and
    of floats keep their precision; Pillow reads colours of 16 bits as 8 bits. Opacity is kept, and
    transparent pixels get the mean of the visible colours, so hidden colours never appear.

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
        image.load()
        image = upright(with_full_range(image), path)
        if not is_deep(image):
            profile = image.info.get("icc_profile")
            lab = image.mode == "LAB"  # its colours are absolute: Pillow needs no profile
            image, opacity = split_alpha(image)
            image = srgb_image(image, None if lab else profile, path)
    if is_deep(image):
        gray, visible = deep_gray(image, path)
        gray = srgb_gray(gray, image.info.get("icc_profile"), path)
        pixels = _to_tensor(gray).expand(-1, 3, -1, -1).contiguous()
        alpha = None if visible is None else _to_tensor(visible)
    else:
        pixels = _to_tensor(np.asarray(image)).div_(255)
        alpha = None if opacity is None else _to_tensor(np.asarray(opacity)).div_(255)
    if alpha is None or bool((alpha == 1).all()):
        return Picture(pixels, None, path)
    return Picture(fill_transparent(pixels, alpha, path), alpha, path)


def _to_tensor(values: npt.NDArray[np.uint8] | npt.NDArray[np.float32]) -> Tensor:
    """Return a float32 tensor (1, C, H, W) of an array (H, W) or (H, W, C)."""
    channels = values.reshape(*values.shape[:2], -1).transpose(2, 0, 1)  # (C, H, W)
    return torch.from_numpy(np.array(channels[None], dtype=np.float32, order="C"))
