"""Options of Lightning's trainer that a run of one picture can't follow."""

import json
import logging
import math
from typing import Any

from jsonargparse import Namespace

log = logging.getLogger(__name__)

SHORTER = "use --trainer.max_steps for a shorter run"
REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "barebones": ((False,), "a run keeps its logs and checkpoints"),
    "fast_dev_run": ((False, 0), SHORTER),
    "limit_train_batches": ((None, 1.0), f"a step has no data; {SHORTER}"),
    "overfit_batches": ((0,), f"a step has no data; {SHORTER}"),
    "max_epochs": ((-1, None), f"there are no epochs; {SHORTER}"),
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


def check_trainer_options(trainer: Namespace) -> None:
    """Refuse options that take away what a run needs, and say which have no effect.

    Args:
        trainer: The section of a config.

    Raises:
        ValueError: If there is one, or the gradient would be cut to no number.
    """
    for name, (values, reason) in REFUSED.items():
        if (given := trainer.get(name)) not in values:
            raise ValueError(
                f"`trainer.{name}` must be {json.dumps(values[0])}, got {json.dumps(given)}: "
                f"{reason}."
            )
    clip = trainer.get("gradient_clip_val")
    if clip is not None and not 0 < clip < math.inf:
        raise ValueError(
            f"`trainer.gradient_clip_val` must be above 0 and finite, got {clip}: give null for "
            "gradients as they are."
        )
    for name in NOWHERE:
        if trainer.get(name):
            log.warning("trainer.%s has no effect: a run only optimises its picture.", name)
