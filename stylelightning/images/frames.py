"""Which of several pictures in a file is the one that is meant."""

from pathlib import Path

from PIL import Image, TiffImagePlugin

from stylelightning.images.said import say_once

MOST = 1000
"""Most pages of a TIFF that are looked at."""

_NEW_SUBFILE, _SUBFILE = 254, 255  # tags
_REDUCED, _MASK = 1, 4  # bits of the first; 2 is the number of a reduced picture in the second
_ONE_PICTURE = {"MPO", "HEIF", "ICO", "ICNS", "CUR"}
"""Formats whose other pictures are previews, depths or sizes of the first."""


def seek_picture(image: Image.Image, path: Path) -> None:
    """Stand at the picture that is meant, and say what is left out.

    Of a TIFF's pages thumbnails and masks don't count, and the largest of the others is taken, the
    first of equals. Of an animation the first frame is taken.

    Args:
        image: Picture straight from its file, not yet decoded.
        path: Absolute path of the file, for the log.
    """
    frames: int = getattr(image, "n_frames", 1)
    if frames == 1 or image.format in _ONE_PICTURE:
        return
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        say_once(f"{path} has {frames} frames: the first is read.")
        return
    areas, whole = [], []
    for page in range(min(frames, MOST)):
        image.seek(page)
        areas.append(image.width * image.height)
        kind = image.tag_v2.get(_NEW_SUBFILE, 0)
        if not kind & (_REDUCED | _MASK) and image.tag_v2.get(_SUBFILE) != 2:
            whole.append(page)
    whole = whole or list(range(len(areas)))
    chosen = max(whole, key=lambda page: (areas[page], -page))
    image.seek(chosen)
    if len(whole) > 1:
        say_once(f"{path} has {frames} pages: page {chosen + 1} is read, the largest or first.")
