"""What a page is made of, whoever made the runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from stylelightning.run.folder import RunFolder

NAN = float("nan")


@dataclass(frozen=True)
class Axis:
    """Something that differs from run to run.

    Args:
        name: Dotted key of a config, or the name that a sweep file gives it.
        labels: Names of its values, in order.
    """

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class ShownRun:
    """A run on a page; its picture, its tables and its config are read from its folder.

    Args:
        point: The run's name.
        place: Label of its value on each axis, by axis.
        status: One word, such as ``done``.
        steps: Steps made.
        seconds: Wall time; NaN if nobody knows.
        megabytes: Peak memory, 10^6 bytes; NaN if nobody knows.
        folder: The run's folder; None if it has not been run.
        error: Why it failed, in one line.
        terms: Weighted terms at the end and their ``total``.
        metrics: Metrics of the picture, by name.
    """

    point: str
    place: dict[str, str]
    status: str
    steps: int
    seconds: float
    megabytes: float
    folder: RunFolder | None
    error: str = ""
    terms: dict[str, float] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Contents:
    """What a page shows.

    Args:
        title: What stands at its top.
        noun: What a run is called on it.
        axes: What differs.
        runs: The runs, in order.
        grid: Whether two of the axes are rows and columns; otherwise the pictures are a list.
        table: Name of a file beside the page that has the same values; empty for none.
    """

    title: str
    noun: str
    axes: Sequence[Axis]
    runs: Sequence[ShownRun]
    grid: bool
    table: str = ""
