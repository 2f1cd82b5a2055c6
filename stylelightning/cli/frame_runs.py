"""The runs that paint the frames of a clip, one each, with one backbone."""

import gc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jsonargparse import Namespace
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ProgressBar
from torch import Tensor

from stylelightning.backbones import Backbone
from stylelightning.callbacks import FinalMetrics, LiveView, PeriodicCallback, TerminalPreview
from stylelightning.callbacks.periodic import last_step, style_transfer
from stylelightning.cli.config import as_list, set_seed
from stylelightning.cli.errors import RunError
from stylelightning.cli.parser import Parser
from stylelightning.cli.run import one_picture_trainer
from stylelightning.cli.trainer_settings import FIXED, SILENT
from stylelightning.data import GivenPictures, StyleTransferData
from stylelightning.execution.signals import signals_wait
from stylelightning.video.folder import ClipFolder
from stylelightning.video.painting import FrameTask
from stylelightning.video.start import InitialFrame
from stylelightning.video.stillness import StillParametrization

OF_A_PICTURE = (
    Checkpoint, FinalMetrics, LiveView, PeriodicCallback, ProgressBar, TerminalPreview
)  # fmt: skip
"""Callbacks that show or keep one picture's run, which a frame does not have."""

Step = Callable[[int, int], None]
"""Hears after each step of a frame how many are done, and how many there are at most."""


class FrameRuns:
    """Paints frames: each is a run of its own from the same seed, all have one backbone.

    Terms that are calibrated are so at the clip's first frame. A later one starts nearly done, and
    its own ratios would be others.

    Args:
        parser: What parsed the configs.
        first: The config of a frame that starts as the config says.
        later: That of a frame that starts from another.
        folder: Where the clip is painted.
        step: Hears of every step.
    """

    def __init__(
        self,
        parser: Parser,
        first: Namespace,
        later: Namespace,
        folder: ClipFolder,
        step: Step,
    ) -> None:
        self._parser = parser
        self._first = first
        self._later = later
        self._folder = folder
        self._step = step
        self._backbones: dict[str, Backbone] = {}

    def paint(self, task: FrameTask) -> Tensor:
        """Return the painted frame, (1, 3, H, W) in [0, 1], on the CPU.

        Args:
            task: The frame.

        Raises:
            RunError: If the run failed after its first step.
            ValueError: If it ended before its last scale.
            Exception: If it could not begin.
        """
        if task.start is not None and task.still is not None and bool((task.still == 1).all()):
            return task.start
        with signals_wait():
            gc.collect()  # the last run holds itself in circles, and has hundreds of megabytes
        config = self._first if task.start is None else self._later
        set_seed(config)  # the same for each: noise that is not would flicker
        run = self._made(config, task)
        if task.start is not None:
            run.model.init = InitialFrame(task.start)
            if task.still is not None:
                canvas = run.model.canvas
                canvas.parametrization = StillParametrization(
                    canvas.parametrization, task.start, task.still
                )
        calibration = run.model.calibration
        if calibration is not None and (weights := self._folder.weights()):
            run.model.objective.weights.update(weights)
            run.model.calibration = None
        run.data.setup("fit")
        pictures = replace(run.data.pictures, held_pictures=task.held)
        trainer = one_picture_trainer(self._settings(run))
        try:
            trainer.fit(run.model, datamodule=GivenPictures(pictures))
        except Exception as error:
            if not trainer.global_step:
                raise
            raise RunError(error) from error
        picture: Tensor = run.model.picture.float().cpu()
        if picture.shape != task.content.shape:
            height, width = picture.shape[2:]
            raise ValueError(
                f"The run of frame {task.number + 1} ended at {width}x{height} px, before its last "
                "scale: leave out `trainer.max_steps`, `trainer.max_time` and what else stops it."
            )
        if run.model.calibration is not None:
            self._folder.write_weights(run.model.calibration.weights)
        return picture

    def _made(self, config: Namespace, task: FrameTask) -> Namespace:
        """Return the objects of a frame's run."""

        def data(kind: type[StyleTransferData], *args: Any, **options: Any) -> StyleTransferData:
            options.pop("applied_instantiation_links", None)
            return kind(*args, **{**options, "content": task.content, "size": None})

        instantiators = [(data, StyleTransferData, False), (self._backbone, Backbone, True)]
        made: Namespace = self._parser.instantiate(config, instantiators=instantiators)
        return made

    def _backbone(self, kind: type[Backbone], *args: Any, **options: Any) -> Backbone:
        options.pop("applied_instantiation_links", None)
        key = f"{kind}{args}{sorted(options.items())}"
        if key not in self._backbones:
            self._backbones[key] = kind(*args, **options)
        return self._backbones[key]

    def _settings(self, run: Namespace) -> dict[str, Any]:
        """Return the arguments of the trainer of a frame's run."""
        named = [each for each in run.callbacks.values() if each is not None]
        given = [*named, *as_list(run.trainer.callbacks)]
        kept = [each for each in given if not isinstance(each, OF_A_PICTURE)]
        return {
            **run.trainer,
            **FIXED,
            **SILENT,
            "callbacks": [*kept, _Steps(self._step)],
        }


class _Steps(Callback):
    """Tells of every step.

    Args:
        step: What hears it.
    """

    def __init__(self, step: Step) -> None:
        super().__init__()
        self._step = step

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Tell of a step."""
        self._step(trainer.global_step, last_step(trainer, style_transfer(pl_module)))
