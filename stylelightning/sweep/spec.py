"""What a sweep file asks for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stylelightning.sweep.folders import picture_values
from stylelightning.sweep.points import Point, Values, grid, listed, named, read_axis, sample
from stylelightning.sweep.records import FIXED


@dataclass(frozen=True)
class Spec:
    """A sweep.

    Args:
        base: The config of every run, or several to be layered.
        options: Values by dotted key that all runs have.
        axes: Values by axis; see `read_axis`.
        points: Settings of each point, instead of axes.
        sample: Number of random points; None for the whole grid.
        seed: Seed of the random points.
        contents: Content images: a folder, a picture, or a list of both.
        styles: Style images, likewise.
    """

    base: Sequence[str]
    options: Mapping[str, Any] = field(default_factory=dict)
    axes: Mapping[str, Any] = field(default_factory=dict)
    points: Sequence[Mapping[str, Any]] = ()
    sample: int | None = None
    seed: int = 0
    contents: str | Sequence[str] | None = None
    styles: str | Sequence[str] | None = None


OWN = ("name", "output", "config", "ckpt_path", "print_config", "trainer.default_root_dir")
"""Keys of `fit` that a sweep sets itself."""


def points_of(spec: Spec) -> list[Point]:
    """Return the points of a sweep.

    Raises:
        OSError: If a picture is missing.
        ValueError: If the sweep makes no sense.
    """
    if not spec.base:
        raise ValueError(
            "There must be a config that the runs start from: give --base FILE to `sweep`, "
            "--config FILE to `batch`."
        )
    pictures: dict[str, Values] = {}
    if spec.contents is not None:
        pictures["content"] = picture_values("contents", spec.contents, "data.content")
    if spec.styles is not None:
        pictures["style"] = picture_values("styles", spec.styles, "data.style")
    if spec.points and spec.axes:
        raise ValueError("A sweep has `axes` or `points`, not both.")
    if not (spec.points or spec.axes or pictures):
        raise ValueError("A sweep needs `axes`, `points`, or `contents` and `styles`.")
    for name in spec.axes:
        if name in (*pictures, *FIXED):
            raise ValueError(f"An axis can't be called {name!r}, which is taken: choose another.")
    points = _points(spec, pictures)
    for key in {*spec.options, *(key for point in points for key in point.settings)}:
        if key in OWN:
            raise ValueError(f"A sweep sets {key!r} itself: take it out.")
    return points


def _points(spec: Spec, pictures: dict[str, Values]) -> list[Point]:
    if spec.points:
        if spec.sample is not None:
            raise ValueError("`sample` draws from `axes`; `points` are all run.")
        return named({**some, **each} for some in grid(pictures) for each in listed(spec.points))
    axes = {str(name): read_axis(str(name), given) for name, given in spec.axes.items()}
    axes = {**pictures, **axes}
    return named(grid(axes) if spec.sample is None else sample(axes, spec.sample, spec.seed))


def flags(settings: Mapping[str, Any]) -> list[str]:
    """Return settings as options of ``fit``.

    Example:
        >>> flags({"data.size": 128, "model.losses.tv": None, "name": "a"})
        ['--data.size=128', '--model.losses.tv=null', '--name=a']
    """
    return [
        f"--{key}={value if isinstance(value, str) else json.dumps(value)}"
        for key, value in settings.items()
    ]
