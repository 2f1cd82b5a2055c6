"""Which of Lightning's own callbacks work on one picture, and what to take for the others."""

from collections.abc import Iterable

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import (
    BaseFinetuning,
    BasePredictionWriter,
    BatchSizeFinder,
    Checkpoint,
    DeviceStatsMonitor,
    EarlyStopping,
    GradientAccumulationScheduler,
    LearningRateFinder,
    LearningRateMonitor,
    ModelCheckpoint,
    ModelPruning,
    OnExceptionCheckpoint,
    ProgressBar,
    SpikeDetection,
    StochasticWeightAveraging,
    ThroughputMonitor,
    Timer,
    WeightAveraging,
)

from stylelightning.run.checks import is_endless

AVERAGING = "average the picture with --model.averaging 0.99, which knows its sizes"

REFUSED: dict[type[Callback], str] = {
    BaseFinetuning: "the backbone is never trained: take it out",
    BasePredictionWriter: "nothing is predicted: take it out; the picture is `module.picture`",
    BatchSizeFinder: "there are no batches: `stylelightning plan` finds the largest size",
    GradientAccumulationScheduler: "every step has all its data: take it out",
    LearningRateFinder: "it would spend the run's steps: compare rates with `stylelightning sweep`",
    OnExceptionCheckpoint: "the middle of a step does not resume: LastCheckpoint keeps whole steps",
    ModelPruning: "it would cut the backbone's filters: take it out",
    SpikeDetection: "it skips batches, of which there are none: take StopOnDivergence",
    StochasticWeightAveraging: f"it counts epochs: {AVERAGING}",
    ThroughputMonitor: "there are no batches to count: LossLog has the time of a step",
    WeightAveraging: f"it can't follow a picture that grows: {AVERAGING}",
}
"""Callbacks that can't work on one picture, and why, with the way out."""

LOGGING = (DeviceStatsMonitor, LearningRateMonitor)
"""Callbacks that write into the run's loggers and nowhere else."""


def check_callbacks(trainer: Trainer, terms: Iterable[str]) -> None:
    """Refuse callbacks of Lightning's that would fail on the way, or do nothing.

    Args:
        trainer: The run's trainer.
        terms: Names of the run's losses.

    Raises:
        ValueError: If there is one.
    """
    metrics = [*(f"loss/{name}" for name in terms), "loss/total"]
    present = callbacks_of(trainer)
    own = any(_is_users(callback) for callback in present)
    for callback in present:
        name = type(callback).__name__
        for kind, reason in REFUSED.items():
            if isinstance(callback, kind):
                present.remove(callback)  # it must not act on the error
                raise ValueError(f"The callback {name} can't work on one picture: {reason}.")
        if type(callback) in (Callback, Checkpoint, ProgressBar):
            raise ValueError(
                f"The callback {name} does nothing by itself: name a class that is derived from it."
            )
        if isinstance(callback, LOGGING) and not trainer.loggers:
            raise ValueError(
                f"The callback {name} writes into the run's loggers, and there are none: give "
                "--trainer.logger true, or take it out."
            )
        if isinstance(callback, EarlyStopping | ModelCheckpoint):
            monitor = callback.monitor
            if monitor is not None and monitor not in metrics and not own:
                raise ValueError(
                    f"`monitor` of the callback {name} must be one of {', '.join(metrics)}, got "
                    f"{monitor!r}."
                )
        by_epoch = isinstance(callback, EarlyStopping) or (
            isinstance(callback, Timer) and callback._interval == "epoch"  # it has no other name
        )
        if by_epoch and is_endless(trainer.limit_train_batches):
            raise ValueError(
                f"The callback {name} looks at the end of an epoch, and a run is one without "
                "end: give --trainer.limit_train_batches 50 and it looks every 50 steps."
            )


def wants_metrics(trainer: Trainer) -> bool:
    """Return whether there is a callback that may read what the module logs.

    Logging takes about a millisecond, and is left out where nothing looks at it.
    """
    return any(
        _is_users(callback)
        or (isinstance(callback, ProgressBar) and not _is_ours(callback))
        or (isinstance(callback, EarlyStopping | ModelCheckpoint) and callback.monitor)
        for callback in callbacks_of(trainer)
    )


def callbacks_of(trainer: Trainer) -> list[Callback]:
    """Return the trainer's own list of callbacks."""
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    return callbacks


def _is_ours(callback: Callback) -> bool:
    return type(callback).__module__.startswith("stylelightning.")


def _is_users(callback: Callback) -> bool:
    return not _is_ours(callback) and not type(callback).__module__.startswith("lightning.")
