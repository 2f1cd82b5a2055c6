"""The points of a sweep: what is set at each, and what they are called."""

import math
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from stylelightning.report.contents import Axis
from stylelightning.sweep.sweep_folder import SweepFolder

DRAWS = ("uniform", "log_uniform")
"""Ways in which an axis of a random sample may be given: two bounds instead of values."""
LONGEST = 100
"""Most bytes of a point's name, which is that of a folder."""

Settings = dict[str, Any]
"""Values by dotted key of a config."""


@dataclass(frozen=True)
class Value:
    """A value on an axis.

    Args:
        label: Its name.
        settings: What it sets.
    """

    label: str
    settings: Settings


@dataclass(frozen=True)
class Bounds:
    """What an axis of a random sample is drawn from.

    Args:
        low: Smallest value.
        high: Largest value.
        logarithmic: Whether the logarithm is uniform, not the value.
    """

    low: float
    high: float
    logarithmic: bool

    def draw(self, numbers: random.Random) -> float:
        """Return a value, rounded to three digits."""
        if self.logarithmic:
            value = math.exp(numbers.uniform(math.log(self.low), math.log(self.high)))
        else:
            value = numbers.uniform(self.low, self.high)
        return float(f"{value:.3g}")


@dataclass(frozen=True)
class Point:
    """One run of a sweep.

    Args:
        name: Its name, and that of its folder.
        place: Label of its value on each axis, by axis.
        settings: What it sets.
    """

    name: str
    place: dict[str, str]
    settings: Settings


Values = Sequence[Value] | Bounds


def read_axis(name: str, given: Any) -> Values:
    """Return the values of an axis as a sweep file gives it.

    Args:
        name: The axis: a dotted key, or any word if the values say what they set.
        given: A list of the key's values; or a mapping from labels to settings; or, for a random
            sample, ``{uniform: [low, high]}`` or ``{log_uniform: [low, high]}``.

    Raises:
        ValueError: If it is none of these.
    """
    if isinstance(given, Mapping) and len(given) == 1 and (draw := next(iter(given))) in DRAWS:
        return _bounds(name, draw, given[draw])
    if isinstance(given, Mapping) and given and all(isinstance(v, Mapping) for v in given.values()):
        return [Value(str(label), dict(settings)) for label, settings in given.items()]
    if isinstance(given, Sequence) and not isinstance(given, str) and given:
        return values_of(map(label_of, given), ({name: value} for value in given))
    raise ValueError(
        f"The axis {name!r} must be a list of values, or a mapping from labels to settings such as "
        f"{{large: {{data.size: 512}}}}, got {given!r}."
    )


def grid(axes: Mapping[str, Values]) -> list[dict[str, Value]]:
    """Return every combination; the last axis changes fastest.

    Raises:
        ValueError: If an axis has bounds instead of values.
    """
    lists = list[Sequence[Value]]()
    for name, values in axes.items():
        if isinstance(values, Bounds):
            raise ValueError(
                f"The axis {name!r} has bounds, of which a grid can't have all values: give "
                "values, or `sample` with a number of points."
            )
        lists.append(values)
    return [dict(zip(axes, values, strict=True)) for values in product(*lists)]


def sample(axes: Mapping[str, Values], count: int, seed: int) -> list[dict[str, Value]]:
    """Return random combinations, the same for the same seed.

    Without bounds they are different points of the grid; with them each value is drawn.

    Args:
        axes: Values or bounds by axis.
        count: Number of points, at least 1.
        seed: Seed of the draws.

    Raises:
        ValueError: If the number is below 1, or above that of the grid's points.
    """
    if count < 1:
        raise ValueError(f"`sample` must be at least 1 point, got {count}.")
    numbers = random.Random(seed)
    if not any(isinstance(values, Bounds) for values in axes.values()):
        whole = grid(axes)
        if count > len(whole):
            raise ValueError(
                f"`sample` asks for {count} points of a grid of {len(whole)}: give at most that, "
                "or bounds such as {uniform: [0, 1]} instead of values."
            )
        return [whole[index] for index in sorted(numbers.sample(range(len(whole)), count))]
    return [{name: _drawn(name, axes[name], numbers) for name in axes} for _ in range(count)]


