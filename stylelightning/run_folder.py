"""The folder of one run: ``<root>/<name>/version_N/``."""

import re
from pathlib import Path

CHECKPOINT = Path("checkpoints", "last.ckpt")


def create_run_folder(root: Path, name: str) -> Path:
    """Make the next free ``version_N`` folder and return it.

    Nothing that exists is touched; two runs that start at once get two folders.

    Raises:
        OSError: If the folder can't be made.
    """
    parent = root / name
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
                return folder
    except OSError as error:
        raise type(error)(
            error.errno,
            f"Can't make the run's folder {parent.absolute()}: {error.strerror}. Give another one "
            "with --trainer.default_root_dir DIR.",
        ) from error


def last_checkpoint(root: Path, name: str) -> Path | None:
    """Return the checkpoint of the newest run that has one, or None."""
    for _, folder in sorted(_versions(root / name), reverse=True):
        if (folder / CHECKPOINT).is_file():
            return folder / CHECKPOINT
    return None


def _versions(parent: Path) -> list[tuple[int, Path]]:
    if not parent.is_dir():
        return []
    matches = ((re.fullmatch(r"version_(\d+)", path.name), path) for path in parent.iterdir())
    return [(int(match[1]), path) for match, path in matches if match]
