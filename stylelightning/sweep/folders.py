"""Pictures of a folder, for sweeps and batches over many."""

from collections.abc import Sequence
from pathlib import Path

from stylelightning.files.existing import existing_path
from stylelightning.images import pictures_of_folder
from stylelightning.sweep.points import Value, values_of


def picture_values(option: str, given: str | Sequence[str], key: str) -> list[Value]:
    """Return the pictures that an option names, as values of an axis.

    Args:
        option: The option, for errors.
        given: A folder, a picture, or a list of both.
        key: Dotted key that takes a picture.

    Raises:
        FileNotFoundError: If a path is not there.
        ValueError: If there is no picture.
    """
    paths = [path for each in ([given] if isinstance(given, str) else given) for path in _in(each)]
    if not paths:
        raise ValueError(f"`{option}` must name pictures or folders with some, got {given!r}.")
    return values_of((path.stem for path in paths), ({key: str(path)} for path in paths))


def _in(given: str) -> list[Path]:
    path = Path(given).expanduser()
    there = existing_path(given)
    if there.is_dir():  # what is found is called as the folder was given
        return [path / each.relative_to(there) for each in pictures_of_folder(there)]
    return [path]
