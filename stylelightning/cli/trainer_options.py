"""Options of Lightning's trainer that a run of one picture can't follow."""

import json
import logging
import math
import re
from collections.abc import Iterable
from typing import Any

from jsonargparse import Namespace
from lightning.pytorch.callbacks import Timer

from stylelightning.run.checks import check_epoch
from stylelightning.run.lightning_callbacks import LOGGING

log = logging.getLogger(__name__)

SHORTER = "use --trainer.max_steps for a shorter run"
REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "barebones": ((False,), "a run keeps its logs and checkpoints"),
    "fast_dev_run": ((False, 0), SHORTER),
    "overfit_batches": ((0,), f"a step has no data; {SHORTER}"),
    "max_epochs": ((-1, None), f"there are no epochs; {SHORTER}"),
    "accumulate_grad_batches": ((1,), "every step has all its data"),
}
"""The values that a run can follow, and why no other."""

NOWHERE = (
    "limit_val_batches",
    "limit_test_batches",
    "limit_predict_batches",
    "val_check_interval",
    "num_sanity_val_steps",
    "reload_dataloaders_every_n_epochs",
    "model_registry",
)
"""Options of what a run does not do: validate, test, predict, read data, upload."""
AT_LEAST_0 = (*NOWHERE[:-1], "min_steps", "log_every_n_steps")
PROFILERS = ("simple", "advanced", "pytorch", "xla")


def check_trainer_options(trainer: Namespace, callbacks: Iterable[Namespace]) -> None:
    """Refuse options that take away what a run needs, and say which have no effect.

    Args:
        trainer: The section of a config.
        callbacks: The run's callbacks, each with its ``class_path``.

    Raises:
        ValueError: If there is one, or the gradient would be cut to no number.
    """
    refuse_options(trainer, REFUSED)
    check_epoch(trainer.get("limit_train_batches"))
    for name in AT_LEAST_0:
        given = trainer.get(name)
        if given is not None and not (isinstance(given, int | float) and 0 <= given < math.inf):
            raise ValueError(f"`trainer.{name}` must be a number of at least 0, got {given}.")
    devices = trainer.get("devices")
    if isinstance(devices, str) and not re.fullmatch(r"auto|[-\d, ]+", devices):
        raise ValueError(
            f"`trainer.devices` must be a whole number, auto or [INDEX], got {devices!r}."
        )
    if devices in (0, "0"):
        raise ValueError(f"`trainer.devices` must be at least 1, got {devices}.")
    if isinstance(profiler := trainer.get("profiler"), str) and profiler not in PROFILERS:
        raise ValueError(
            f"`trainer.profiler` must be {', '.join(PROFILERS)} or a class, got {profiler!r}."
        )
    _check_max_time(trainer.get("max_time"))
    clip = trainer.get("gradient_clip_val")
    if clip is not None and not 0 < clip < math.inf:
        raise ValueError(
            f"`trainer.gradient_clip_val` must be above 0 and finite, got {clip}: give null for "
            "gradients as they are."
        )
    for name in NOWHERE:
        if trainer.get(name):
            log.warning("trainer.%s has no effect: a run only optimises its picture.", name)
    if trainer.get("log_every_n_steps") and not any(map(_heeds_the_interval, callbacks)):
        log.warning(
            "trainer.log_every_n_steps has no effect: it is for callbacks such as "
            "LearningRateMonitor; --callbacks.log.every_n_steps is LossLog's."
        )


def refuse_options(trainer: Namespace, names: Iterable[str]) -> None:
    """Refuse values that a run can't follow.

    Args:
        trainer: The section of a config.
        names: Options of `REFUSED`.

    Raises:
        ValueError: If there is one.
    """
    for name in names:
        values, reason = REFUSED[name]
        if (given := trainer.get(name)) not in values:
            raise ValueError(
                f"`trainer.{name}` must be {json.dumps(values[0])}, got {json.dumps(given)}: "
                f"{reason}."
            )


def _heeds_the_interval(callback: Namespace) -> bool:
    """Return whether a callback writes every so many steps into the loggers, or may do so."""
    module, _, name = callback.class_path.rpartition(".")
    package = module.partition(".")[0]
    own = package not in ("stylelightning", "lightning")
    return own or name in [kind.__name__ for kind in LOGGING]


def _check_max_time(duration: Any) -> None:
    try:
        Timer(duration)
    except Exception as error:
        raise ValueError(
            f"`trainer.max_time` must be days:hours:minutes:seconds, such as 00:00:10:00, or keys "
            f"such as {{minutes: 10}}, got {duration!r}."
        ) from error
