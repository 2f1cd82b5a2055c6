"""When, where and with what a run was made."""

import logging
import platform
import time
from datetime import UTC, datetime
from pathlib import Path

import lightning
import torch
import torchvision
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.exceptions import SIGTERMException

import stylelightning
from stylelightning.callbacks.final_metrics import FinalMetrics
from stylelightning.callbacks.periodic import last_step, run_folder, style_transfer
from stylelightning.execution.device_name import device_name
from stylelightning.module import StyleTransfer
from stylelightning.run.record import Better, RunRecord, Status, write_record

log = logging.getLogger(__name__)


class RunRecorder(Callback):
    """Writes ``run.json``: date, seconds, device, versions, and the hash of the weights.

    It is written when the steps begin and again when they end. The command line always adds it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._began: datetime | None = None
        self._clock = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say that the run is on its way."""
        self._began, self._clock = datetime.now(UTC), time.monotonic()
        self.record(trainer, style_transfer(pl_module), "running")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say that it is done."""
        self.record(trainer, style_transfer(pl_module), "done")

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Say that it was stopped or failed."""
        stopped = isinstance(exception, KeyboardInterrupt | SIGTERMException)
        self.record(trainer, style_transfer(pl_module), "stopped" if stopped else "failed")

    def record(self, trainer: Trainer, module: StyleTransfer, status: Status) -> None:
        """Write the record of a run that began; a failure is a warning.

        Args:
            trainer: The run's trainer.
            module: Its module.
            status: How it stands.
        """
        if self._began is None:
            return
        origin = module.backbone.origin
        record = RunRecord(
            status=status,
            began=self._began.isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - self._clock, 3),
            steps=trainer.global_step,
            last_step=last_step(trainer, module),
            device=device_name(module.device),
            versions=versions(),
            folder=str(Path.cwd()),
            weights={} if origin is None else {"name": origin.name, "sha256": origin.sha256},
            better=directions(trainer),
        )
        try:
            write_record(run_folder(trainer), record)
        except OSError as error:  # the picture is more than what is said of it
            log.warning("%s", error)


def versions() -> dict[str, str]:
    """Return the versions that a picture may depend on, by name."""
    return {
        "stylelightning": stylelightning.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "lightning": lightning.__version__,
    }


def directions(trainer: Trainer) -> dict[str, Better]:
    """Return which values are better, by the names of the run's metrics.

    Args:
        trainer: The run's trainer, with its callbacks.
    """
    found: dict[str, Better] = {}
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        for metric in callback.metrics.metrics if isinstance(callback, FinalMetrics) else ():
            if metric.higher_is_better is not None:
                word: Better = "higher" if metric.higher_is_better else "lower"
                found |= dict.fromkeys(metric.names, word)
    return found
