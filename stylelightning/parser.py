"""The command line's parser: layered configs, and errors of one line."""

import difflib
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import jsonargparse._typehints as typehints
import torch
import yaml
from jsonargparse import ArgumentParser, Namespace
from jsonargparse._actions import ActionConfigFile
from lightning.pytorch.cli import LightningArgumentParser

from stylelightning.class_change import watched_changes
from stylelightning.images import PICTURE_SUFFIXES, read_config
from stylelightning.parser_errors import explain

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
            near = difflib.get_close_matches(path.name, _names(path.parent), n=1)
            hint = f" Did you mean {path.parent / near[0]}?" if near else ""
            raise FileNotFoundError(f"There is no config file {path.absolute()}.{hint}")
        else:
            _check_yaml(path)
        ActionConfigFile.apply_config(parser, cfg, dest, value)
        for key, old in before.items():
            new = cfg.get(key)
            if isinstance(old, dict) and isinstance(new, dict):
                cfg[key] = {**old, **new}


class UsageError(SystemExit):
    """A mistake on the command line or in a config; exit code 2.

    Args:
        line: What is wrong and the way out.
    """

    def __init__(self, line: str) -> None:
        super().__init__(2)
        self.line = line


class Parser(LightningArgumentParser):
    """A parser that answers a mistake with one line and exit code 2."""

    instantiators: Sequence[tuple[Callable[..., Any], type, bool]] = ()
    """What makes the objects of some classes, as in jsonargparse's ``instantiate``."""

    says_changes = True
    """Whether options that are left out when a class is changed are said."""

    def parse_args(  # type: ignore[override]
        self, *args: Any, **options: Any
    ) -> Namespace:
        """Return the config of a command line, and say what changes of class left out.

        Args:
            args: Those of jsonargparse's parser.
            options: Likewise.
        """
        with watched_changes(self.says_changes):
            return super().parse_args(*args, **options)

    def instantiate_classes(self, cfg: Any, **options: Any) -> Any:
        """Return a config with its objects made; Lightning asks for it by jsonargparse's old name.

        Args:
            cfg: The parsed config.
            options: Those of ``instantiate``.
        """
        return self.instantiate(cfg, instantiators=list(self.instantiators) or None, **options)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Say what is wrong and what may have been meant.

        Raises:
            UsageError: Always, unless the parser shall raise errors of its own.
        """
        if not self.exit_on_error:
            super().error(message, ex)
        keys = [action.dest for action in self._actions]
        raise UsageError(explain(message, keys, component_names()))


OPTIMIZERS = sorted(name for name, value in vars(torch.optim).items() if inspect.isclass(value))


def component_names() -> list[str]:
    """Return the class names that a config may use by their bare name."""
    from stylelightning import backbones, callbacks, colours, initial, losses, metrics

    modules = (backbones, callbacks, colours, initial, losses, metrics)
    return [*(name for module in modules for name in module.__all__), *OPTIMIZERS]


def take_pictures_for_paths(parser: ArgumentParser, key: str) -> None:
    """Make an option that takes paths or classes keep a path instead of reading the file there.

    jsonargparse reads the value of any option with a class in its type from a file of that name,
    here a picture. The attribute is private there; a test fails when it is gone.
    """
    action = next(action for action in parser._actions if action.dest == key)
    assert isinstance(action, typehints.ActionTypeHint)
    action._enable_path = False


def _check_yaml(path: Path) -> None:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"The config file {path.absolute()} is no YAML: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"The config file {path.absolute()} holds no keys with values.")


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []
