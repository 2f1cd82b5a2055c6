"""The content image and the style images of a run, as its config names them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stylelightning.files.shipped import shipped

Input = tuple[str, Path]
"""What a picture is, ``content`` or ``style``, and its path."""


def inputs_of(config: Mapping[str, Any], folder: Path) -> list[Input]:
    """Return the pictures that a config names; those of a program of its own have no path.

    Args:
        config: What the YAML of a run's config holds.
        folder: Folder in which the run was started.
    """
    data = config.get("data")
    if not isinstance(data, Mapping):
        return []
    style = data.get("style")
    styles = style if isinstance(style, list) else [style]
    named: list[tuple[str, object]] = [("content", data.get("content"))]
    named += [("style", each.get("path") if isinstance(each, Mapping) else each) for each in styles]
    return [(role, _found(path, folder)) for role, path in named if isinstance(path, str) and path]


def _found(path: str, folder: Path) -> Path:
    """Return where a picture is, which may be one of the package's own."""
    there = folder / Path(path).expanduser()
    return there if there.exists() else folder / shipped(path)
