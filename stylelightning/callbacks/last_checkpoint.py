"""The checkpoint that a run goes on from."""

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.utilities.exceptions import SIGTERMException

from stylelightning.callbacks.interrupt import StepEndInterrupt
from stylelightning.callbacks.periodic import PeriodicCallback, run_folder
from stylelightning.module import StyleTransfer


class LastCheckpoint(PeriodicCallback, Checkpoint):
    """Keeps ``checkpoints/last.ckpt`` in the run's folder; ``--ckpt_path last`` goes on from it.

    It is written every n steps, at every scale's end, at the end of the run, on Ctrl-C, SIGTERM
    and SIGHUP, always after a whole step, and it replaces the one before. A run that fails leaves
    the one before: what it holds in the middle of a step would not resume exactly.

    Example:
        .. code-block:: yaml

            callbacks:
              checkpoint:
                class_path: LastCheckpoint
                init_args:
                  every_n_steps: 50

    Args:
        every_n_steps: Number of steps from one checkpoint to the next, at least 1.
        min_seconds: Least time from one checkpoint to the next, at least 0: when steps are fast,
            some are left out, but never the last of a scale and of the run.

    Raises:
        ValueError: If a number is out of its range.
    """

    def __init__(self, every_n_steps: int = 50, min_seconds: float = 1.0) -> None:
        super().__init__(every_n_steps, min_seconds)

    def record(self, trainer: Trainer, module: StyleTransfer, step: int) -> None:
        """Write the checkpoint."""
        trainer.save_checkpoint(run_folder(trainer).checkpoint)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Write where an interrupted run is, when it is between two steps."""
        if isinstance(exception, (StepEndInterrupt, SIGTERMException)):
            self.record_once(trainer, pl_module)
