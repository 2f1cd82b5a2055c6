"""What happens around the steps of a training: its checkpoint and its progress bar."""

import logging
import sys
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, TQDMProgressBar
from lightning.pytorch.callbacks.progress.tqdm_progress import Tqdm
from lightning.pytorch.utilities.exceptions import SIGTERMException

from stylelightning.callbacks.interrupt import StepEndInterrupt
from stylelightning.callbacks.periodic import run_folder

log = logging.getLogger(__name__)


class TrainingCheckpoint(Checkpoint):
    """Keeps the checkpoint that a training goes on from; a later one replaces it.

    It is written every n steps, at the end, on Ctrl-C and on SIGTERM, always after a whole step.

    Args:
        every_n_steps: Number of steps from one checkpoint to the next, at least 1.

    Raises:
        ValueError: If ``every_n_steps`` is below 1.
    """

    def __init__(self, every_n_steps: int = 250) -> None:
        super().__init__()
        if every_n_steps < 1:
            raise ValueError(f"`every_n_steps` must be at least 1, got {every_n_steps}.")
        self.every_n_steps = every_n_steps

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Write it when it is time."""
        step = trainer.global_step
        if step % self.every_n_steps == 0 or step == trainer.max_steps:
            trainer.save_checkpoint(run_folder(trainer).checkpoint)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Write where an interrupted training is, when it is between two steps."""
        between = isinstance(exception, (StepEndInterrupt, SIGTERMException))
        if between and trainer.global_step > 0:  # before, there is nothing to go on from
            trainer.save_checkpoint(run_folder(trainer).checkpoint)
            log.info("stopped after step %d; --ckpt_path last goes on", trainer.global_step)


class TrainingBar(TQDMProgressBar):
    """Shows step n of N, the time left and the error. Silent when the output is not a terminal."""

    def init_train_tqdm(self) -> Tqdm:
        """Return a bar that is left out of files and pipes, and gone when it is done."""
        return Tqdm(
            disable=self.is_disabled or sys.stdout is None or not sys.stdout.isatty(),
            leave=False,
            dynamic_ncols=True,
            file=sys.stdout,
            bar_format=self.BAR_FORMAT,
        )

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Make the bar; a resumed training goes on where it was."""
        self.train_progress_bar = self.init_train_tqdm()
        self.train_progress_bar.total = trainer.max_steps
        self.train_progress_bar.initial = self.train_progress_bar.n = trainer.global_step

    def on_train_epoch_start(self, trainer: Trainer, *_: Any) -> None:
        """Do nothing: there are no epochs to show."""

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Update the bar when it is time."""
        bar = self.train_progress_bar
        if not bar.disable and trainer.global_step % self.refresh_rate == 0:
            bar.n = trainer.global_step
            bar.set_postfix_str(f"error {float(trainer.callback_metrics['error/total']):.3f}")

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do nothing: there are no epochs to show."""

    def init_sanity_tqdm(self) -> Tqdm:
        """Return a bar that is not shown: measuring is short."""
        return Tqdm(disable=True)

    def init_validation_tqdm(self) -> Tqdm:
        """Return a bar that is not shown: measuring is short."""
        return Tqdm(disable=True)
