"""YAML in which a text comes back as the text that it was; nothing of torch is imported.

YAML 1.1, which PyYAML reads, makes numbers, dates and truth values of many texts: ``12:30`` is 750,
``010`` is 8, ``no`` is false. Here ``null``, ``true``, ``false`` and plain numbers are no text, and
all else is: an option that takes a number or a truth value reads it out of its text.
"""

import re
from copy import deepcopy
from functools import lru_cache
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
_NULLS = ("~", "null", "Null", "NULL", "")
_WHOLE = r"[-+]?(?:0|[1-9][0-9]*)"
RESOLVED = {
    "null": ("|".join(_NULLS), ["~", "n", "N", ""]),
    "bool": ("true|True|TRUE|false|False|FALSE", ["t", "T", "f", "F"]),
    "int": (_WHOLE, list("-+0123456789")),
    "float": (
        rf"(?:{_WHOLE}(?:\.[0-9]*)?|[-+]?\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+0123456789."),
    ),
    "merge": ("<<", ["<"]),
}
"""What a scalar without quotes is if it matches in full, and how it may begin."""


class Loader(yaml.SafeLoader):
    """A loader that keeps texts, and refuses a key that is there twice."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML fills it

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Return the node of a mapping.

        Raises:
            yaml.YAMLError: If one of its keys is there twice.
        """
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            line = key.start_mark.line + 1
            if (key.tag, key.value) in lines:
                raise yaml.YAMLError(
                    f"the key {key.value!r} is there twice, in lines "
                    f"{lines[key.tag, key.value]} and {line}: take one out"
                )
            lines[key.tag, key.value] = line
        return node


class Dumper(yaml.SafeDumper):
    """A dumper that quotes every text that this loader or PyYAML's would take for another thing."""


def _text_node(dumper: Dumper, value: str) -> yaml.ScalarNode:
    text = str.__str__(value)  # Lightning's enumerations are texts
    style = '"' if "\x85" in text else None  # else PyYAML loses this old end of a line
    return dumper.represent_scalar(f"{_TAG}str", text, style)


Dumper.add_representer(str, _text_node)
Dumper.add_multi_representer(str, _text_node)
for _name, (_pattern, _first) in RESOLVED.items():
    for _class in (Loader, Dumper):
        _class.add_implicit_resolver(f"{_TAG}{_name}", re.compile(f"^(?:{_pattern})$"), _first)


def load_yaml(text: str) -> Any:
    """Return what a text in YAML says.

    Args:
        text: A document; or the value of an option, of which ``name:`` and ``{a, b}`` are text.

    Returns:
        The value; ``init_args`` and ``dict_kwargs`` without a key are as if they were not there.

    Raises:
        yaml.YAMLError: If it is no YAML.
    """
    value = deepcopy(_read(text))
    if value is None and "\n" not in text and text.strip() not in _NULLS:  # a comment, an anchor
        return text
    if isinstance(value, dict) and "\n" not in text and all(v is None for v in value.values()):
        words = text.strip(" {}").replace(" ", "").split(",")
        if {word.removesuffix(":") for word in words} == {str(key) for key in value}:
            return text
    _drop_empty_options(value)
    return value


@lru_cache(maxsize=256)  # a command line reads its files and most of its words several times
def _read(text: str) -> Any:
    return yaml.load(text, Loader=Loader)


def dump_yaml(value: Any) -> str:
    """Return plain values as YAML, keys in their order."""
    text: str = yaml.dump(
        value, Dumper=Dumper, default_flow_style=False, allow_unicode=True, sort_keys=False
    )
    return text


def _drop_empty_options(value: Any) -> None:
    if isinstance(value, dict):
        for key in ("init_args", "dict_kwargs"):
            if key in value and value[key] is None:
                del value[key]
    parts = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for each in parts:
            _drop_empty_options(each)
