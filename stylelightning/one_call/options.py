"""The options of a run, given in Python, as a command line has them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

KEY = re.compile(r"[A-Za-z_]\w*(\.\w+)*\+?")
TAKEN = {
    "data.content": "content",
    "data.style": "style",
    "output": "output",
    "trainer.default_root_dir": "folder",
}
"""Options that are arguments of the call, by their names there."""


def arguments(options: Mapping[str, Any]) -> list[str]:
    """Return options as arguments of a command line.

    Args:
        options: Values by dotted key: texts, numbers, truth values, None, lists and mappings of
            them, paths, and classes, which stand for their import paths.

    Raises:
        ValueError: If a key is none of a config's, is an argument of the call, or a value is
            something else.
    """
    return [f"--{_key(key)}={_text(key, value)}" for key, value in options.items()]


def _key(key: object) -> str:
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise ValueError(
            "`options` must have the keys of a config, such as 'model.losses.style.weight', got "
            f"{key!r}."
        )
    if key in TAKEN:
        raise ValueError(f"`options` must not have {key!r}: give it as `{TAKEN[key]}`.")
    if key.rpartition(".")[2] == "help" or key.startswith("print_"):
        raise ValueError(f"`options` must not have {key!r}, which only a command line can answer.")
    return key


def _text(key: str, value: Any) -> str:
    plain = _plain(key, value)
    return plain if isinstance(plain, str) else json.dumps(plain)


def _plain(key: str, value: Any) -> Any:
    """Return a value in JSON's types."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, Mapping):
        return {str(name): _plain(key, each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(key, each) for each in value]
    raise ValueError(
        f"`options` must have texts, numbers, lists, mappings or classes, got for {key!r} an "
        f"instance of {type(value).__name__}: give its class, and its options under {key}.NAME."
    )
