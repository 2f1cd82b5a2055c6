"""Values that a config leaves empty: what counts as absent, and what is refused."""

import inspect
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import is_dataclass
from pkgutil import resolve_name
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from jsonargparse import ArgumentParser, Namespace
from jsonargparse._typehints import ActionTypeHint


def sections(parser: ArgumentParser) -> list[str]:
    """Return the dotted keys that hold other keys: groups of options, and mappings and lists.

    Args:
        parser: What has the options.
    """
    holders = (each.dest for each in _options(parser) if _holds(each._typehint))
    return [*_groups(parser), *holders]


def keep_if_emptied(config: Namespace, before: Mapping[str, Any]) -> None:
    """Put back the sections that a file names without a key in them.

    Args:
        config: The config with the file in it.
        before: The sections without it.
    """
    for key, value in before.items():
        if key in config and config.get(key) is None:
            config[key] = deepcopy(value)


def check_values(parser: ArgumentParser, config: Namespace) -> None:
    """Refuse a section that has no keys, and null where an option does not take it.

    jsonargparse lets both pass.

    Args:
        parser: What has the options.
        config: The parsed config.

    Raises:
        ValueError: If there is one.
    """
    for key in _groups(parser):
        value = config.get(key)
        if not isinstance(value, Namespace):
            raise ValueError(f"`{key}` must have keys, got {'null' if value is None else value}.")
    for option in _options(parser):
        value = config.get(option.dest)
        if value is None and option.default is not None and not _takes_null(option._typehint):
            raise ValueError(_refusal(f"`{option.dest}`", option._typehint))
        if isinstance(value, Namespace) and "class_path" not in value:
            for kind in get_args(option._typehint):
                if inspect.isclass(kind) and is_dataclass(kind):  # its class is not written down
                    path = f"{kind.__module__}.{kind.__qualname__}"
                    _check_options(option.dest, path, vars(value))
        for place, path, options in _specs(value, option.dest):
            _check_options(place, path, options)


def _options(parser: ArgumentParser) -> list[ActionTypeHint]:
    return [each for each in parser._actions if isinstance(each, ActionTypeHint)]


def _groups(parser: ArgumentParser) -> list[str]:
    """Return the keys of groups of options, such as ``model`` and ``model.schedule``."""
    parts = [each.dest.split(".") for each in _options(parser)]
    return list({".".join(each[:end]): None for each in parts for end in range(1, len(each))})


def _check_options(place: str, path: str, options: Mapping[str, Any]) -> None:
    try:
        made = resolve_name(path)
    except (ImportError, AttributeError, ValueError):  # a name in a sweep's axes, checked later
        return
    function = made.__init__ if inspect.isclass(made) else made
    try:
        hints, parameters = get_type_hints(function), inspect.signature(function).parameters
    except (NameError, TypeError, ValueError):  # nothing is known of them
        return
    for name, value in options.items():
        if value is not None or name not in hints or parameters[name].default is None:
            continue
        if not _takes_null(hints[name]):
            owner = path.rpartition(".")[2]
            raise ValueError(_refusal(f"{place}: {owner}'s {name}", hints[name]))


def _refusal(what: str, hint: Any) -> str:
    return f"{what} must be {_words(hint)}, got null: give a value, or leave the key out."


def _words(hint: Any) -> str:
    if _is_union(hint):
        return " or ".join(map(_words, get_args(hint)))
    if get_origin(hint) is Literal:
        return ", ".join(map(str, get_args(hint)))
    return str(getattr(hint, "__name__", hint))


def _specs(value: Any, place: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Return the classes in a value: where, which, and with what options."""
    if isinstance(value, Namespace):
        value = vars(value)
    if isinstance(value, list):
        for each in value:
            yield from _specs(each, place)
    if not isinstance(value, Mapping):
        return
    options = value.get("init_args") or {}
    if isinstance(path := value.get("class_path"), str):
        yield place, path, vars(options) if isinstance(options, Namespace) else options
        value = {"": options}
    for key, each in value.items():
        yield from _specs(each, f"{place}.{key}".rstrip("."))


def _holds(hint: Any) -> bool:
    return get_origin(hint) in (dict, list) or hint in (dict, list)


def _takes_null(hint: Any) -> bool:
    if _is_union(hint):
        return any(map(_takes_null, get_args(hint)))
    return hint in (Any, NoneType, object) or isinstance(hint, TypeVar)


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType)
