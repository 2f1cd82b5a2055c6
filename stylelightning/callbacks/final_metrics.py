"""How good the finished picture is."""

import json
import logging

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.exceptions import SIGTERMException

from stylelightning.callbacks.interrupt import StepEndInterrupt
from stylelightning.callbacks.periodic import run_folder, style_transfer
from stylelightning.files.atomic import write_atomically
from stylelightning.metrics import PictureMetric, PictureMetrics
from stylelightning.module import StyleTransfer

log = logging.getLogger(__name__)


class FinalMetrics(Callback):
    """Measures the finished picture: a console line, ``metrics.json`` and the loggers.

    A run that is stopped, by Ctrl-C as well, is measured too; one that fails is not. The picture is
    compared with the content image and the style images in their own colours. A metric that can't
    be computed is left out; ``stylelightning test`` says why.

    Example:
        .. code-block:: yaml

            callbacks:
              metrics:
                class_path: FinalMetrics

    Args:
        metrics: The metrics; null for all that ``stylelightning list metrics`` names, LPIPS only
            if its weights are there.
        size: Longer side in pixels at which the picture is compared; null for its own, at most
            512.

    Raises:
        ValueError: If ``size`` is below 1 or two metrics have a number of the same name.
    """

    def __init__(self, metrics: list[PictureMetric] | None = None, size: int | None = None) -> None:
        super().__init__()
        if size is not None and size < 1:
            raise ValueError(f"`size` of FinalMetrics must be at least 1 pixel, got {size}.")
        self.metrics = PictureMetrics(metrics)
        self.size = size

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure the picture of a run that is done, or was stopped early."""
        self.record(trainer, style_transfer(pl_module))

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Measure the picture of a run that was asked to stop."""
        if isinstance(exception, StepEndInterrupt | SIGTERMException):
            self.record(trainer, style_transfer(pl_module))

    def record(self, trainer: Trainer, module: StyleTransfer) -> None:
        """Measure the picture and write the numbers everywhere; a failure is a warning."""
        try:
            self._record(trainer, module)
        except Exception as error:  # the picture is finished: nothing may take that back
            log.warning("The metrics could not be recorded: %s", " ".join(str(error).split()))

    def _record(self, trainer: Trainer, module: StyleTransfer) -> None:
        if not module.finite:
            log.warning("There are no metrics: the picture has pixels that are not numbers.")
            return
        picture, step = module.picture.float().cpu(), trainer.global_step
        numbers = self.metrics.measure_result(picture, module.data, self.size)
        for reason in dict.fromkeys(self.metrics.failures.values()):
            names = [name for name, why in self.metrics.failures.items() if why == reason]
            log.warning("The metrics leave %s out: %s", ", ".join(names), reason)
        write_atomically(run_folder(trainer).metrics, f"{json.dumps(numbers, indent=2)}\n".encode())
        shown = [f"{name} {value:.4g}" for name, value in numbers.items() if "/" not in name]
        log.info("metrics  %s", "  ".join(shown))
        for logger in trainer.loggers:
            logger.log_metrics({f"metric/{name}": value for name, value in numbers.items()}, step)
