"""The run as an animation."""

import logging
from collections.abc import Sequence
from typing import Any, Literal

from lightning.pytorch import LightningModule, Trainer
from PIL import Image

from stylelightning import functional as F
from stylelightning.callbacks.background import PictureCallback
from stylelightning.callbacks.periodic import run_folder
from stylelightning.execution.to_host import to_host
from stylelightning.images import check_video, pixels_to_image, write_gif, write_mp4
from stylelightning.module import StyleTransfer
from stylelightning.run.folder import RunFolder

log = logging.getLogger(__name__)

WRITERS = {"gif": write_gif, "mp4": write_mp4}


class Timelapse(PictureCallback):
    """Makes an animation of the run from its pictures: ``timelapse.gif``, ``timelapse.mp4``.

    It is written to the run's folder when the run ends, also when it is interrupted or fails. The
    pictures of all scales are brought to one size. At most ``max_frames`` of them are kept: when
    there are more, every other one is dropped, and from then on every other one is taken. The first
    and the last are always there. A resumed run's animation begins where that run does.

    Example:
        .. code-block:: yaml

            callbacks:
              timelapse:
                class_path: Timelapse
                init_args:
                  every_n_steps: 5
                  formats: [gif, mp4]

    Args:
        every_n_steps: Number of steps from one frame to the next, at least 1.
        size: Longer side of the frames in pixels, at most that of the finished picture; sides are
            even, as videos need it.
        formats: ``gif``, ``mp4`` or both. An MP4 needs the package av:
            ``pip install 'stylelightning[video]'``.
        frames_per_second: How many frames are shown in a second, from 0.01 to 100; a GIF has 50
            at most.
        hold: For how many seconds more the last frame is shown, from 0 to 500.
        max_frames: Most frames that are kept, at least 2; a frame of 384 x 288 pixels takes 0.3 MB
            of memory.

    Raises:
        ValueError: If a number is out of its range, no format is named, or av is missing.
    """

    def __init__(
        self,
        every_n_steps: int = 10,
        size: int = 384,
        formats: Sequence[Literal["gif", "mp4"]] = ("gif",),
        frames_per_second: float = 10.0,
        hold: float = 2.0,
        max_frames: int = 120,
    ) -> None:
        super().__init__(every_n_steps)
        for name, value in (("size", size), ("max_frames", max_frames)):
            if value < 2:
                raise ValueError(f"`{name}` of Timelapse must be at least 2, got {value}.")
        # a GIF counts the time of a frame in hundredths of a second, up to 655 seconds
        for name, rate, least, most in (
            ("frames_per_second", frames_per_second, 0.01, 100),
            ("hold", hold, 0, 500),
        ):
            if not least <= rate <= most:
                raise ValueError(
                    f"`{name}` of Timelapse must be from {least} to {most}, got {rate}."
                )
        if not formats or set(formats) - WRITERS.keys():
            raise ValueError(
                f"`formats` of Timelapse must be gif, mp4 or both, got {list(formats)}."
            )
        if "mp4" in formats:
            check_video()
        self.size = size
        self.formats = tuple(formats)
        self.frames_per_second = frames_per_second
        self.hold = hold
        self.max_frames = max_frames
        self._steps: list[int] = []
        self._interval = 1
        self._frames: dict[int, Image.Image] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin with the initial picture."""
        super().on_train_start(trainer, pl_module)
        self._steps, self._interval, self._frames = [], 1, {}
        self.record_once(trainer, pl_module)

    def record(self, trainer: Trainer, module: StyleTransfer, step: int) -> None:
        """Have the picture made a frame."""
        final = module.data.picture_size(module.plan.scales[-1].size)
        size = even_size(final, self.size)
        frame, kept = to_host({"frame": F.resize(module.picture.float(), size)}), self._keep(step)

        def add() -> None:
            self._frames[step] = pixels_to_image(frame()["frame"])
            for gone in self._frames.keys() - kept:
                del self._frames[gone]

        self.writer.later(add)

    def _keep(self, step: int) -> set[int]:
        """Take a step in and return those whose frames are kept."""
        self._steps.append(step)
        while True:
            ends = (self._steps[0], step)
            self._steps = [s for s in self._steps if s % self._interval == 0 or s in ends]
            if len(self._steps) <= self.max_frames:
                return set(self._steps)
            self._interval = 2 * max(self._interval, self.every_n_steps)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the animation."""
        super().on_train_end(trainer, pl_module)
        self._write(run_folder(trainer))

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, *error: Any) -> None:
        """Write what there is; the run's own error is the one to be told."""
        if self._steps:
            self.record_once(trainer, pl_module)
        super().on_exception(trainer, pl_module, *error)
        try:
            self._write(run_folder(trainer))
        except OSError as error:
            log.warning("The timelapse could not be written either: %s", error)

    def _write(self, folder: RunFolder) -> None:
        """Write the frames once."""
        frames = [self._frames[step] for step in sorted(self._frames)]
        self._steps, self._frames = [], {}
        for name in self.formats if frames else ():
            WRITERS[name](folder.timelapse(name), frames, self.frames_per_second, self.hold)


def even_size(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    """Return a picture's size with the longer side at most this, and both sides even.

    Args:
        size: Height and width in pixels.
        long_side: Longer side in pixels, at least 2.

    Example:
        >>> even_size((300, 401), 200)
        (150, 200)
        >>> even_size((31, 33), 200)
        (30, 32)
    """
    height, width = F.fit_long_side(*size, min(long_side, max(size)))
    return max(2, height // 2 * 2), max(2, width // 2 * 2)
