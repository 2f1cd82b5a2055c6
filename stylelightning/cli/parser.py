"""The command line's parser: layered configs, and errors of one line."""

import difflib
from pathlib import Path
from typing import Any, NoReturn

import jsonargparse._typehints as typehints
import yaml
from jsonargparse import ArgumentParser, Namespace
from jsonargparse._actions import ActionConfigFile
from lightning.pytorch.cli import LightningArgumentParser

from stylelightning.cli.class_change import watched_changes
from stylelightning.cli.errors import UsageError
from stylelightning.cli.kinds import import_components
from stylelightning.cli.parser_errors import explain
from stylelightning.images import PICTURE_SUFFIXES, read_config

MERGED = ("callbacks", "model.losses")
"""Mappings of which a later config changes the entries that it names and keeps the others."""


class ConfigFile(ActionConfigFile):
    """A YAML file, or a picture that carries its config; a later one goes on top."""

    @staticmethod
    def apply_config(parser: ArgumentParser, cfg: Namespace, dest: str, value: str) -> None:
        """Read the file into ``cfg``, merging the entries of ``MERGED`` by name."""
        before = {key: cfg.get(key) for key in MERGED}
        path = Path(value).expanduser()
        if path.suffix.lower() in PICTURE_SUFFIXES:
            value = read_config(path)
        elif path.is_dir():
            raise IsADirectoryError(f"The config {path.absolute()} is a folder: give a YAML file.")
        elif "\n" not in value and not path.is_file():
            names = [each.name for each in path.parent.glob("*")]
            near = difflib.get_close_matches(path.name, names, n=1)
            hint = f" Did you mean {path.parent / near[0]}?" if near else ""
            raise FileNotFoundError(f"There is no config file {path.absolute()}.{hint}")
        else:
            _check_yaml(path)
        ActionConfigFile.apply_config(parser, cfg, dest, value)
        for key, old in before.items():
            new = cfg.get(key)
            if isinstance(old, dict) and isinstance(new, dict):
                cfg[key] = {**old, **new}


class Parser(LightningArgumentParser):
    """A parser that answers a mistake with one line and exit code 2."""

    says_changes = True
    """Whether options that are left out when a class is changed are said."""

    def parse_args(self, *args: Any, **options: Any) -> Namespace:  # type: ignore[override]
        """Return the config of a command line, and say what changes of class left out.

        Args:
            args: Those of jsonargparse's parser.
            options: Likewise.
        """
        with watched_changes(self.says_changes):
            return super().parse_args(*args, **options)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Say what is wrong and what may have been meant.

        Raises:
            UsageError: Always, unless the parser shall raise errors of its own.
        """
        if not self.exit_on_error:
            super().error(message, ex)
        keys = [action.dest for action in self._actions]
        raise UsageError(explain(message, keys, import_components()))


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


def _plain_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_str(str.__str__(text))


def _check_yaml(path: Path) -> None:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"The config file {path.absolute()} is no YAML: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"The config file {path.absolute()} holds no keys with values.")