def named(combinations: Iterable[Mapping[str, Value]]) -> list[Point]:
    """Return points with names that differ."""
    whole = list(combinations)
    labels = ([value.label for value in each.values()] for each in whole)
    names = unique((_file_name(each) for each in labels), SweepFolder(Path()).taken)
    return [
        Point(
            name,
            {axis: value.label for axis, value in each.items()},
            {key: v for value in each.values() for key, v in value.settings.items()},
        )
        for name, each in zip(names, whole, strict=True)
    ]


def listed(points: Sequence[Mapping[str, Any]]) -> list[dict[str, Value]]:
    """Return the combinations of points that are given one by one.

    Args:
        points: Settings of each; ``label`` names the point.

    Raises:
        ValueError: If a point sets nothing.
    """
    labels, settings = list[str](), list[Settings]()
    for each in points:
        if not isinstance(each, Mapping):
            raise ValueError(
                f"A point of `points` must be a mapping such as {{data.size: 512}}, got {each!r}."
            )
        own = {key: value for key, value in each.items() if key != "label"}
        if not own:
            raise ValueError(f"A point of `points` must set something, got {dict(each)}.")
        given = each.get("label")
        labels.append(label_of(own) if given is None else str(given))
        settings.append(own)
    return [{"point": value} for value in values_of(labels, settings)]


def axes_of(points: Sequence[Point]) -> list[Axis]:
    """Return the axes of points with the labels that they have, in order of appearance."""
    labels: dict[str, dict[str, None]] = {}
    for point in points:
        for axis, label in point.place.items():
            labels.setdefault(axis, {})[label] = None
    return [Axis(name, tuple(values)) for name, values in labels.items()]


def label_of(value: Any) -> str:
    """Return a value as people write it.

    Example:
        >>> label_of({"class_path": "torch.optim.Adam", "init_args": {"lr": 0.01}})
        'Adam(lr=0.01)'
        >>> label_of(None)
        'none'
    """
    if isinstance(value, Mapping) and "class_path" in value:
        options = value.get("init_args") or {}
        inner = ", ".join(f"{key}={label_of(each)}" for key, each in options.items())
        name = str(value["class_path"]).rpartition(".")[2]
        return f"{name}({inner})" if inner else name
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={label_of(each)}" for key, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "+".join(label_of(each) for each in value) or "none"
    if isinstance(value, float):
        return f"{value:.6g}"
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def values_of(labels: Iterable[str], settings: Iterable[Settings]) -> list[Value]:
    """Return values, of which those with a label that is there already get a number behind it."""
    return [Value(label, own) for label, own in zip(unique(labels), settings, strict=True)]


def unique(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Return names of which those that are there already have a number behind them.

    Args:
        names: The names.
        taken: Names that are there before.
    """
    there, result = set(taken), list[str]()
    for name in names:
        candidate, number = name, 1
        while candidate in there:
            number += 1
            candidate = f"{name}-{number}"
        there.add(candidate)
        result.append(candidate)
    return result


def _file_name(labels: Sequence[str]) -> str:
    parts = (re.sub(r"[^\w.+=-]+", "-", label).strip(".") or "none" for label in labels)
    return "--".join(parts).encode()[:LONGEST].decode(errors="ignore")


def _drawn(name: str, values: Values, numbers: random.Random) -> Value:
    if not isinstance(values, Bounds):
        return numbers.choice(values)
    value = values.draw(numbers)
    return Value(label_of(value), {name: value})


def _bounds(name: str, draw: str, given: Any) -> Bounds:
    match given:
        case [int() | float() as low, int() | float() as high] if low < high:
            if draw == "log_uniform" and not low > 0:
                raise ValueError(f"`{draw}` of the axis {name!r} must be above 0, got {given!r}.")
            return Bounds(float(low), float(high), draw == "log_uniform")
    raise ValueError(
        f"`{draw}` of the axis {name!r} must be two numbers, the smaller first, got {given!r}."
    )
