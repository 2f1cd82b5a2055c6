"""What a command line names that is not there, before seconds go by; nothing of torch is imported.

Only what the parser or the run would refuse too is refused here, in the same words. Whatever can't
be told from the options alone is left to them.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

import yaml

from stylelightning.cli.presets import asks_for_help, config_path
from stylelightning.cli.yaml_text import load_yaml
from stylelightning.files.existing import existing_file, existing_path

PICTURES = ("content", "style", "content_masks")
"""Options of ``--data`` that take pictures."""
ENTRY = {"path", "weight", "scale", "mask", "regions"}
"""Keys of a style image that is more than a path."""


def check_run(args: Sequence[str]) -> None:
    """Refuse the options of a run that name a config or a picture which is not there.

    Args:
        args: The options of ``fit``.

    Raises:
        OSError: If one is not there, or can't be read.
        ValueError: If a picture is an empty file, or none of a regular kind.
    """
    check_configs(args)
    _check_pictures(args, existing_file)


def check_clip(args: Sequence[str]) -> None:
    """Refuse the options of ``video`` that name a config, a clip or a picture which is not there.

    Args:
        args: The options.

    Raises:
        OSError: If one is not there, or can't be read.
        ValueError: If a picture is an empty file, or none of a regular kind.
    """
    check_configs(args)
    _check_pictures(args, existing_path)


def check_configs(args: Sequence[str]) -> None:
    """Refuse options that name a config which is not there.

    Args:
        args: The options of a command.

    Raises:
        OSError: If one is not there, or is a folder.
    """
    for key, value in _options(args):
        if key == "--config" and value and "\n" not in value and not asks_for_help(args):
            config_path(value)


def check_batch(args: Sequence[str]) -> None:
    """Refuse the options of ``batch`` that name a config, picture or folder which is not there.

    Args:
        args: The options.

    Raises:
        OSError: If one is not there.
    """
    check_configs(args)
    for key, value in _options(args):
        if key in ("--contents", "--styles") and not asks_for_help(args):
            for path in _paths(_loaded(value)):
                existing_path(path)


def _check_pictures(args: Sequence[str], content: Callable[[str], object]) -> None:
    """Refuse pictures that are not there.

    Args:
        args: The options.
        content: What refuses a content image.
    """
    if asks_for_help(args) or any(key == "--print_config" for key, _ in _options(args)):
        return  # no picture is read
    named = _named_pictures(args)
    masks = named.get("content_masks")
    styles = _style_paths(named.get("style"), masked=masks is not None)
    checks = [(path, content) for path in _paths(named.get("content"))]
    checks += [(path, existing_file) for path in (*styles, *_mask_paths(masks))]
    for path, check in checks:
        if "://" not in path and "\0" not in path:  # a rule of their own says what is wrong there
            check(path)


def _options(args: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield options with their values, ``-c`` as ``--config``; of one without a value, an empty."""
    for arg, following in zip_longest(args, args[1:], fillvalue=""):
        key, has_value, value = arg.partition("=")
        if arg.startswith("-c"):
            key, has_value, value = "--config", arg[2:], arg[2:].removeprefix("=")
        if key.startswith("--") and (has_value or not following.startswith("--")):
            yield key, value if has_value else following
        elif key.startswith("--"):
            yield key, ""


def _named_pictures(args: Sequence[str]) -> dict[str, Any]:
    """Return what the last config or option says for each key of pictures, if that is plain."""
    named: dict[str, Any] = {}
    for key, value in _options(args):
        if key in ("--config", "--data"):
            data = _data_of(value) if key == "--config" else None
            named = {} if data is None else {**named, **data}
        for each in PICTURES:
            if key == f"--data.{each}":
                named[each] = _loaded(value)
            elif key.startswith((f"--data.{each}.", f"--data.{each}+")):
                named.pop(each, None)
    return named


def _data_of(config: str) -> dict[str, Any] | None:
    """Return what a config says of the pictures; None if that can't be told."""
    try:
        text = config if "\n" in config else config_path(config).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):  # a picture
        return None
    content = _loaded(f"{text}\n")
    if not isinstance(content, dict) or any(str(key).startswith("data.") for key in content):
        return None
    data = content.get("data") or {}
    if not isinstance(data, dict):
        return None
    return {each: data[each] for each in PICTURES if each in data}


def _loaded(text: str) -> Any:
    """Return what YAML says, None where it is none."""
    try:
        return load_yaml(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _paths(value: Any) -> list[str]:
    """Return the paths that an option with pictures names plainly."""
    paths = value if isinstance(value, list) else [value]
    return [path for path in paths if isinstance(path, str) and not path.startswith(("[", "{"))]


def _style_paths(value: Any, masked: bool) -> Iterator[str]:
    """Yield the paths that style images name plainly, if nothing else is wrong with them.

    Args:
        value: What ``--data.style`` says.
        masked: Whether there are masks of the content image, without which one of a style image is
            refused for another reason.
    """
    entries = value if isinstance(value, list) else _paths(value)  # a mapping must be in a list
    for each in entries:
        if not isinstance(each, dict):
            yield from _paths(each)
        elif set(each) <= ENTRY and _are_in_range(each.get("weight", 1), each.get("scale", 1)):
            yield from _paths(each.get("path"))
            if masked:
                yield from _mask_paths(each.get("mask"))


def _mask_paths(value: Any) -> list[str]:
    """Return the paths of a label picture or of a mask for each name."""
    return _paths([*value.values()] if isinstance(value, dict) else value)


def _are_in_range(weight: Any, scale: Any) -> bool:
    """Return whether a weight and a scale may be those of a style image."""
    plain = all(isinstance(each, int | float) for each in (weight, scale))
    return plain and 0 <= weight < math.inf and 0 < scale < math.inf
