"""The values of a config by dotted key."""

from typing import Any

import yaml


def differing_keys(first: str, second: str) -> list[str]:
    """Return the dotted keys whose values differ between two configs, sorted.

    Example:
        >>> differing_keys("data: {size: 1, style: a}", "data: {size: 2, style: a}")
        ['data.size']
    """
    one, other = (flattened(yaml.safe_load(text)) for text in (first, second))
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))


def flattened(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the values of a config by dotted key.

    Args:
        config: What the YAML of a config holds.
        prefix: What goes before every key.

    Example:
        >>> flattened({"data": {"size": 1, "style": None}, "name": "a"})
        {'data.size': 1, 'data.style': None, 'name': 'a'}
    """
    flat = {}
    for key, value in config.items():
        inner = flattened(value, f"{prefix}{key}.") if isinstance(value, dict) else {}
        flat.update(inner or {f"{prefix}{key}": value})
    return flat
