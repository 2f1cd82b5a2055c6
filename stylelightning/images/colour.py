"""Convert colours to sRGB by what a picture declares."""

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from stylelightning.images.declarations import Declaration
from stylelightning.images.encodings import Encoding
from stylelightning.images.said import say_once

_SPACES = {"L": "GRAY", "I;16": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
"""Colour space that a profile must describe, for each mode."""

_FLAGS = {
    "GRAY": ImageCms.Flags.NOOPTIMIZE,  # optimised, linear gray 1 gives 6 in place of 13 of 255
    "RGB": ImageCms.Flags.BLACKPOINTCOMPENSATION,
    "CMYK": ImageCms.Flags.BLACKPOINTCOMPENSATION,
}


def srgb_colours(
    image: Image.Image,
    declared: Sequence[Declaration],
    path: Path,
    fine: npt.NDArray[np.uint16] | None = None,
) -> npt.NDArray[np.uint8] | npt.NDArray[np.float32]:
    """Return the picture in sRGB, (H, W, 3): of 255, or floats in [0, 1].

    An ICC profile is rendered relative colorimetric with black point compensation, as in most
    editors, in 8 bits; any other declaration in floats. What is broken or describes other colours
    than the picture has (a gray picture saved with an RGB profile) is logged, and the next
    declaration counts.

    Args:
        image: Picture of mode L, RGB or CMYK.
        declared: What the file says, the one that takes precedence first.
        path: Absolute path of the file, for the log.
        fine: The same picture in 16 bits, (H, W, 3), where there is one.
    """
    for each in declared:
        if isinstance(each, bytes):
            converted = _converted(image, each, path)
            if converted is not None:
                return np.asarray(converted)
        elif image.mode == "CMYK":
            _say_unfit(image, path)
        elif each.is_srgb:
            break
        else:
            _say_clipped(each, path)
            values = np.asarray(image) if fine is None else fine
            values = values[..., None] if values.ndim == 2 else values
            made = each.convert(values, 255 if fine is None else 65535)
            return np.broadcast_to(made, (*made.shape[:2], 3))
    if image.mode == "CMYK" and not declared:
        say_once(f"{path} has CMYK colours without a profile: ideal inks are assumed.")
    return np.asarray(image.convert("RGB"))


def srgb_gray(
    values: npt.NDArray[np.float32], declared: Sequence[Declaration], path: Path
) -> npt.NDArray[np.float32]:
    """Return gray values of more than 8 bits in sRGB's scale.

    Pillow's transforms give 8 bits. So an ICC profile is applied to a ramp of all 16-bit grays:
    where the result steps from one level to the next, the exact value lies halfway between them,
    and between the steps it is interpolated.

    Args:
        values: Gray values in [0, 1].
        declared: What the file says, the one that takes precedence first.
        path: Absolute path of the file, for the log.
    """
    for each in declared:
        if isinstance(each, Encoding):
            if each.is_srgb:
                return values
            _say_clipped(each, path)
            return each.convert(values[..., None], 1)[..., 0]
        gray = _profiled(values, each, path)
        if gray is not None:
            return gray
    return values


def _profiled(
    values: npt.NDArray[np.float32], profile: bytes, path: Path
) -> npt.NDArray[np.float32] | None:
    """Return gray values through a profile, or None when it does not fit."""
    ramp = Image.fromarray(np.arange(65536, dtype=np.uint16)[None])
    image = _converted(ramp, profile, path)
    if image is None:
        return None
    curve = np.asarray(image.getchannel("G"), dtype=np.float64)[0]  # (65536,), of 255
    steps = np.flatnonzero(np.diff(curve)) + 0.5
    halfway = (curve[:-1] + curve[1:])[np.flatnonzero(np.diff(curve))] / 2
    known = np.array([0, *steps, 65535]) / 65535
    exact = np.array([curve[0], *halfway, curve[-1]]) / 255
    gray: npt.NDArray[np.float32] = np.interp(values, known, exact).astype(np.float32)
    return gray


def _say_clipped(encoding: Encoding, path: Path) -> None:
    if encoding.clipped:
        say_once(
            f"{path} has a high dynamic range ({encoding.clipped}): what is brighter than white,"
            " 203 cd/m², is clipped. Tone-map it in an image editor to keep it."
        )


def _say_unfit(image: Image.Image, path: Path) -> None:
    say_once(f"A colour declaration of {path} doesn't fit a picture of mode {image.mode}: ignored.")


def _converted(image: Image.Image, profile: bytes, path: Path) -> Image.Image | None:
    """Return the picture in sRGB, or None when the profile does not fit it."""
    try:
        return ImageCms.applyTransform(image, _transform(profile, image.mode))
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError) as error:
        say_once(
            f"The colour profile in {path} doesn't fit a picture of mode {image.mode} ({error}):"
            " ignored, colours may be off."
        )
        return None


@lru_cache(maxsize=4)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """Return the way from a profile's colours to sRGB, once for all strips of a picture."""
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    space = source.profile.xcolor_space.strip()
    if space != _SPACES[mode]:
        raise ValueError(f"it describes {space} colours")
    return ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=_FLAGS[space],
    )
