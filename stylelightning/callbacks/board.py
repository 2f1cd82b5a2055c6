"""What TensorBoard shows of a run beside its records: where it came from, and how to look at it."""

import logging
from collections.abc import Mapping
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from stylelightning import functional as F
from stylelightning.callbacks.background import BackgroundWriter
from stylelightning.callbacks.gradient_balance import GradientBalance
from stylelightning.callbacks.hyperparameters import begin_line, end_line
from stylelightning.callbacks.image_snapshot import PICTURE, ImageSnapshot
from stylelightning.callbacks.loss_log import LossLog
from stylelightning.callbacks.periodic import boards, style_transfer

log = logging.getLogger(__name__)

SIZE = 512
"""Longer side of a picture in pixels, at most."""
Layout = dict[str, dict[str, list[Any]]]
"""Curves of tags by chart by group, as torch's ``add_custom_scalars`` takes them."""
TERMS: Layout = {"terms": {"weighted terms and total": ["Multiline", ["^loss/"]]}}
GRADIENTS: Layout = {
    "gradients": {
        "norms of the gradients": ["Multiline", ["^gradient/"]],
        "cosines of the angles between gradients": ["Multiline", ["^gradient_cosine/"]],
    }
}
STEP_TIME: Layout = {"step time": {"seconds per step": ["Multiline", ["^step_time$"]]}}


class RunOnBoard(Callback):
    """Writes to TensorBoard what a run's records don't say; it does nothing without TensorBoard.

    At the start: the config as a text, the settings in the table of hyperparameters, a layout of
    the custom scalars, and the content image and the style images beside the picture. At the end:
    how the run ended, and what no other callback wrote, the terms without a ``LossLog`` and the
    picture without an ``ImageSnapshot``. Between the two it does nothing.

    Args:
        config: The run's whole config, YAML.
        settings: What runs are compared by, by name.
    """

    def __init__(self, config: str, settings: Mapping[str, bool | float | str]) -> None:
        super().__init__()
        self.config = config
        self.settings = settings
        self.writer = BackgroundWriter()
        self._open = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write where the run comes from."""
        pictures, step = style_transfer(pl_module).data, trainer.global_step
        layout = TERMS | (GRADIENTS if _has(trainer, GradientBalance) else {}) | STEP_TIME
        sources = {}
        if pictures.content_image is not None:
            sources[f"{PICTURE}/content"] = pictures.content_image.own.pixels
        for number, style in enumerate(pictures.style_images, 1):
            which = "" if len(pictures.style_images) == 1 else f" {number}"
            sources[f"{PICTURE}/style{which}"] = style.own.pixels
        self._open = True
        for board in boards(trainer):
            board.add_text("config", f"```yaml\n{self.config}\n```", step)
            board.add_custom_scalars(layout)
            begin_line(board, self.settings)
        for tag, pixels in sources.items():
            self._show(trainer, tag, pixels, step)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the end of a run that is done."""
        module, step = style_transfer(pl_module), trainer.global_step
        terms = {f"loss/{name}": float(term) for name, term in module.terms.weighted.items()}
        if terms and not _has(trainer, LossLog):
            for board in boards(trainer):
                for name, value in {**terms, "loss/total": sum(terms.values())}.items():
                    board.add_scalar(name, value, step)
        if not _has(trainer, ImageSnapshot) and module.finite:
            self._show(trainer, PICTURE, F.within(module.picture, SIZE).float().cpu(), step)
        self._end(trainer, done=True)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Write the end of a run that was stopped or failed."""
        self._end(trainer, done=False)

    def _show(self, trainer: Trainer, tag: str, pixels: Tensor, step: int) -> None:
        """Have a picture of shape (1, 3, H, W) written."""
        writers = boards(trainer)

        def write() -> None:
            shown = F.within(pixels, SIZE)
            for board in writers:
                board.add_image(tag, shown[0], step)

        if writers:
            self.writer.later(write)

    def _end(self, trainer: Trainer, done: bool) -> None:
        """Say how the run ended, once; a failure is a warning, for the picture is made."""
        if not self._open:
            return
        self._open = False
        try:
            self.writer.finish()
            for board in boards(trainer):
                end_line(board, done)
        except OSError as error:
            log.warning("TensorBoard does not have all of the run: %s", error)


def _has(trainer: Trainer, kind: type[Callback]) -> bool:
    return any(isinstance(each, kind) for each in trainer.callbacks)  # type: ignore[attr-defined]
