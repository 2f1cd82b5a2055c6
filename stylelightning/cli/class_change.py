"""What a class takes over from the one whose place it takes in a config, and what is said of it."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass
from functools import wraps
from inspect import isclass
from pkgutil import resolve_name
from typing import Any

import jsonargparse._loaders_dumpers as loaders_dumpers
import jsonargparse._typehints as typehints
import yaml
from jsonargparse import Namespace
from jsonargparse._util import NestedArg
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from stylelightning.cli.yaml_text import load_yaml
from stylelightning.losses.base import Loss

log = logging.getLogger(__name__)

AFRESH = (Optimizer, LRScheduler)
"""Kinds that take nothing over: the rate of one is too large or too small for another."""
CONFIG_SUFFIXES = (".yaml", ".yml", ".json")
NO_ENTRY = "no class is named for the entry "
LONGEST = 150
"""Characters of a message above which it names what is left out without values."""

# jsonargparse's own, which are private there: a test fails when they are gone or not called
_keep_what_fits: Callable[..., None] = typehints.discard_init_args_on_class_path_change
_action_type = typehints.ActionTypeHint
_TABLES = ("loaders", "loader_exceptions", "loader_json_superset", "loader_params", "dumpers")
_check_type: Callable[..., Any] = typehints.ActionTypeHint._check_type


def keep_options_on_class_change() -> None:
    """Let a new class take over the options of the old one that it has too, and say what is lost.

    jsonargparse does the first for every class. Here an optimizer or a scheduler takes nothing
    over (a config's L-BFGS with ``lr: 1`` and ``--model.optimizer Adam`` would give Adam a
    learning rate of 1), and neither does an entry of a list, which is replaced as a whole.
    """
    typehints.discard_init_args_on_class_path_change = _discard
    typehints.ActionTypeHint._check_type = _watch  # type: ignore[method-assign]


@contextmanager
def parsing_put_back() -> Iterator[None]:
    """Put back, when it is over, what this program's parser changes of jsonargparse and YAML."""
    discards, check = typehints.discard_init_args_on_class_path_change, _action_type._check_type
    tables = [vars(loaders_dumpers)[name] for name in _TABLES]
    tables.append(yaml.SafeDumper.yaml_multi_representers)
    before = [dict(table) for table in tables]
    try:
        yield
    finally:
        typehints.discard_init_args_on_class_path_change = discards
        _action_type._check_type = check  # type: ignore[method-assign]
        for table, entries in zip(tables, before, strict=True):
            table.clear()
            table.update(entries)


@contextmanager
def watched_changes(say: bool) -> Iterator[None]:
    """Watch the changes of class in a command line, and say at the end what was left out.

    Inside another one it does nothing: jsonargparse parses a command line in parts.

    Args:
        say: Whether anything is said.
    """
    if _watched.get() is not None:
        yield
        return
    changes = Changes()
    token = _watched.set(changes)
    try:
        yield
    except SystemExit as stop:
        if not stop.code and say:  # --print_config
            changes.say()
        raise
    finally:
        _watched.reset(token)
    if say:
        changes.say()


@dataclass
class Change:
    """A class in another one's place.

    Args:
        place: Dotted key.
        old: Name of the old class.
        new: Class path of the new one.
        dropped: The old class's options that the new one did not take over.
        kept: Those that it did.
    """

    place: str
    old: str
    new: str
    dropped: dict[str, Any]
    kept: dict[str, Any]

    @property
    def matters(self) -> bool:
        """Whether something is lost, or carried that means another thing: a loss's weight."""
        return bool(self.dropped) or ("weight" in self.kept and _is_a(self.new, Loss))

    @property
    def line(self) -> str:
        """The message."""
        kept = ", ".join(_shown(key, value) for key, value in self.kept.items())
        dropped = ", ".join(_shown(key, value) for key, value in self.dropped.items())
        line = self._line(dropped, kept)
        return line if len(line) <= LONGEST else self._line(", ".join(self.dropped), kept)

    def _line(self, dropped: str, kept: str) -> str:
        new = self.new.rpartition(".")[2]
        if not dropped:
            return f"{self.place}: {new} keeps {self.old}'s {kept}."
        also = f" and keeps {kept}" if kept else ""
        return f"{self.place}: {new} leaves out {self.old}'s {dropped}{also}."


