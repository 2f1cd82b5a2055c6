"""Picture files before they are opened: whether one is there. Nothing of torch is imported."""

import stat
from pathlib import Path

from stylelightning.files.errors import reworded
from stylelightning.files.paths import absolute_path, similar_names
from stylelightning.files.shipped import shipped


def existing_file(path: str | Path) -> Path:
    """Return the absolute path of a file that exists and isn't empty.

    Args:
        path: Path of the file; ``~`` is expanded, and ``configs/`` may be the package's own.

    Raises:
        FileNotFoundError: If there is no such file; files with similar names are listed.
        IsADirectoryError: If the path is a folder.
        OSError: If the file can't be looked at, of the class that the system gave.
        ValueError: If the path is not a regular file, or the file is empty.
    """
    path = absolute_path(shipped(path))
    start = f"Cannot read the picture {path}:"
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(f"{start} {_missing(path)}") from error
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:  # a null character
        raise ValueError(f"Cannot read the picture {str(path)!r}: {error}.") from error
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(f"{start} it is a folder. Name one of the files in it.")
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{start} it must be a regular file, not a device or a pipe.")
    if status.st_size == 0:
        raise ValueError(f"{start} the file is empty (0 bytes). Copy or download it again.")
    return path


def existing_path(path: str | Path) -> Path:
    """Return the absolute path of a file or folder that exists.

    Args:
        path: Path; ``~`` is expanded, and ``configs/`` may be the package's own.

    Raises:
        FileNotFoundError: If nothing is there.
    """
    there = absolute_path(shipped(path))
    if not there.exists():
        raise FileNotFoundError(f"There is no picture or folder {there}.")
    return there


def unreadable(path: Path, error: OSError) -> OSError:
    """Return an error of the same class that names the picture.

    Args:
        path: Absolute path of its file.
        error: What the system said.
    """
    way_out = "Check that you may read it." if isinstance(error, PermissionError) else "Try a copy."
    return reworded(error, f"Cannot read the picture {path}: {error.strerror or error}. {way_out}")


def _missing(path: Path) -> str:
    """Say why a path leads to no file, and what may have been meant."""
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}. Check the path."
    names = similar_names(path)
    if names:
        return f"there is no such file, did you mean {' or '.join(names)}?"
    return "there is no such file. Check the path."
