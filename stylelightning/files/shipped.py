"""The configs and example pictures that come with the package."""

from pathlib import Path

FOLDER = "configs"
"""What their paths begin with, in a config as on a command line."""

_PACKAGE = Path(__file__).parents[1]


def shipped_folder() -> Path:
    """Return the folder of the package's own configs and pictures.

    An installed package has it inside, a checkout at its top.
    """
    inside = _PACKAGE / FOLDER
    return inside if inside.is_dir() else _PACKAGE.parent / FOLDER


def shipped(path: str | Path) -> Path:
    """Return where a path leads that may be one of the package's own.

    It is one if it begins with ``configs/`` and nothing is there in the working folder. So a config
    that names ``configs/images/style.jpg`` works from every folder, and its text stays short.

    Args:
        path: A path as a user or a config gives it.

    Returns:
        The path in the package, absolute; or the path as it was given.
    """
    path = Path(path)
    if path.parts[:1] != (FOLDER,) or ".." in path.parts:
        return path
    own = shipped_folder().joinpath(*path.parts[1:])
    try:
        is_own = not path.exists() and (own.exists() or not path.parent.is_dir())
    except OSError:  # whoever opens it says why it can't be read
        return path
    return own if is_own else path
