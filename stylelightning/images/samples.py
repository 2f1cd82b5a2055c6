"""Take a decoded picture of any mode apart into colours and opacity."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin

_DEEP_MODES = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
"""Pillow's modes with more than 8 bits; all are gray."""

_PLAIN_MODES = {"1": "L", "L": "L", "LA": "L", "La": "L", "CMYK": "CMYK"}
"""Mode without opacity, for each mode; RGB for all others."""

_TOLERANCE = 0.5 / 255  # float pictures may leave [0, 1] by less than half a gray level


def is_deep(image: Image.Image) -> bool:
    """Return whether the picture has more than 8 bits per sample."""
    return image.mode in _DEEP_MODES


def with_full_range(image: Image.Image) -> Image.Image:
    """Return the picture with what Pillow 13 hands over as stored made regular.

    Gray TIFFs of 12 bits are scaled to 16 bits, those of 16 bits where 0 is white are inverted,
    and the transparent colour of a PNG with 16 bits per channel is cut to 8 bits, as its colours.

    Args:
        image: Decoded picture, straight from its file.
    """
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.mode in {"I;16", "I;16B"}:
        values = np.asarray(image).astype(np.float64)
        if image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE) == (12,):
            values *= 65535 / 4095
        if image.tag_v2.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0:  # WhiteIsZero
            values = 65535 - values
        regular = Image.fromarray(values.round().astype(np.uint16))
        regular.info = image.info
        return regular
    key = image.info.get("transparency")
    if image.mode == "RGB" and isinstance(key, tuple) and max(key) > 255:
        image.info["transparency"] = tuple(value >> 8 for value in key)
    return image


def split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the picture without opacity, of mode L, RGB or CMYK, and its opacity of mode L.

    Args:
        image: Decoded picture with at most 8 bits per sample.
    """
    plain = _PLAIN_MODES.get(image.mode, "RGB")
    if not image.has_transparency_data or plain == "CMYK":
        return image.convert(plain), None
    image = image.convert(f"{plain}A")
    return image.convert(plain), image.getchannel("A")


def deep_gray(
    image: Image.Image, path: Path
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]:
    """Return gray values and opacity in [0, 1], both of shape (H, W).

    Args:
        image: Decoded picture with more than 8 bits per sample: floats in [0, 1], or integers of
            which 65535 is white.
        path: Absolute path of the file, for the error.

    Raises:
        ValueError: If a value is not finite or lies outside the range.
    """
    values = np.asarray(image)
    start = f"Cannot read the picture {path}: its values must"
    if not np.isfinite(values).all():
        raise ValueError(f"{start} be finite, some are NaN or infinite. Repair and save it again.")
    white, slack = (1.0, _TOLERANCE) if image.mode == "F" else (65535.0, 0.0)
    low, high = values.min(), values.max()
    if low < -slack or high > white + slack:
        raise ValueError(
            f"{start} lie in [0, {white:g}], they span [{low:g}, {high:g}]. Rescale and save it"
            " again."
        )
    key = image.info.get("transparency")
    alpha = (values != key).astype(np.float32) if isinstance(key, int) else None
    return (values.astype(np.float32) / np.float32(white)).clip(0, 1), alpha
