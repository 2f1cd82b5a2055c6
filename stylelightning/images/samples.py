"""Take a decoded picture of any mode apart into colours and opacity."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin

from stylelightning.images.said import say_once

_DEEP_MODES = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
"""Pillow's modes with more than 8 bits; all are gray."""

_PLAIN_MODES = {"1": "L", "L": "L", "LA": "L", "La": "L", "CMYK": "CMYK"}
"""Mode without opacity, for each mode; RGB for all others."""

_TOLERANCE = 0.5 / 255  # float pictures may leave [0, 1] by less than half a gray level


def is_deep(image: Image.Image) -> bool:
    """Return whether the picture has more than 8 bits per sample."""
    return image.mode in _DEEP_MODES


def with_full_range(image: Image.Image, path: Path) -> Image.Image:
    """Return the picture with what Pillow 13 hands over as stored made regular.

    Gray TIFFs of 12 bits are scaled to 16 bits, those of more than 8 bits where 0 is white are
    inverted, the integers of those of 32 bits or with a sign are scaled by what white must be, and
    the transparent colour of a PNG with 16 bits per channel is cut to 8 bits, as its colours.

    Args:
        image: Decoded picture, straight from its file.
        path: Absolute path of the file, for the log.
    """
    if isinstance(image, TiffImagePlugin.TiffImageFile) and is_deep(image):
        return _regular_tiff(image, path)
    key = image.info.get("transparency")
    if image.mode == "RGB" and isinstance(key, tuple) and max(key) > 255:
        image.info["transparency"] = tuple(value >> 8 for value in key)
    return image


def _regular_tiff(image: TiffImagePlugin.TiffImageFile, path: Path) -> Image.Image:
    """Return a deep gray TIFF in the range of its mode."""
    tags = image.tag_v2
    bits = tags.get(TiffImagePlugin.BITSPERSAMPLE, (1,))[0]
    inverted = tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0  # WhiteIsZero
    values = np.asarray(image).astype(np.float64)
    if image.mode == "I":
        signed = tags.get(TiffImagePlugin.SAMPLEFORMAT, (1,))[0] == 2
        if bits == 32 and not signed:
            values %= 2.0**32  # Pillow takes them for signed
        white = _white(values, bits - signed, path)
        if white is None:
            return image
        regular = Image.fromarray((values / white).astype(np.float32))
    elif image.mode == "F":
        if not inverted:
            return image
        regular = Image.fromarray((1 - values).astype(np.float32))
    else:
        if bits == 12:
            values *= 65535 / 4095
        values = 65535 - values if inverted else values
        regular = Image.fromarray(values.round().astype(np.uint16))
    regular.info = image.info
    return regular


def _white(values: npt.NDArray[np.float64], bits: int, path: Path) -> int | None:
    """Return what number must be white in a picture of integers, or None if that can't be told.

    Args:
        values: The integers.
        bits: Bits of each without its sign.
        path: Absolute path of the file, for the log.
    """
    low, high = values.min(), values.max()
    whites = [each for each in (255, 65535, 2**bits - 1) if each < 2**bits and each >= high]
    if low < 0 or not whites or (whites[0] > 65535 and high < whites[0] / 256):
        return None
    white = whites[0]
    say_once(
        f"{path} has integers of {bits} bits up to {high:.0f}: {white} is taken for white. Save it"
        " with 8 or 16 bits if that is wrong."
    )
    return white


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
    if 0 < high <= white / 257 and low < high:
        say_once(
            f"{path} is nearly black: its brightest value is {high:g} of {white:g}. If {high:g} is"
            " meant to be bright, rescale and save it again."
        )
    key = image.info.get("transparency")
    alpha = (values != key).astype(np.float32) if isinstance(key, int) else None
    return (values.astype(np.float32) / np.float32(white)).clip(0, 1), alpha
