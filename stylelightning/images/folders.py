"""Which files of a folder are pictures."""

from collections.abc import Iterable
from pathlib import Path

from stylelightning.images.formats import PICTURE_NAMES
from stylelightning.images.opening import identified
from stylelightning.images.said import say_once

_OF_THE_SYSTEM = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}
_NAMED = 5
"""Most names in a line."""


def pictures_of_folder(folder: Path, deep: bool = False) -> list[Path]:
    """Return the pictures of a folder, sorted; what else is there is logged in one line.

    What can be read is a picture whatever its name. So is a file that is called like a picture, or
    begins like one in a format that is not read: whoever reads it says why it can't be. Hidden
    files and those that a system puts into folders, such as ``Thumbs.db``, are passed over.

    Args:
        folder: The folder.
        deep: Whether the folders in it are looked into.

    Raises:
        OSError: If the folder can't be read.
    """
    pictures: list[Path] = []
    others: list[Path] = []
    for path in sorted(_entries(folder, deep)):
        if path.name.startswith(".") or path.name.lower() in _OF_THE_SYSTEM:
            continue
        (pictures if _is_picture(path) else others).append(path)
    if others:
        names = ", ".join(path.name + "/" * path.is_dir() for path in others[:_NAMED])
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        say_once(f"Not taken from {folder}, for they are no pictures: {names}{more}.")
    return pictures


def _entries(folder: Path, deep: bool) -> Iterable[Path]:
    for path in folder.iterdir():
        if not (deep and path.is_dir()):
            yield path
        elif not path.name.startswith(".") and not path.is_symlink():
            yield from _entries(path, deep)


def _is_picture(path: Path) -> bool:
    if path.is_dir():
        return False
    return path.suffix.lower() in PICTURE_NAMES or identified(path)
