"""The finished picture, written whatever happens."""

import logging
import math
import tempfile
import time
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from stylelightning.callbacks.periodic import style_transfer
from stylelightning.images import write_picture
from stylelightning.module import StyleTransfer

log = logging.getLogger(__name__)


class ResultWriter(Callback):
    """Writes the picture when a run ends: finished, stopped early, interrupted or failed.

    The command line always adds it, with the run's ``result.png`` and ``--output``.

    Args:
        outputs: Paths of the pictures to write.
        config: YAML text to put into their metadata.
    """

    def __init__(self, outputs: list[str], config: str | None = None) -> None:
        super().__init__()
        self.outputs = outputs
        self.config = config
        self.started = False
        self.first_step = 0
        self._written = False
        self._began = time.monotonic()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note that there is a picture of value from now on."""
        self.started = True
        self.first_step = trainer.global_step

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the finished picture."""
        self.write(trainer, style_transfer(pl_module))

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Write the picture as it is."""
        if self.started and not self._written:
            self.write(trainer, style_transfer(pl_module))

    def write(self, trainer: Trainer, module: StyleTransfer) -> None:
        """Write the picture to every output; what fails goes to a temporary folder instead.

        Raises:
            OSError: The first failure, when all is done.
        """
        self._written = True  # tried: a failure is not tried again
        picture = module.picture.float().cpu()
        if not all(map(math.isfinite, picture.aminmax())):  # no copy of it, unlike `isfinite`
            log.warning("Some pixels of the picture are not numbers; they are gray in the file.")
            picture = picture.nan_to_num(0.5)
        alpha = module.data.alpha(module.canvas.size)
        failures: dict[str, OSError | ValueError] = {}
        for output in self.outputs:
            try:
                write_picture(output, picture, alpha=alpha, config=self.config)
            except (OSError, ValueError) as error:  # ValueError: too large for the format
                failures[output] = error
        for output in failures:
            try:
                spare = Path(tempfile.mkdtemp(prefix="stylelightning-"), Path(output).name)
                spare = spare.with_suffix(".png")
                write_picture(spare, picture, alpha=alpha, config=self.config)
            except OSError as again:
                log.warning("%s could not be written, nor a spare: %s", output, again)
            else:
                log.warning("%s could not be written; the picture is in %s.", output, spare)
        height, width = module.canvas.size
        written = [each for each in self.outputs if each not in failures]
        log.info(
            f"{', '.join(written) or 'no picture'}  {width}x{height} px after step "
            f"{trainer.global_step}, {time.monotonic() - self._began:.0f} s"
        )
        if failures:
            raise OSError("; ".join(map(str, failures.values())))
