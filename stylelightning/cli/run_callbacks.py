"""The callbacks of a run: those of its config, and those that every run has."""

from collections.abc import Mapping, Sequence

from jsonargparse import Namespace
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import Checkpoint, ProgressBar

from stylelightning.callbacks import (
    Advice,
    LastCheckpoint,
    LiveView,
    ResultWriter,
    RunRecorder,
    StepEndStop,
    StopOnDivergence,
    TerminalPreview,
)
from stylelightning.callbacks.board import RunOnBoard
from stylelightning.cli.config import as_list
from stylelightning.cli.manner import Manner

FIRST = StopOnDivergence | TerminalPreview
"""What comes before all others: it watches, or ends before anything is said of the end."""


def run_callbacks(
    run: Namespace, manner: Manner, writer: ResultWriter, board: RunOnBoard
) -> list[Callback]:
    """Return the callbacks of a run, in the order in which they are called.

    Args:
        run: The run's config, with its objects.
        manner: How the run is made.
        writer: What writes its picture.
        board: What shows TensorBoard what the run is made from.

    Raises:
        ValueError: If there are two progress bars or two live pages.
    """
    named = {name: each for name, each in run.callbacks.items() if each is not None}
    _check_bars(named)
    given = [each for name, each in named.items() if manner.takes(name, each)]
    given = _shown(run, manner, [*given, *as_list(run.trainer.callbacks)])
    given = _kept(run, manner, given)
    everywhere: dict[str, type[Callback]] = {"advice": Advice, **manner.usual}
    for name, usual in everywhere.items():
        if name not in run.callbacks and not _has(given, usual):
            given.append(usual())
    live = _live_page(run, given)
    first = [each for each in given if isinstance(each, FIRST)]
    others = [each for each in given if not isinstance(each, FIRST | LiveView)]
    last = [*manner.besides, RunRecorder(), board, *live, StepEndStop(), *manner.last]
    return [*first, writer, *others, *last]  # who may end the run comes last


def _check_bars(named: Mapping[str, Callback]) -> None:
    bars = [name for name, each in named.items() if isinstance(each, ProgressBar)]
    if len(bars) > 1:
        raise ValueError(
            f"`callbacks` may have one progress bar, got {' and '.join(bars)}: switch one off with "
            f"--callbacks.{bars[0]} null."
        )


def _shown(run: Namespace, manner: Manner, given: Sequence[Callback]) -> list[Callback]:
    """Return the callbacks, of those that show the run in the terminal what is asked for."""
    shown = list(given)
    if run.preview and not _has(shown, TerminalPreview):
        shown.append(TerminalPreview())
    if not manner.bar:
        shown = [each for each in shown if not isinstance(each, TerminalPreview)]
    if not manner.bar or run.trainer.enable_progress_bar is False:
        shown = [each for each in shown if not isinstance(each, ProgressBar)]
    return shown


def _kept(run: Namespace, manner: Manner, given: Sequence[Callback]) -> list[Callback]:
    """Return the callbacks, with one that keeps checkpoints or, if there shall be none, without."""
    if not manner.records or run.trainer.enable_checkpointing is False:
        return [each for each in given if not isinstance(each, Checkpoint)]
    return [*given, *([] if _has(given, Checkpoint) else [LastCheckpoint()])]


def _live_page(run: Namespace, given: Sequence[Callback]) -> list[LiveView]:
    pages = [each for each in given if isinstance(each, LiveView)]
    if run.live is not None:
        pages.append(LiveView(run.live))
    if len(pages) > 1:
        raise ValueError(
            f"A run has one live page, got {len(pages)}: leave out --live, or the LiveView of the "
            "config's callbacks."
        )
    return pages


def _has(given: Sequence[Callback], kind: type[Callback]) -> bool:
    return any(isinstance(each, kind) for each in given)
