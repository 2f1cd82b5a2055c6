"""What runs have in common, what differs, and which of their numbers can be compared."""

from collections.abc import Mapping, Sequence

Config = Mapping[str, str]
"""Values of a config as text, by dotted key."""

NO_SETTINGS = ("name", "trainer.default_root_dir")
"""Keys that say where a run is, not what picture it makes."""
OF_LABELS = ("data.", "model.", "trainer.", "seed_everything")
"""Beginnings of the keys that a run can be called by."""


def shared_settings(configs: Sequence[Config]) -> dict[str, str]:
    """Return the keys that have the same value in all configs, but for those that are null.

    Args:
        configs: The configs, at least one.
    """
    first, *others = configs
    return {
        key: value
        for key, value in first.items()
        if value != "null" and key not in NO_SETTINGS and all(o.get(key) == value for o in others)
    }


def differing_settings(configs: Sequence[Config]) -> list[str]:
    """Return the keys whose values differ between configs, sorted; null is as good as not set.

    Args:
        configs: The configs.
    """
    keys = {key for each in configs for key in each}
    return sorted(
        key for key in keys - {*NO_SETTINGS} if len({each.get(key, "null") for each in configs}) > 1
    )


def labelling_keys(configs: Sequence[Config]) -> list[str]:
    """Return the keys that tell runs apart: of a class that differs the name, not its options.

    Args:
        configs: The configs.
    """
    keys = [key for key in differing_settings(configs) if key.startswith(OF_LABELS)]
    classes = [key.removesuffix("class_path") for key in keys if key.endswith(".class_path")]
    return [key for key in keys if not key.startswith(tuple(f"{c}init_args." for c in classes))]


def short_key(key: str) -> str:
    """Return a key as it is given on a command line.

    Example:
        >>> short_key("model.optimizer.init_args.lr")
        'model.optimizer.lr'
        >>> short_key("model.backbone.class_path")
        'model.backbone'
    """
    return key.replace(".init_args.", ".").removesuffix(".class_path")


def short_value(key: str, value: str | None) -> str:
    """Return a value as a label: of a class its bare name.

    Args:
        key: The key that it belongs to.
        value: The value as text; None where the key is not set.
    """
    if value is None:
        return "not set"
    return value.rpartition(".")[2] if key.endswith(".class_path") else value


def incomparable(configs: Sequence[Config], sizes: Sequence[tuple[int, int]]) -> list[str]:
    """Return why the metrics of runs can't be compared: the keys that say so; empty if they can.

    A metric is comparable between pictures of the same images at the same size, in whatever
    palette, if it was measured at the same size.

    Args:
        configs: The configs of the runs.
        sizes: Width and height of the pictures in pixels.
    """
    measures = {
        key.removesuffix("class_path")
        for each in configs
        for key, value in each.items()
        if key.startswith("callbacks.") and value.rpartition(".")[2] == "FinalMetrics"
    }
    counting = ("data.", *measures)
    found = [
        short_key(key)
        for key in differing_settings(configs)
        if key.startswith(counting) and not key.startswith("data.colours")
    ]
    return [*found, *(["the pictures' sizes"] if len({*sizes}) > 1 else [])]
