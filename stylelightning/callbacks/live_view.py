"""A page on this machine that shows the run as it goes."""

import logging
import math
from pathlib import Path
from time import monotonic
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.exceptions import SIGTERMException

from stylelightning import functional as F
from stylelightning.callbacks.background import BackgroundWriter
from stylelightning.callbacks.interrupt import StepEndInterrupt
from stylelightning.callbacks.periodic import last_step, step_times, style_transfer
from stylelightning.execution.to_host import to_host
from stylelightning.live.run_view import Clock, Moment, RunView
from stylelightning.live.server import LiveServer, check_port
from stylelightning.module import StyleTransfer
from stylelightning.run.step_costs import StepTimes

log = logging.getLogger(__name__)

SHOWN_EVERY = 0.05
"""Least seconds from one step that is shown to the next."""


class LiveView(Callback):
    """Opens a page on this machine that shows the run: its picture, the terms and the time left.

    The page is at ``http://127.0.0.1:PORT/``, which is said when the run begins; nobody on another
    machine can reach it. A button ends the run after its step, as Ctrl-C does. The picture is
    made small, copied and encoded only while somebody looks, at most once a second, and no step
    waits for it.
    ``--live`` adds it.

    Example:
        .. code-block:: yaml

            callbacks:
              live:
                class_path: LiveView
                init_args:
                  port: 8123

    Args:
        port: Port on 127.0.0.1; 0 for a free one.
        longest_side: Most pixels of a side of the picture that is shown, at least 1.

    Raises:
        ValueError: If a number is out of its range.
    """

    def __init__(self, port: int = 0, longest_side: int = 1024) -> None:
        super().__init__()
        check_port("`port` of LiveView", port)
        if longest_side < 1:
            raise ValueError(
                f"`longest_side` of LiveView must be at least 1 pixel, got {longest_side}."
            )
        self.port = port
        self.longest_side = longest_side
        self.watch = RunWatch(RunView(longest_side))
        self.server: LiveServer | None = None

    def __reduce__(self) -> tuple[type["LiveView"], tuple[int, int]]:
        """Be copied without the page, which belongs to a process."""
        return type(self), (self.port, self.longest_side)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Open the page of a run.

        Raises:
            OSError: If the port is taken or may not be opened.
        """
        if stage == "fit":
            self.watch = RunWatch(RunView(self.longest_side))
            self.server = LiveServer(self.watch.view, self.port)
            log.info("live at %s", self.server.address)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the initial picture."""
        self.watch.on_train_start(trainer, pl_module)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Show the step, and end the run if the page asked for it.

        Raises:
            StepEndInterrupt: If it did.
        """
        self.watch.on_train_batch_end(trainer, pl_module)
        if self.watch.view.stop_asked:
            raise StepEndInterrupt

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the finished picture."""
        self.watch.on_train_end(trainer, pl_module)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Show how the run ended, and close the page."""
        self.watch.on_exception(trainer, pl_module, exception)
        self._close()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Close the page."""
        self._close()

    def _close(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None


class RunWatch(Callback):
    """Tells a view of the run how it goes.

    Args:
        view: What is told.
    """

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self.view = view
        self.writer = BackgroundWriter()
        self._clock = Clock()
        self._times = StepTimes([])
        self._began = False
        self._shown_at = -math.inf

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Forget an earlier run."""
        self._began = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show where the run begins."""
        self._began, self._clock = True, Clock(trainer.global_step)
        self._times = step_times(style_transfer(pl_module))
        self.view.start(Path(trainer.default_root_dir))
        self._show(trainer, style_transfer(pl_module))
        self._shown_at = -math.inf  # the first step is shown, too

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Show the step if it is time, and its picture if somebody waits for one."""
        module, now = style_transfer(pl_module), monotonic()
        self._times.add(module.scale, now)
        if now - self._shown_at >= SHOWN_EVERY:
            self._show(trainer, module)
            if self.view.frames.due():
                self._picture(module, trainer.global_step)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the finished picture if somebody looks."""
        self._end(trainer, style_transfer(pl_module))
        self.view.end("done")

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Show the last picture if somebody looks, and how the run ended."""
        if self._began:
            self._end(trainer, style_transfer(pl_module))
        stopped = isinstance(exception, KeyboardInterrupt | SIGTERMException)
        self.view.end("stopped" if stopped else "failed")

    def _end(self, trainer: Trainer, module: StyleTransfer) -> None:
        self._began = False
        self._show(trainer, module)
        if self.view.frames.looked_at:
            self._picture(module, trainer.global_step)
        self.writer.finish()

    def _show(self, trainer: Trainer, module: StyleTransfer) -> None:
        step, last, plan = trainer.global_step, last_step(trainer, module), module.plan
        height, width = module.canvas.size
        self.view.moment = Moment(
            step=step,
            last_step=last,
            scale=module.scale + 1,
            scales=len(plan.scales),
            width=width,
            height=height,
            seconds=self._clock.seconds,
            seconds_left=self._times.left(plan, step, last),
            ends=tuple(plan.ends),
        )
        if step > self._clock.first_step:
            self.view.curve.add(step, module.terms.weighted)
        self._shown_at = monotonic()

    def _picture(self, module: StyleTransfer, step: int) -> None:
        frames = self.view.frames
        frames.begin()
        picture = F.within(module.picture, self.view.frames.longest_side)
        alpha = module.data.alpha((picture.shape[2], picture.shape[3]))
        copies = to_host({"picture": picture})
        self.writer.later(lambda: frames.encode(copies()["picture"], alpha, step))
