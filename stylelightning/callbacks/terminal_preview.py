"""The picture of the run in the terminal."""

import logging
import math
import sys
import time
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from stylelightning import functional as F
from stylelightning.callbacks.periodic import checked_seconds, last_step, style_transfer
from stylelightning.module import StyleTransfer
from stylelightning.terminal.half_blocks import (
    block_size,
    half_blocks,
    has_true_colour,
    why_no_blocks,
)
from stylelightning.terminal.standing import STANDING
from stylelightning.terminal.text import terminal_size

log = logging.getLogger(__name__)


class TerminalPreview(Callback):
    """Shows the picture above the progress bar, as coloured half blocks. ``--preview`` adds it.

    It has 2^24 colours where ``COLORTERM`` is ``truecolor`` or ``24bit``, else 256. The picture is
    made small on its device, and only when it is shown. Where standard output is no terminal, or
    ``NO_COLOR`` is set, one line says so and nothing is shown.

    Example:
        .. code-block:: yaml

            callbacks:
              preview:
                class_path: TerminalPreview
                init_args:
                  min_seconds: 2

    Args:
        min_seconds: Least time from one picture to the next, at least 0.
        height: Most of the terminal's height that is taken, above 0 and at most 1.

    Raises:
        ValueError: If a number is out of its range.
    """

    def __init__(self, min_seconds: float = 1.0, height: float = 0.4) -> None:
        super().__init__()
        if not 0 < height <= 1:
            raise ValueError(
                f"`height` of TerminalPreview must be above 0 and at most 1, got {height}."
            )
        self.min_seconds = checked_seconds(self, min_seconds)
        self.height = height
        self._shown_at = -math.inf
        self._on = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the initial picture, or say why there will be none."""
        reason = why_no_blocks(sys.stdout)
        self._on, self._shown_at = not reason, -math.inf
        if reason:
            log.info("no preview: %s", reason)
        else:
            self._show(style_transfer(pl_module))

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Show the picture when it is time, and the last one."""
        module = style_transfer(pl_module)
        last = trainer.global_step >= last_step(trainer, module)
        if self._on and (last or time.monotonic() - self._shown_at >= self.min_seconds):
            self._show(module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the last picture where it is; what is said from now on comes below it."""
        STANDING.release()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Leave the picture likewise."""
        STANDING.release()

    def _show(self, module: StyleTransfer) -> None:
        height, width = module.canvas.size
        columns, lines = terminal_size(sys.stdout)
        size = block_size(height, width, columns, lines, self.height)
        picture = F.resize(module.picture.float(), size).nan_to_num(0.5)
        pixels = (picture[0].permute(1, 2, 0) * 255).round().byte().cpu().numpy()  # (H, W, 3)
        STANDING.show(half_blocks(pixels, has_true_colour()), size[1])
        self._shown_at = time.monotonic()
