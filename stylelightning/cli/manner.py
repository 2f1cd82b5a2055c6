"""How a program has a run made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lightning.pytorch import Callback

from stylelightning.cli.config import NOT_KEPT


@dataclass(frozen=True)
class Manner:
    """What the program that starts a run decides beside the run's config.

    Args:
        not_kept: Keys that are left out of the kept config.
        says_changes: Whether options that are left out when a class is changed are said.
        instantiators: What makes the objects of some classes, as in jsonargparse's
            ``instantiate``.
        bar: Whether the config's progress bar and preview are shown.
        command: What was typed, up to the options: what resumes a run that was stopped is said of
            it. None says nothing.
        records: Whether the run has loggers and checkpoints, as its config says, or none.
        takes: Whether the run takes a callback of the config's, by its name.
        usual: Classes of callbacks by name: a run has one too, unless its config gives the name or
            one of the class.
        besides: Callbacks beside those of the config.
        last: Callbacks that come after all others.
        place: What tells the run from those that it is compared with, by name; None for the options
            of its command line.
    """

    not_kept: tuple[str, ...] = NOT_KEPT
    says_changes: bool = True
    instantiators: Sequence[tuple[Callable[..., Any], type, bool]] = ()
    bar: bool = True
    command: Sequence[str] = ()
    records: bool = True
    takes: Callable[[str, Callback], bool] = lambda name, callback: True
    usual: Mapping[str, type[Callback]] = field(default_factory=dict)
    besides: Sequence[Callback] = ()
    last: Sequence[Callback] = ()
    place: Mapping[str, str] | None = None
