"""Convert colours to sRGB through the profile that a picture carries."""

import logging
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

log = logging.getLogger(__name__)

_SPACES = {"L": "GRAY", "I;16": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
"""Colour space that a profile must describe, for each mode."""

_FLAGS = {
    "GRAY": ImageCms.Flags.NOOPTIMIZE,  # optimised, linear gray 1 gives 6 in place of 13 of 255
    "RGB": ImageCms.Flags.BLACKPOINTCOMPENSATION,
    "CMYK": ImageCms.Flags.BLACKPOINTCOMPENSATION,
}


def srgb_image(image: Image.Image, profile: bytes | None, path: Path) -> Image.Image:
    """Return the picture in sRGB, mode RGB.

    The rendering is relative colorimetric with black point compensation, as in most editors. A
    profile that is broken or describes other colours than the picture has (a gray picture saved
    with an RGB profile) is logged and ignored.

    Args:
        image: Picture of mode L, RGB or CMYK.
        profile: Embedded ICC profile, if any.
        path: Absolute path of the file, for the log.
    """
    return _converted(image, profile, path) or image.convert("RGB")


def srgb_gray(
    values: npt.NDArray[np.float32], profile: bytes | None, path: Path
) -> npt.NDArray[np.float32]:
    """Return gray values of more than 8 bits in sRGB's scale.

    Pillow's transforms give 8 bits. So the profile is applied to a ramp of all 16-bit grays: where
    the result steps from one level to the next, the exact value lies halfway between them, and
    between the steps it is interpolated.

    Args:
        values: Gray values in [0, 1].
        profile: Embedded ICC profile, if any.
        path: Absolute path of the file, for the log.
    """
    ramp = Image.fromarray(np.arange(65536, dtype=np.uint16)[None])
    image = _converted(ramp, profile, path)
    if image is None:
        return values
    curve = np.asarray(image.getchannel("G"), dtype=np.float64)[0]  # (65536,), of 255
    steps = np.flatnonzero(np.diff(curve)) + 0.5
    halfway = (curve[:-1] + curve[1:])[np.flatnonzero(np.diff(curve))] / 2
    known = np.array([0, *steps, 65535]) / 65535
    exact = np.array([curve[0], *halfway, curve[-1]]) / 255
    gray: npt.NDArray[np.float32] = np.interp(values, known, exact).astype(np.float32)
    return gray


def _converted(image: Image.Image, profile: bytes | None, path: Path) -> Image.Image | None:
    """Return the picture in sRGB, or None when it has no profile that fits."""
    if not profile:
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if space != _SPACES[image.mode]:
            raise ValueError(f"it describes {space} colours")
        return ImageCms.profileToProfile(
            image,
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=_FLAGS[space],
        )
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError) as error:
        log.warning(
            f"The colour profile in {path} doesn't fit a picture of mode {image.mode} ({error}):"
            " ignored, colours may be off."
        )
        return None
