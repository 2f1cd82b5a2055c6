"""The folder of one run: ``<root>/<name>/version_N/``."""

import contextlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

CHECKPOINT = Path("checkpoints", "last.ckpt")


class MadeFolders:
    """The folders that a command made, so that one that fails leaves none behind."""

    def __init__(self) -> None:
        self.run: Path | None = None
        self.started: Callable[[], bool] = lambda: False
        self._missing: list[Path] = []

    def note(self, folder: Path) -> None:
        """Note which parts of an absolute path are not there yet."""
        self._missing += [path for path in (folder, *folder.parents) if not path.exists()]

    def remove_empty(self) -> bool:
        """Remove what holds no step's work.

        Returns:
            Whether the run had not started, so that nothing was lost.
        """
        if self.started():
            return False
        if self.run is not None:
            shutil.rmtree(self.run, ignore_errors=True)
        for folder in sorted(self._missing, key=lambda path: -len(path.parts)):
            with contextlib.suppress(OSError):
                folder.rmdir()
        return True


def create_run_folder(root: Path, name: str, made: MadeFolders) -> Path:
    """Make the next free ``version_N`` folder and return it.

    Nothing that exists is touched; two runs that start at once get two folders.

    Args:
        root: Folder of all runs.
        name: The run's name.
        made: Takes note of what is made.

    Raises:
        OSError: If the folder can't be made.
    """
    parent = root / name
    made.note(parent.absolute())
    try:
        parent.mkdir(parents=True, exist_ok=True)
        number = max((n for n, _ in _versions(parent)), default=-1) + 1
        while True:
            folder = parent / f"version_{number}"
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
            else:
                made.run = folder
                return folder
    except OSError as error:
        raise type(error)(
            error.errno,
            f"Can't make the run's folder {parent.absolute()}: {error.strerror}. Give another one "
            "with --trainer.default_root_dir DIR.",
        ) from error


def newest_run(root: Path, name: str) -> Path | None:
    """Return the folder of the newest run of a name, or None."""
    return max(_versions(root / name), default=(0, None))[1]


def last_checkpoint(root: Path, name: str) -> Path | None:
    """Return the checkpoint of the newest run that has one, or None."""
    for _, folder in sorted(_versions(root / name), reverse=True):
        if (folder / CHECKPOINT).is_file():
            return folder / CHECKPOINT
    return None


def differing_keys(first: str, second: str) -> list[str]:
    """Return the dotted keys whose values differ between two configs, sorted.

    Example:
        >>> differing_keys("data: {size: 1, style: a}", "data: {size: 2, style: a}")
        ['data.size']
    """
    one, other = (flattened(yaml.safe_load(text)) for text in (first, second))
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))


def flattened(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the values of a config by dotted key.

    Args:
        config: What the YAML of a config holds.
        prefix: What goes before every key.

    Example:
        >>> flattened({"data": {"size": 1, "style": None}, "name": "a"})
        {'data.size': 1, 'data.style': None, 'name': 'a'}
    """
    flat = {}
    for key, value in config.items():
        inner = flattened(value, f"{prefix}{key}.") if isinstance(value, dict) else {}
        flat.update(inner or {f"{prefix}{key}": value})
    return flat


def _versions(parent: Path) -> list[tuple[int, Path]]:
    if not parent.is_dir():
        return []
    matches = ((re.fullmatch(r"version_(\d+)", path.name), path) for path in parent.iterdir())
    return [(int(match[1]), path) for match, path in matches if match]
