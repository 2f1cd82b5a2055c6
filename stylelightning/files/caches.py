"""Folders for what is fetched once and may be fetched again; nothing of torch is imported."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "STYLELIGHTNING_CACHE"
"""Environment variable that names this program's cache folder."""


@dataclass(frozen=True)
class _Base:
    """Where a platform keeps caches.

    Args:
        variable: Environment variable that names the folder; empty where there is none.
        default: The folder without it.
    """

    variable: str
    default: str


_BASES = {
    "darwin": _Base("", "~/Library/Caches"),
    "win32": _Base("LOCALAPPDATA", "~/AppData/Local"),
}
_XDG = _Base("XDG_CACHE_HOME", "~/.cache")


def own_cache(platform: str = sys.platform) -> Path:
    """Return this program's cache folder, whether it is there or not.

    It is ``$STYLELIGHTNING_CACHE``, or ``stylelightning`` in the platform's folder for caches.

    Args:
        platform: The system, as in ``sys.platform``.

    Raises:
        ValueError: If the folder is given by a home folder that nobody knows.
    """
    if own := os.environ.get(VARIABLE):
        return _expanded(own).absolute()
    base = _BASES.get(platform, _XDG)
    folder = _expanded(os.environ.get(base.variable) or base.default)
    if not folder.is_absolute():  # to be ignored, says the XDG base directory specification
        folder = _expanded(base.default)
    return folder / "stylelightning"


def torch_hub_cache() -> Path:
    """Return the folder in which torch.hub keeps weights, whether it is there or not."""
    base = os.environ.get("XDG_CACHE_HOME", _XDG.default)
    home = os.environ.get("TORCH_HOME", os.path.join(base, "torch"))  # noqa: PTH118 - as torch.hub
    return (_expanded(home) / "hub" / "checkpoints").absolute()


def _expanded(folder: str) -> Path:
    try:
        return Path(folder).expanduser()
    except RuntimeError as error:  # no home folder, or that of an unknown user
        raise ValueError(
            f"There is no home folder for {folder}: set {VARIABLE} to a folder for what is fetched."
        ) from error
