"""A progress bar that counts steps."""

import sys
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import TQDMProgressBar
from lightning.pytorch.callbacks.progress.tqdm_progress import Tqdm

from stylelightning.callbacks.periodic import last_step, style_transfer


class StepProgressBar(TQDMProgressBar):
    """Shows step n of N, the time left and the terms. Silent when the output is not a terminal.

    Example:
        .. code-block:: yaml

            callbacks:
              progress:
                class_path: StepProgressBar
                init_args:
                  refresh_rate: 20

    Args:
        refresh_rate: Number of steps from one update to the next; 0 shows nothing.
    """

    def __init__(self, refresh_rate: int = 10) -> None:
        super().__init__(refresh_rate=refresh_rate)

    def init_train_tqdm(self) -> Tqdm:
        """Return a bar that is left out of files and pipes, and gone when it is done."""
        return Tqdm(
            disable=self.is_disabled or sys.stdout is None or not sys.stdout.isatty(),
            leave=False,
            dynamic_ncols=True,
            file=sys.stdout,
            smoothing=0.1,
            bar_format=self.BAR_FORMAT,
        )

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Make the bar; a resumed run goes on where it was."""
        bar = self.init_train_tqdm()
        bar.total = last_step(trainer, style_transfer(pl_module))
        bar.initial = bar.n = trainer.global_step
        self.train_progress_bar = bar

    def on_train_epoch_start(self, trainer: Trainer, *_: Any) -> None:
        """Do nothing: there are no epochs to show."""

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Update the bar when it is time."""
        bar, step = self.train_progress_bar, trainer.global_step
        bar.total = last_step(trainer, style_transfer(pl_module))  # scales may end early
        if bar.disable or (step % self.refresh_rate and step != bar.total):
            return
        module = style_transfer(pl_module)
        height, width = module.canvas.size
        bar.n = step
        bar.set_description(f"{width}x{height} px", refresh=False)
        bar.set_postfix_str(
            "  ".join(f"{name} {float(term):.3g}" for name, term in module.terms.weighted.items())
        )

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do nothing: there are no epochs to show."""
