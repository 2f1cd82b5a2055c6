"""Paths as a user writes them."""

import difflib
import re
from pathlib import Path


def absolute_path(path: str | Path) -> Path:
    """Return the full path, with ``~`` expanded; an unknown user's ``~name`` stays as it is.

    Args:
        path: Path, relative to the working folder or absolute.
    """
    try:
        path = Path(path).expanduser()
    except RuntimeError:
        path = Path(path)
    return path.absolute()


def similar_names(path: Path) -> list[str]:
    """Return the names of up to three files next to ``path`` whose names are close to its name.

    Args:
        path: Absolute path of a file that doesn't exist.
    """
    try:
        files = [file.name for file in path.parent.iterdir() if file.is_file()]
    except OSError:
        return []
    names = {name.lower(): name for name in sorted(files)}
    return [names[name] for name in difflib.get_close_matches(path.name.lower(), names)]


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts ``resnet18`` before ``resnet101``, whatever the case of letters."""
    parts = re.findall(r"(\d+)|(\D+)", name.casefold())
    return [(int(number or -1), word) for number, word in parts]
