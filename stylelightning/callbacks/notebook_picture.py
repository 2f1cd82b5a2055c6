"""The picture on its way, in a notebook."""

import logging
import math
import sys
import time
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from stylelightning import functional as F
from stylelightning.callbacks.periodic import checked_seconds, style_transfer
from stylelightning.images import pixels_to_image, png_bytes
from stylelightning.module import StyleTransfer

log = logging.getLogger(__name__)


class NotebookPicture(Callback):
    """Shows the picture below a notebook's cell, and shows it anew as the run goes on.

    It is as wide from the first scale on as the finished picture, which is made smaller if it is
    larger than ``longest_side``. Outside a notebook there is a warning, and nothing is shown.
    IPython is not needed to import it.

    Example:
        .. code-block:: python

            Trainer(max_epochs=-1, callbacks=[NotebookPicture()])

    Args:
        min_seconds: Least time from one picture to the next, at least 0; the last of the run is
            always shown.
        longest_side: Most pixels of a side of the picture that is shown, at least 1.

    Raises:
        ValueError: If a number is out of its range.
    """

    def __init__(self, min_seconds: float = 1.0, longest_side: int = 1024) -> None:
        super().__init__()
        if longest_side < 1:
            raise ValueError(
                f"`longest_side` of NotebookPicture must be at least 1 pixel, got {longest_side}."
            )
        self.min_seconds = checked_seconds(self, min_seconds)
        self.longest_side = longest_side
        self._handle: Any = None  # IPython's DisplayHandle
        self._shown_at = -math.inf

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the picture before the first step."""
        self._handle = None
        if not in_notebook():
            log.warning(
                "NotebookPicture has an effect in a notebook only: `fit` writes pictures on the "
                "way with the callback ImageSnapshot."
            )
            return
        from IPython.display import display  # a notebook has it, others need not

        self._handle = display(
            _image(style_transfer(pl_module), self.longest_side), display_id=True
        )
        self._shown_at = time.monotonic()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Show the picture when it is time."""
        if time.monotonic() - self._shown_at >= self.min_seconds:
            self._show(pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the finished picture."""
        self._show(pl_module)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Show the picture of a run that was stopped or failed."""
        self._show(pl_module)

    def _show(self, pl_module: LightningModule) -> None:
        module = style_transfer(pl_module)
        if self._handle is not None and module.finite:
            self._handle.update(_image(module, self.longest_side))
            self._shown_at = time.monotonic()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the notebook's cell behind when the callback is copied."""
        return {**vars(self), "_handle": None}


def in_notebook() -> bool:
    """Return whether this is a notebook's process: what is shown there is more than text."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


def _image(module: StyleTransfer, longest_side: int) -> Any:
    """Return the picture as IPython shows it, as wide as the finished one is shown."""
    from IPython.display import Image

    picture = F.within(module.picture, longest_side)
    alpha = module.data.alpha((picture.shape[2], picture.shape[3]))
    data = png_bytes(pixels_to_image(picture, alpha), compress_level=1)
    _, width = module.data.picture_size(min(longest_side, module.plan.scales[-1].size))
    return Image(data=data, format="png", width=width)
