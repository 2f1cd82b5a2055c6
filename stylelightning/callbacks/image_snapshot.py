"""Pictures of the run on its way."""

from lightning.pytorch import LightningModule, Trainer

from stylelightning import functional as F
from stylelightning.callbacks.background import PictureCallback
from stylelightning.callbacks.periodic import boards, run_folder, style_transfer
from stylelightning.callbacks.region_chart import show_regions
from stylelightning.execution.to_host import to_host
from stylelightning.images import write_picture
from stylelightning.module import StyleTransfer

PICTURE = "Picture"
"""TensorBoard's tag of the picture. It sorts capitals before small letters, and what has no slash
before what goes on with one."""


class ImageSnapshot(PictureCallback):
    """Writes the picture every n steps and at every scale's end, as a file and to TensorBoard.

    The files are ``images/step_000050.png`` in the run's folder, at full size. TensorBoard has the
    picture as ``Picture``, before all else. A run that starts at its first step writes its initial
    picture too, as step 0, and the regions of its masks, if it has any, as ``images/regions.png``.

    Example:
        .. code-block:: yaml

            callbacks:
              snapshots:
                class_path: ImageSnapshot
                init_args:
                  every_n_steps: 50

    Args:
        every_n_steps: Number of steps from one picture to the next, at least 1.
        board_size: Longer side in pixels of the pictures in TensorBoard, at most this.
        min_seconds: Least time from one picture to the next, at least 0: when steps are fast,
            some are left out, but never the initial one, the last of a scale and of the run.

    Raises:
        ValueError: If a number is out of its range.
    """

    def __init__(
        self, every_n_steps: int = 50, board_size: int = 512, min_seconds: float = 1.0
    ) -> None:
        super().__init__(every_n_steps, min_seconds)
        if board_size < 1:
            raise ValueError(
                f"`board_size` of ImageSnapshot must be at least 1 pixel, got {board_size}."
            )
        self.board_size = board_size

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the initial picture."""
        super().on_train_start(trainer, pl_module)
        if trainer.global_step == 0:
            self.record_once(trainer, pl_module)
            show_regions(trainer, style_transfer(pl_module).data, self.board_size, self.writer)

    def record(self, trainer: Trainer, module: StyleTransfer, step: int) -> None:
        """Have the picture written."""
        size = module.canvas.size
        held = 3 * 4 * size[0] * size[1]  # bytes of floats
        self.writer.make_room(held)
        copies = to_host({"picture": module.picture})
        alpha, writers = module.data.alpha(size), boards(trainer)
        path = run_folder(trainer).snapshot(step)

        def write() -> None:
            picture = copies()["picture"]
            write_picture(path, picture, alpha=alpha)
            shown = F.within(picture, self.board_size) if writers else picture
            for board in writers:
                board.add_image(PICTURE, shown[0], step)

        self.writer.later(write, held)
