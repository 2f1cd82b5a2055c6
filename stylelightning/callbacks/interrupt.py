"""Ctrl-C, SIGTERM and a closed terminal between two steps."""

import logging
import signal
import threading
from types import FrameType
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.exceptions import SIGTERMException

log = logging.getLogger(__name__)

ENDS = tuple(
    signal.Signals[name] for name in ("SIGTERM", "SIGHUP") if name in signal.Signals.__members__
)
"""What ends a run after its step, and a second one too: SIGHUP comes when a terminal is closed."""


def listened_to() -> list[signal.Signals]:
    """Return those of ``ENDS`` that the process was not told to ignore, as by ``nohup``."""
    return [number for number in ENDS if signal.getsignal(number) != signal.SIG_IGN]


class StepEndInterrupt(KeyboardInterrupt):
    """Ctrl-C, raised when the step that it fell into is done."""


class StepEndStop(Callback):
    """Lets a step end before Ctrl-C, SIGTERM or SIGHUP ends the run, which then resumes exactly.

    A second Ctrl-C ends the run at once. The command line always adds it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._asked: type[BaseException] | None = None
        self._before: dict[signal.Signals, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen to them; only the main thread can."""
        self._asked = None
        if threading.current_thread() is threading.main_thread():
            for number, listener in (
                (signal.SIGINT, self._interrupt),
                *((number, self._terminate) for number in listened_to()),
            ):
                self._before[number] = signal.signal(number, listener)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """End the run when one came.

        Raises:
            StepEndInterrupt: If Ctrl-C was pressed.
            SIGTERMException: If SIGTERM or SIGHUP came.
        """
        if self._asked:
            raise self._asked

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Give them back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = StepEndInterrupt
        log.info("stopping after this step; Ctrl-C again stops at once")

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        self._asked = SIGTERMException
