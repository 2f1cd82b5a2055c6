"""Which of several pictures in a file is the one that is meant."""

from pathlib import Path

from PIL import Image, TiffImagePlugin

from stylelightning.images.said import say_once

MOST = 1000
"""Most pages of a TIFF that are looked at."""

_NEW_SUBFILE, _SUBFILE = 254, 255  # tags
_REDUCED, _MASK = 1, 4  # bits of the first; 2 is the number of a reduced picture in the second
_ONE_PICTURE = {"MPO", "HEIF", "ICO", "ICNS", "CUR", "PSD"}
"""Formats whose other pictures are previews, depths, sizes or layers of the first."""


def seek_picture(image: Image.Image, path: Path) -> None:
    """Stand at the picture that is meant, and say what is left out.

    Of a TIFF's pages thumbnails and masks don't count, and the largest of the others is taken, the
    first of equals. Of an animation the first frame is taken.

    Args:
        image: Picture straight from its file, not yet decoded.
        path: Absolute path of the file, for the log.
    """
    if image.format in _ONE_PICTURE:
        return
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        _seek_page(image, path)
    elif (frames := getattr(image, "n_frames", 1)) > 1:
        say_once(f"{path} has {frames} frames: the first is read.")


def _seek_page(image: TiffImagePlugin.TiffImageFile, path: Path) -> None:
    areas, whole = [], []
    for page in range(MOST):
        try:
            image.seek(page)
        except EOFError:
            break
        except Exception as error:  # what is broken makes Pillow raise nearly anything
            say_once(f"The pages of {path} after the first {page} are broken ({error}).")
            break
        areas.append(image.width * image.height)
        kind = image.tag_v2.get(_NEW_SUBFILE, 0)
        if not kind & (_REDUCED | _MASK) and image.tag_v2.get(_SUBFILE) != 2:
            whole.append(page)
    whole = whole or list(range(len(areas)))
    chosen = max(whole, key=lambda page: (areas[page], -page))
    image.seek(chosen)
    if len(whole) > 1:
        say_once(f"{path} has {len(areas)} pages: page {chosen + 1} is read, the largest or first.")
