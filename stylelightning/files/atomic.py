"""Write files whole or not at all."""

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from stylelightning.files.errors import reworded
from stylelightning.files.paths import absolute_path

_WAYS_OUT = {
    errno.ENOSPC: "Free some space or write to another disk.",
    errno.EDQUOT: "Free some space or write to another disk.",
    errno.EACCES: "Write to a folder that you own.",
    errno.EPERM: "Write to a folder that you own.",
    errno.EROFS: "Write to another disk.",
    errno.EEXIST: "A part of the path is a file, not a folder: choose another one.",
    errno.ENOTDIR: "A part of the path is a file, not a folder: choose another one.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
}


def write_atomically(path: str | Path, data: bytes | Callable[[BinaryIO], None]) -> None:
    """Write a file so that, whatever happens, its old or its new content is there in full.

    The bytes go to a temporary file in the same folder, which then takes the file's place. The
    folder is created when missing, permissions follow the umask, a link is followed.

    Args:
        path: Path of the file; ``~`` is expanded.
        data: The bytes, or a function that writes them to an open file.

    Raises:
        IsADirectoryError: If the path is a folder.
        OSError: If the file can't be written, of the class and number that the system gave.
        ValueError: If the path is a device or a pipe, or is no valid path.
    """
    path = output_file(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    except OSError as error:
        raise writing_error(path, error) from error


def output_file(path: str | Path) -> Path:
    """Return the absolute path, links followed, of a file that may be written or replaced.

    Args:
        path: Path of the file; ``~`` is expanded.

    Raises:
        IsADirectoryError: If the path is a folder.
        OSError: If the path can't be looked at, of the class and number that the system gave.
        ValueError: If the path is a device or a pipe, or is no valid path.
    """
    path = absolute_path(path)
    try:
        path = path.resolve()
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return path
    except OSError as error:
        raise writing_error(path, error) from error
    except (RuntimeError, ValueError) as error:  # links in a circle, a null character
        raise ValueError(f"Cannot write {str(path)!r}: {error}. Choose another path.") from error
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(
            errno.EISDIR, f"Cannot write {path}: it is a folder. Name a file in it."
        )
    if not stat.S_ISREG(mode):
        raise ValueError(f"Cannot write {path}: it must be a regular file, not a device or a pipe.")
    return path


def writing_error(path: Path, error: OSError) -> OSError:
    """Return an error of the same class and number that names the file and the way out.

    Args:
        path: Absolute path of the file that can't be written.
        error: What the system said.
    """
    way_out = _WAYS_OUT.get(error.errno or 0, "Choose another path.")
    return reworded(error, f"Cannot write {path}: {error.strerror or error}. {way_out}")


def temporary_file(path: Path) -> Path:
    """Return a free path in the folder of ``path``.

    Args:
        path: Absolute path of a file.
    """
    return path.with_name(f".{secrets.token_hex(8)}.part")


def is_temporary(path: Path) -> bool:
    """Return whether a path is called as ``temporary_file`` calls them: a kill leaves them behind.

    Args:
        path: Path of a file or folder.
    """
    return re.fullmatch(r"\.[0-9a-f]{16}\.part", path.name) is not None


def _replace(path: Path, data: bytes | Callable[[BinaryIO], None]) -> None:
    """Write a temporary file and let it take the place of ``path``."""
    temporary = temporary_file(path)
    try:
        with temporary.open("xb") as file:  # new, with the permissions of the umask
            if isinstance(data, bytes):
                file.write(data)
            else:
                data(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
