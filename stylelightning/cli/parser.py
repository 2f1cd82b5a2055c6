"""The command line's parser: layered configs, and errors of one line."""

import os
from contextlib import chdir
from copy import deepcopy
from functools import reduce
from inspect import isabstract, isclass
from operator import or_
from pathlib import Path
from typing import Any, NoReturn, get_args

import jsonargparse._typehints as typehints
import yaml
from jsonargparse import ArgumentParser, Namespace, set_dumper, set_loader
from jsonargparse._actions import ActionConfigFile
from lightning.pytorch.cli import LightningArgumentParser

from stylelightning.cli.class_change import watched_changes
from stylelightning.cli.empty_values import check_values, keep_if_emptied, sections
from stylelightning.cli.errors import UsageError
from stylelightning.cli.kinds import import_components
from stylelightning.cli.parser_errors import explain
from stylelightning.cli.presets import config_path
from stylelightning.cli.yaml_text import dump_yaml, load_yaml
from stylelightning.images import PICTURE_SUFFIXES, read_config

MERGED = ("callbacks", "model.losses")
"""Mappings of which a later config changes the entries that it names and keeps the others."""


A_SWEEP = "that of a sweep: give it to `sweep`"
A_RUN = "that of one run: give it to `fit`, or to a sweep as what its runs start from, --base"
WRITTEN_FOR = {
    "model.losses": A_RUN,
    "model.backbone": A_RUN,
    "model.teacher": "that of a training: give it to `distill`",
    "video.steps": "that of a clip: give it to `video`",
    "axes": A_SWEEP,
    "points": A_SWEEP,
    "base": A_SWEEP,
}
"""What a file is that has a key which the parser does not know."""


class ConfigFile(ActionConfigFile):
    """A YAML file, a preset, or a picture that carries its config; a later one goes on top."""

    @staticmethod
    def apply_config(parser: ArgumentParser, cfg: Namespace, dest: str, value: str) -> None:
        """Read the file into ``cfg``, merging the entries of ``MERGED`` by name."""
        before = {key: deepcopy(cfg.get(key)) for key in sections(parser)}
        if "\n" not in value:
            path = config_path(value)
            if path.suffix.lower() in PICTURE_SUFFIXES:
                value = read_config(path)
            else:
                value = str(path)
                _check_keys(parser, path, _read_yaml(path))
        ActionConfigFile.apply_config(parser, cfg, dest, value)
        keep_if_emptied(cfg, before)
        for key in MERGED:
            old, new = before.get(key), cfg.get(key)
            if isinstance(old, dict) and isinstance(new, dict):
                cfg[key] = {**old, **new}


class Parser(LightningArgumentParser):
    """A parser that answers a mistake with one line and exit code 2."""

    says_changes = True
    """Whether options that are left out when a class is changed are said."""

    def __init__(self, *args: Any, **options: Any) -> None:
        set_loader("yaml", load_yaml, (yaml.YAMLError,))
        set_dumper("yaml", dump_yaml)
        super().__init__(*args, **options)

    def parse_path(self, path: str | os.PathLike[str], *args: Any, **options: Any) -> Namespace:
        """Return the config in a file, which is UTF-8 on every system.

        Args:
            path: The file; paths of further configs in it start in its folder.
            args: Those of jsonargparse's parser.
            options: Likewise.
        """
        file = Path(path).absolute()
        text = file.read_text(encoding="utf-8-sig")
        with chdir(file.parent):
            config: Namespace = super().parse_string(f"{text}\n", *args, path=file.name, **options)
        return config

    def parse_args(self, *args: Any, **options: Any) -> Namespace:  # type: ignore[override]
        """Return the config of a command line, and say what changes of class left out.

        Args:
            args: Those of jsonargparse's parser.
            options: Likewise.
        """
        with watched_changes(self.says_changes):
            config: Namespace = super().parse_args(*args, **options)
        check_values(self, config)
        return config

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Say what is wrong and what may have been meant.

        Raises:
            UsageError: Always, unless the parser shall raise errors of its own.
        """
        if not self.exit_on_error:
            super().error(message, ex)
        keys, classes = [action.dest for action in self._actions], set(import_components())
        for action in self._actions:
            if f'Parser key "{action.dest}"' in message:
                classes |= _classes(getattr(action, "_typehint", None))
        raise UsageError(explain(message, keys, classes))


def command_parser(command: str, description: str) -> Parser:
    """Return a parser without options.

    Args:
        command: The command that takes them.
        description: What it does.
    """
    # a default of another class's may be a word of a type of its own, as that of Lightning's Timer
    yaml.SafeDumper.add_multi_representer(str, _plain_text)
    return Parser(prog=f"stylelightning {command}", description=description, allow_abbrev=False)


def take_pictures_for_paths(parser: ArgumentParser, key: str) -> typehints.ActionTypeHint:
    """Make an option that takes paths or classes keep a path instead of reading the file there.

    jsonargparse reads the value of any option with a class in its type from a file of that name,
    here a picture. The attribute is private there; a test fails when it is gone.

    Returns:
        The option's action.
    """
    action = next(action for action in parser._actions if action.dest == key)
    assert isinstance(action, typehints.ActionTypeHint)
    action._enable_path = False
    return action


def take_whole_numbers_as_such(parser: ArgumentParser) -> None:
    """Make options for whole numbers or fractions keep a whole number.

    Python keeps the order of a union that it made before, and jsonargparse takes the first type
    that fits: 1, a number of steps, would become 1.0, all of them. The type of an action is private
    there; a test fails when it is gone.

    Args:
        parser: The parser.
    """
    for action in parser._actions:
        hints = get_args(getattr(action, "_typehint", None))
        if isinstance(action, typehints.ActionTypeHint) and {int, float} <= {*hints}:
            others = (hint for hint in hints if hint is not int)
            action._typehint = reduce(or_, others, int)


def _plain_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_str(str.__str__(text))


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = load_yaml(path.read_text(encoding="utf-8-sig") + "\n")
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ValueError(f"The config file {path.absolute()} is no YAML: {error}.") from error
    if not isinstance(content, dict):
        raise ValueError(f"The config file {path.absolute()} holds no keys with values.")
    return content


def _check_keys(parser: ArgumentParser, path: Path, content: dict[str, Any]) -> None:
    """Refuse the config of another command."""
    known = {action.dest for action in parser._actions}
    for key, what in WRITTEN_FOR.items():
        section, _, option = key.rpartition(".")
        inside = content.get(section) if section else content
        if key not in known and isinstance(inside, dict) and option in inside:
            raise ValueError(f"The config file {path.absolute()} is {what}.")


def _classes(hint: Any) -> set[str]:
    """Return the names of the classes that an option of a type may name."""
    names = {name for part in get_args(hint) for name in _classes(part)}
    if isclass(hint) and hint.__module__ != "builtins":
        for each in hint.__subclasses__():
            names |= _classes(each) if isabstract(each) else {each.__name__, *_classes(each)}
    return names
