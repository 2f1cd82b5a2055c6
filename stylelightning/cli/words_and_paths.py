"""Options that take a word, a path or a class, each by its bare text."""

from importlib.util import find_spec
from pathlib import Path

from jsonargparse import ArgumentParser
from jsonargparse.typing import register_type

from stylelightning.cli.kinds import import_components
from stylelightning.cli.parser import take_pictures_for_paths
from stylelightning.images import READABLE_SUFFIXES


class WordOrPath(str):
    """A text that names no class."""

    __slots__ = ()


def take_words_and_paths(parser: ArgumentParser, key: str, kind: type) -> None:
    """Make an option for a text or a class tell them apart.

    jsonargparse would import any text that may be a class: ``me`` for ``me.jpg``. Where a class is
    wrong it would take its name for a text. The type of an action is private there; a test fails
    when it is gone.

    Args:
        parser: The parser.
        key: The option, dotted.
        kind: What the classes derive from.
    """
    take_pictures_for_paths(parser, key)._typehint = WordOrPath | kind


def _word_or_path(value: object) -> str:
    """Return a text that names no class.

    Raises:
        ValueError: If it may name one, or is no text.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    path = Path(value).expanduser()
    is_picture = path.suffix.lower() in READABLE_SUFFIXES or path.is_file()
    if not is_picture and (value.startswith("{") or _may_be_imported(value)):
        raise ValueError(f"{value} may be a class")
    return value


def _may_be_imported(text: str) -> bool:
    module, *names = text.split(".")
    if not names:
        return module in import_components()
    return all(map(str.isidentifier, [module, *names])) and find_spec(module) is not None


register_type(WordOrPath, serializer=_word_or_path, deserializer=_word_or_path)
