"""Ctrl-C between two steps."""

import logging
import signal
import threading
from types import FrameType
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

log = logging.getLogger(__name__)


class StepEndInterrupt(KeyboardInterrupt):
    """Ctrl-C, raised when the step that it fell into is done."""


class StepEndStop(Callback):
    """Lets a step end before Ctrl-C ends the run, so that its checkpoint resumes exactly.

    A second Ctrl-C ends the run at once. The command line always adds it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._asked = False
        self._before: Any = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen to Ctrl-C; only the main thread can."""
        self._asked = False
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """End the run when Ctrl-C was pressed.

        Raises:
            StepEndInterrupt: If it was.
        """
        if self._asked:
            raise StepEndInterrupt

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Give Ctrl-C back."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        log.info("stopping after this step; Ctrl-C again stops at once")
