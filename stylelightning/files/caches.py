"""Folders for what is fetched once and may be fetched again; nothing of torch is imported."""

import os
import sys
from pathlib import Path

VARIABLE = "STYLELIGHTNING_CACHE"
"""Environment variable that names this program's cache folder."""


# Where platforms keep caches: the variable that names the folder, and the folder without it.
_BASES = {"darwin": ("", "~/Library/Caches"), "win32": ("LOCALAPPDATA", "~/AppData/Local")}
_XDG = ("XDG_CACHE_HOME", "~/.cache")
_WAY_OUT = f"set {VARIABLE} to a folder for what is fetched"


def own_cache(platform: str = sys.platform) -> Path:
    """Return this program's cache folder, whether it is there or not.

    It is ``$STYLELIGHTNING_CACHE``, or ``stylelightning`` in the platform's folder for caches.

    Args:
        platform: The system, as in ``sys.platform``.

    Raises:
        ValueError: If the folder is given by a home folder that nobody knows.
    """
    if own := os.environ.get(VARIABLE):
        return expanded(own, _WAY_OUT).absolute()
    variable, default = _BASES.get(platform, _XDG)
    folder = expanded(os.environ.get(variable) or default, _WAY_OUT)
    if not folder.is_absolute():  # to be ignored, says the XDG base directory specification
        folder = expanded(default, _WAY_OUT)
    return folder / "stylelightning"


def torch_hub_cache() -> Path:
    """Return the folder in which torch.hub keeps weights, whether it is there or not."""
    base = os.environ.get(*_XDG)
    home = os.environ.get("TORCH_HOME", os.path.join(base, "torch"))  # noqa: PTH118 - as torch.hub
    folder = os.path.expanduser(home)  # noqa: PTH111 - leaves an unknown `~`, as torch.hub does
    return Path(folder, "hub", "checkpoints").absolute()


def expanded(path: str, way_out: str) -> Path:
    """Return a path with its ``~`` replaced by a home folder.

    Args:
        path: A path as people write it.
        way_out: What to do when there is no such home folder, as the end of a sentence.

    Raises:
        ValueError: If there is none.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # no home folder, or that of an unknown user
        raise ValueError(f"There is no home folder for {path}: {way_out}.") from error
