"""Check where a picture will go, before a long run."""

from pathlib import Path

from stylelightning.files.atomic import output_file, temporary_file, writing_error
from stylelightning.files.paths import absolute_path
from stylelightning.images.formats import picture_format


def check_output(path: str | Path) -> Path:
    """Return the absolute path of a picture that can be written, with ``~`` expanded.

    A missing folder is created, and a temporary file is made in it and removed.

    Args:
        path: Path of the picture to write later.

    Raises:
        IsADirectoryError: If the path is a folder.
        OSError: If the folder can't be created or written to, of the class that the system gave.
        ValueError: If the ending of the name is unknown, or the path is no place for a file.
    """
    path = absolute_path(path)
    target = output_file(path)
    picture_format(path)
    probe = temporary_file(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise writing_error(path, error) from error
    return path
