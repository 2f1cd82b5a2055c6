"""Colours of 16 bits, of which Pillow hands over 8."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, PngImagePlugin

from stylelightning.images.orientation import upright

_RAW_MODES = {"RGB;16B": ("RGB;16B", "RGB;16L"), "RGBA;16B": ("RGBA;16B", "RGBA;16L")}
"""Pillow's ways of storage that give the upper and the lower byte of each value."""

_GRAY = "LA;16B"  # gray with opacity has as many bytes a pixel as RGBA of 8 bits


def storage_of(image: Image.Image) -> str:
    """Return how a PNG stores its pixels, in Pillow's words; empty for any other picture.

    Args:
        image: Picture straight from its file, not yet decoded.
    """
    if not isinstance(image, PngImagePlugin.PngImageFile) or not image.tile:
        return ""
    return str(image.tile[0].args)


def fine_colours(path: Path, storage: str) -> npt.NDArray[np.uint16] | None:
    """Return a PNG's colours of 16 bits, upright, (H, W, 3); None where it has no such ones.

    The file is decoded twice: as it is, and as if the lower byte of each value came first, of which
    Pillow keeps the other.

    Args:
        path: Absolute path of the file.
        storage: What ``storage_of`` returns.
    """
    if storage == _GRAY:
        both = _decoded(path, "RGBA")
        return np.repeat(_joined(both[..., :1], both[..., 1:2]), 3, 2)
    ways = _RAW_MODES.get(storage)
    return None if ways is None else _joined(*(_decoded(path, way) for way in ways))


def _joined(high: npt.NDArray[np.uint8], low: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    return high.astype(np.uint16) * np.uint16(256) + low


def _decoded(path: Path, way: str) -> npt.NDArray[np.uint8]:
    with path.open("rb") as file, Image.open(file, formats=["PNG"]) as image:
        if isinstance(image, ImageFile.ImageFile):
            image.tile = [tile._replace(args=way) for tile in image.tile]
        image.load()
        return np.asarray(upright(image, path))[..., :3]