class Changes:
    """The changes of class in one command line, as its files and options are read in turn."""

    def __init__(self) -> None:
        self.reading = False
        self._found: list[Change] = []
        self._first: dict[str, Any] = {}

    def add(self, action: typehints.ActionTypeHint, before: Any, after: Any) -> None:
        """Take in what a file or an option made of a key.

        Args:
            action: The parser's action for the key.
            before: The key's value before.
            after: Its value now.
        """
        key, by_default = action.dest, action.default if _is_spec(action.default) else None
        given = key in self._first  # whoever named no class does not miss the default's options
        first = self._first.setdefault(key, before)
        for place, old, new in _classes(before, after, key):
            if old["class_path"] is None or _same_class(old, new):
                self._given_since(place, _options(old), _options(new))
                continue
            options = _options(old)
            if place == key and by_default is not None and _same_class(old, by_default):
                if not given:
                    continue
                # the parser fills a class that is there by default with its own defaults
                filled, named = _options(first), _options(by_default)
                options = {k: v for k, v in options.items() if k in named or v != filled.get(k)}
            taken = _options(new)
            dropped = {k: v for k, v in options.items() if k not in taken}
            kept = {k: v for k, v in options.items() if k in taken and v == taken[k]}
            name = old["class_path"].rpartition(".")[2]
            self._found.append(Change(place, name, new["class_path"], dropped, kept))

    def _given_since(self, place: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        """Take off what has been given anew since."""
        for change in self._found:
            if change.place == place:
                for key, value in after.items():
                    if key not in before:
                        change.dropped.pop(key, None)
                    elif before[key] != value:
                        change.kept.pop(key, None)

    def say(self) -> None:
        """Log a line for every change that the user should know of."""
        for line in dict.fromkeys(change.line for change in self._found if change.matters):
            log.warning("%s", line)


_watched: ContextVar[Changes | None] = ContextVar("_watched", default=None)
_entries: ContextVar[frozenset[int]] = ContextVar("_entries", default=frozenset())


def _discard(parser_or_action: Any, previous: Any, value: Any) -> None:
    """Take out of an old class's options what the new class must not get."""
    if not previous or not _options(previous):
        return
    named = previous["class_path"] is not None  # else what was there is no class
    if named and _same_class(previous, value):
        return
    previous.pop("dict_kwargs", None)
    if named and not _is_a(value["class_path"], *AFRESH) and id(previous) not in _entries.get():
        _keep_what_fits(parser_or_action, previous, value)
    else:
        previous.pop("init_args", None)


@wraps(_check_type)
def _watch(
    self: typehints.ActionTypeHint,
    value: Any,
    append: bool = False,
    cfg: Namespace | None = None,
    mode: str | None = None,
) -> Any:
    """Parse the value of a key, with an eye on the classes in it."""
    previous = cfg.get(self.dest) if cfg else None
    entries = previous if isinstance(previous, list) else []
    token = _entries.set(frozenset(map(id, entries)))
    changes, reads_files = _watched.get(), self._enable_path
    self._enable_path = reads_files and _names_a_config(value)
    try:
        if changes is None or changes.reading or typehints.sub_defaults.get():
            return _check_type(self, value, append, cfg, mode)
        before, changes.reading = deepcopy(previous), True
        try:
            after = _check_type(self, value, append, cfg, mode)
        finally:
            changes.reading = False
        changes.add(self, before, after)
        return after
    except TypeError as error:
        if stray := _stray_entries(value, previous):
            there = ", ".join(previous) if previous else ""
            raise TypeError(
                f'Parser key "{self.dest}": {NO_ENTRY}{stray[0]}, of {there}'
            ) from error
        raise
    finally:
        self._enable_path = reads_files
        _entries.reset(token)


def _names_a_config(value: Any) -> bool:
    """Return whether a value, or one in it, is named as a file with a config of its own is.

    jsonargparse reads a value from any file of its name: that of a folder's ``Adam`` too.
    """
    if isinstance(value, Mapping | list):
        parts = value.values() if isinstance(value, Mapping) else value
        return any(map(_names_a_config, parts))
    return isinstance(value, str) and value.lower().endswith(CONFIG_SUFFIXES)


def _stray_entries(value: Any, previous: Any) -> list[str]:
    """Return the entries that a value changes without naming a class, and that are not there."""
    if not isinstance(previous, Mapping) or _is_spec(previous):
        return []
    if isinstance(value, NestedArg):
        name, _, option = value.key.partition(".")
        value = {name: {option: None}} if option else {}
    if isinstance(value, str):
        with suppress(yaml.YAMLError):
            value = load_yaml(value)
    if not isinstance(value, Mapping):
        return []
    return [
        str(name)
        for name, each in value.items()
        if name not in previous and isinstance(each, Mapping) and "class_path" not in each
    ]


def _is_spec(value: Any) -> bool:
    return isinstance(value, Mapping | Namespace) and "class_path" in value


def _options(spec: Any) -> dict[str, Any]:
    """Return the options of a class in a config, those of no constructor's argument among them."""
    options: dict[str, Any] = {}
    for part in (spec.get("init_args"), spec.get("dict_kwargs")):
        options |= _entries_of(part) if part else {}
    return options


def _entries_of(value: Any) -> dict[str, Any]:
    if isinstance(value, Namespace):
        return dict(value.items(branches=True, nested=False))
    return dict(value) if isinstance(value, Mapping) else {}


def _classes(before: Any, after: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    """Return the places that have a class before and after, however deep; not those in lists."""
    parts: Callable[[Any], dict[str, Any]] = _entries_of
    if _is_spec(before) and _is_spec(after):
        yield place, before, after
        parts = _options
    one, other = parts(before), parts(after)
    for key in (key for key in one if key in other):
        yield from _classes(one[key], other[key], f"{place}.{key}")


def _same_class(one: Any, other: Any) -> bool:
    """Return whether two classes of a config are one, by whatever path it is imported."""
    paths = one["class_path"], other["class_path"]
    return paths[0] == paths[1] or resolve_name(paths[0]) is resolve_name(paths[1])


def _is_a(class_path: str, *kinds: type) -> bool:
    made = resolve_name(class_path)
    return isclass(made) and issubclass(made, kinds)


def _shown(key: str, value: Any) -> str:
    """Return an option as people write it, without a value that takes long to read."""
    if _is_spec(value):
        text = str(value["class_path"]).rpartition(".")[2]
    elif value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, float):
        text = f"{value:.6g}"
    else:
        text = str(list(value) if isinstance(value, tuple) else value)
    return f"{key}: {text}" if len(text) <= 24 else key
