"""A process that helps another one to make its picture."""

import logging
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from jsonargparse import Namespace
from lightning.pytorch import Trainer

from stylelightning.callbacks.interrupt import ENDS
from stylelightning.cli.trainer_settings import FIXED, SILENT
from stylelightning.execution.team import LostProcessError
from stylelightning.execution.tile_strategy import NAME, TileStrategy

log = logging.getLogger(__name__)

LOST = 1
"""Exit code of a process whose run was lost elsewhere."""
UNFIT = 2
"""Exit code of a process whose run can't begin."""


def helps(strategy: object) -> bool:
    """Return whether this process is not the first of those that make the run's picture.

    Args:
        strategy: ``trainer.strategy``: a name, in capitals or not, or a class with its path.
    """
    named = getattr(strategy, "class_path", strategy)
    ours = isinstance(named, str) and (
        named.lower() == NAME  # Lightning heeds no capitals
        or named.endswith(f".{TileStrategy.__name__}")
    )
    return ours and not is_first(os.environ)


def is_first(environment: Mapping[str, str]) -> bool:
    """Return whether a process is the first of all, by what started it: torchrun, Lightning, SLURM.

    Args:
        environment: Its environment variables.
    """
    if "RANK" in environment:
        return int(environment["RANK"]) == 0
    if "LOCAL_RANK" in environment or "NODE_RANK" in environment:
        return all(int(environment.get(name, 0)) == 0 for name in ("NODE_RANK", "LOCAL_RANK"))
    return int(environment.get("SLURM_PROCID", 0)) == 0


def leave_the_warnings_to_the_first() -> None:
    """Have this process say only why it failed."""
    logging.getLogger("stylelightning").setLevel(logging.ERROR)


def help_to_make(run: Namespace, checkpoint: Path | None) -> None:
    """Take part in a run until the first process ends it; nothing is written or said.

    Ctrl-C goes to all processes of a terminal and is left to the first one, which lets the step
    end; the first one ends this one when it stops itself.

    Args:
        run: The run's config, with its objects.
        checkpoint: Where the run goes on from.

    Raises:
        SystemExit: If another process was lost; the first one says so, and this one if that is it.
            If the run can't begin, which the first process of this machine says.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for number in ENDS:
            signal.signal(number, signal.SIG_DFL)
    first = os.getppid()
    settings = {**run.trainer, **FIXED, **SILENT, "callbacks": []}
    trainer = Trainer(**settings)
    try:
        trainer.fit(run.model, run.data, ckpt_path=checkpoint, weights_only=True)
    except LostProcessError as error:
        if _is_gone(first):
            log.error("%s", error)
        raise SystemExit(LOST) from error
    except ValueError as error:
        if trainer.global_step or int(os.environ.get("LOCAL_RANK", 0)) == 0:
            raise
        raise SystemExit(UNFIT) from error


def _is_gone(parent: int, patience: float = 2.0) -> bool:
    """Return whether this process has lost its parent, whose connections are closed before it ends.

    Args:
        parent: The parent's number.
        patience: Seconds to wait for its end.
    """
    deadline = time.monotonic() + patience
    while os.getppid() == parent:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
