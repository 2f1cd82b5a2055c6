"""The LightningModule whose only parameter is the picture."""

import logging
import warnings
from copy import copy, deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.pytorch import Callback, LightningModule
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import LBFGS, Adam, Optimizer

from stylelightning.backbones.base import Backbone, Features
from stylelightning.canvas import Canvas
from stylelightning.data import GivenPictures, StyleTransferData
from stylelightning.execution.allocator import map_large_blocks, tidy_up
from stylelightning.execution.engine import CompileMode, FastBackbone, MatmulPrecision
from stylelightning.execution.step_evaluation import StepEvaluation
from stylelightning.execution.step_graph import new_step_graph
from stylelightning.execution.team import Team
from stylelightning.execution.tile_strategy import team_of
from stylelightning.execution.tiling import Tiler, Tiling, new_tiler
from stylelightning.images import RunPictures
from stylelightning.initial import InitialPicture, initial_picture
from stylelightning.losses.base import Loss
from stylelightning.losses.terms import Terms
from stylelightning.objective import Objective, full_precision
from stylelightning.parametrizations import Parametrization, PixelParametrization
from stylelightning.run import checkpoint as checkpoints
from stylelightning.run import checks, lightning_callbacks, optimizer_memory
from stylelightning.run.calibration import Calibration
from stylelightning.run.loss_trial import try_losses
from stylelightning.run.made_with import adapt_optimizer, describe
from stylelightning.run.optimizer import make_optimizer, with_scheduler
from stylelightning.run.optimizer_trial import try_optimizer
from stylelightning.run.position import Position
from stylelightning.run.references import in_regions, references_of
from stylelightning.run.scheduler_trial import made, try_scheduler
from stylelightning.run.stop_rule import StopRule
from stylelightning.run.term_gradients import (
    TermGradients,
    TiledTermGradients,
    WholeTermGradients,
)
from stylelightning.run.tiling_checks import tiling_of
from stylelightning.schedule import Plan, Schedule

log = logging.getLogger(__name__)


class DivergenceError(RuntimeError):
    """The total is far above where it began, or the picture is not finite."""


class StyleTransfer(LightningModule):
    """Neural style transfer by optimisation: the picture is all that is optimised.

    Args:
        backbone: The frozen network whose features the losses read.
        losses: The terms of the total, by name. Null switches a term off.
        optimizer: Any optimizer of ``torch.optim``, or a class path. It starts again at each
            scale. L-BFGS always runs with ``max_iter: 1``, so that a step is one evaluation of the
            losses, as it is for every other optimizer, and without a line search no step is longer
            than 0.1 of the picture's range in root mean square.
        lr_scheduler: A learning-rate scheduler, stepped after each step; it starts again at each
            scale.
        schedule: Steps and scales, coarse to fine.
        stop_rule: Ends a scale before its steps are done when they change next to nothing any
            more; null makes them all.
        canvas: What the parameters of the picture are; null for its pixels.
        init: Where the picture starts: ``content``, ``style``, ``noise`` (white noise, from the
            seed), ``gray``, the path of a picture, or a class, such as one of your own.
        averaging: Decay of the average over the steps' pictures, such as 0.99; the average is then
            what is shown, saved and taken to the next scale. Null for none.
        carry_moments: Whether first-order optimizers keep their moments, resized, from one scale
            to the next. L-BFGS always starts again, and so does every optimizer of a canvas whose
            parameters are no maps of the picture, as waves and bands are not.
        matmul_precision: Precision of matrix products and convolutions in float32: ``highest``,
            ``high`` (TF32 on a GPU that has it) or ``medium``, as in
            ``torch.set_float32_matmul_precision``. Null leaves torch's own settings, which are
            TF32 for convolutions and ``highest`` for the rest.
        compile: ``step`` records the evaluation of a step, the network, the losses and the
            gradient, as one CUDA graph, which is replayed until targets or sizes change. Null does
            that on a GPU, but in ``16-mixed``; false does not. ``default``, ``reduce-overhead``
            and ``max-autotune`` are modes in which the backbone goes through ``torch.compile``;
            true is ``default``. That takes a minute at the start and at the first change of size,
            and does not pay on a CPU.
        activation_checkpointing: Whether maps that no loss reads are computed again for the
            gradient instead of being kept: less memory with a deep network, little less with a
            VGG, and more time.
        winograd: Whether convolutions of 3 x 3 with many channels run by Winograd's algorithm, with
            a quarter of the multiplications and the same result but for rounding (2e-6 of the
            norm). It has an effect on a CPU in ``32-true`` only. Null takes it where it is
            measured to be faster (see `execution.probe`), if the backbone is not compiled.
        tiling: ``{size: 1024}`` computes pictures larger than that tile by tile, to the same terms
            and gradient but for rounding, in memory that does not grow with the picture but for a
            few copies of it. Each tile is computed twice a step, with what it sees around it.
            ``auto`` does so at those scales whose maps don't fit in the memory there is, if the
            losses can be computed so. Null looks at every picture at once.
        calibrate: Ratio of the norms of the terms' gradients, such as ``{style: 10, content: 1}``:
            the weights of these terms are set so at the start of the run, whatever the network,
            layers and size are. The one with the largest number keeps its weight. Null leaves a
            term out.

    Raises:
        ValueError: If no loss is left, a name is not fit for a command line, there is nothing to
            compute again, a compiled backbone shall run by Winograd's algorithm, or ``calibrate``
            does not fit the losses.

    Source: Gatys, Ecker and Bethge, CVPR 2016, https://doi.org/10.1109/CVPR.2016.265
    """

    def __init__(
        self,
        backbone: Backbone,
        losses: dict[str, Loss | None],
        optimizer: OptimizerCallable = partial(Adam, lr=0.02, betas=(0.9, 0.99)),  # noqa: B008
        lr_scheduler: LRSchedulerCallable | None = None,
        schedule: Schedule = Schedule(),  # noqa: B008 - frozen
        stop_rule: StopRule | None = None,
        canvas: Parametrization | None = None,
        init: InitialPicture | str = "content",
        averaging: float | None = None,
        carry_moments: bool = False,
        matmul_precision: MatmulPrecision | None = None,
        compile: bool | CompileMode | Literal["step"] | None = None,  # Lightning's name
        activation_checkpointing: bool = False,
        winograd: bool | None = None,
        tiling: Tiling | Literal["auto"] | None = None,
        calibrate: dict[str, float | None] | None = None,
    ) -> None:
        super().__init__()
        used = {name: loss for name, loss in losses.items() if loss is not None}
        checks.check_losses(used)
        checks.check_finish(schedule.finish, losses, calibrate or {})
        ratios = {name: each for name, each in (calibrate or {}).items() if each is not None}
        self.backbone = backbone.requires_grad_(False)
        mode = None if compile == "step" else compile or None
        self.engine = FastBackbone(
            self.backbone,
            matmul_precision,
            "default" if mode is True else mode,
            activation_checkpointing,
            winograd,
        )
        self.compile_mode = compile
        self.losses = nn.ModuleDict(used)
        self._losses = used
        self.objective = Objective(used, self.engine.compute)
        off = losses.keys() - used
        self.calibration = Calibration(ratios, self.objective, off) if ratios else None
        self.tiling = self._tiling = tiling
        self.canvas = Canvas(canvas or PixelParametrization(), averaging)
        self.optimizer = optimizer
        self.lr_scheduler = lr_scheduler
        self.schedule = schedule
        self.init = init
        self.carry_moments = carry_moments
        self.terms = Terms({}, {}, {})
        self._position = Position(stop_rule)
        self._resumed = False
        self._evaluated = -1
        self._evaluation = StepEvaluation(self.objective)
        self._loss_states: dict[str, dict[str, Any]] = {}
        self._finished: Tensor | None = None  # the picture to show of a module without a trainer
        self.config: dict[str, Any] | None = None

    # what the callbacks read

    @property
    def picture(self) -> Tensor:
        """The picture to show, in its final colours, (1, 3, H, W) in [0, 1], detached.

        Raises:
            RuntimeError: If there is none yet.
        """
        if self._trainer is None and self._finished is not None:
            return self._finished
        if self._trainer is None or not self.canvas.has_picture:
            raise RuntimeError(
                "There is no picture yet: a run makes it, trainer.fit(module, datamodule=data) "
                "with a StyleTransferData."
            )
        return self.data.finished(self.canvas.picture)

    @property
    def total(self) -> Tensor:
        """The total of the last step's first evaluation, a detached scalar; 0 before it."""
        return sum(self.terms.weighted.values(), torch.zeros((), device=self.device))

    @property
    def finite(self) -> bool:
        """Whether there is a picture of numbers alone; on a GPU this waits for the step to end."""
        return self.canvas.has_picture and self.canvas.finite

    @property
    def scale(self) -> int:
        """Index in ``plan.scales`` of the present scale."""
        return self._position.scale

    @property
    def plan(self) -> Plan:
        """The run's scales as they are now; there is none before ``setup``."""
        return self._position.plan

    @property
    def data(self) -> RunPictures:
        """The run's pictures.

        Raises:
            TypeError: If the trainer was given another datamodule.
        """
        data: object = getattr(self.trainer, "datamodule", None)
        if not isinstance(data, StyleTransferData | GivenPictures):
            raise TypeError(
                f"StyleTransfer needs a StyleTransferData as its datamodule, got {data!r}."
            )
        return data.pictures

    # set-up

    def configure_callbacks(self) -> list[Callback]:
        """Add no callback, and refuse those of Lightning's that can't work on one picture.

        Raises:
            ValueError: If there is one.
        """
        lightning_callbacks.check_callbacks(self.trainer, self.losses)
        return []

    def setup(self, stage: str) -> None:
        """Check that the run can work, plan its scales and make the initial picture.

        Raises:
            ValueError: If the precision, a layer, an image's size or an optimizer's option is not
                fit for the run.
        """
        checks.check_trainer(self.trainer)
        losses = self.objective.losses = in_regions(self._losses, self.data)
        checks.check_layers(losses, self.backbone)
        checks.check_images(losses, self.data)
        team, precision = team_of(self.trainer), str(self.trainer.precision)
        self._tiling = tiling_of(self.tiling, losses, self.backbone, precision, team is not None)
        map_large_blocks(self._tiling is not None)
        checks.check_residual(self._losses, self.backbone)
        least = checks.smallest_side(losses, self.backbone)
        plan = checks.plan_scales(self.schedule, self.data, least)
        checks.check_steps(self.trainer, plan)
        self._position.start(plan)
        if self.carry_moments and not self.canvas.has_maps and len(self.plan.scales) > 1:
            log.warning(
                "`model.carry_moments` has no effect: the parameters of "
                f"{type(self.canvas.parametrization).__name__} are no maps of the picture, so the "
                "optimizer starts again at each scale."
            )
        self._resumed = False
        if not self.trainer.global_step or not [*self.canvas.parameters()]:
            self._start_anew()
        if self.calibration is not None:
            self.calibration.weights = {}

    def _start_anew(self) -> None:
        start = initial_picture(self.init, self.data, self.plan.scales[0].size)
        before = deepcopy(self.canvas)
        try:
            self.canvas.encode(start)
            try_losses(self.objective, self.backbone, self.data, start)
            # whatever is wrong with the optimizer is wrong now
            try_optimizer(self._new_optimizer(), self.trainer.strategy.root_device)
            if self.lr_scheduler is not None:
                optimizer, most = self._new_optimizer(), self.trainer.max_steps
                try_scheduler(optimizer, self.lr_scheduler, self.plan, most)
        except Exception:
            self.canvas = before  # an earlier run's picture
            raise
        self._position.scale, self._evaluated, self.terms = 0, -1, Terms({}, {}, {})

    def on_fit_start(self) -> None:
        """Refuse a trainer that has made steps already, unless a checkpoint was loaded.

        Raises:
            ValueError: If it is so; the module's picture is the one that it had.
        """
        if not self._resumed:  # with a checkpoint, its step is the trainer's
            checks.check_unused(self.trainer)

    # one step

    def forward(self, image: Tensor) -> Features:
        """Return the feature maps that the losses read.

        Args:
            image: Picture of shape (1, 3, H, W) in [0, 1].

        Returns:
            The feature maps by layer, in the precision that the losses take.
        """
        return self.objective.features(image)

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """Return the total of the weighted terms for the present picture."""
        first = self._evaluated != self.trainer.global_step  # a line search evaluates trials too
        self._evaluated = self.trainer.global_step
        parameters = list(self.canvas.parameters())
        for each in parameters:
            each.grad = None  # the last step's: as large as the picture, and of no more use
        terms, total = self._evaluation.evaluate(self._decode, parameters, self._steps_here)
        if first:
            self.terms = terms
        return total

    def _decode(self) -> Tensor:
        with full_precision(self.device):
            return self.canvas.decode()

    def evaluate(self, picture: Tensor, objective: Objective) -> TermGradients:
        """Evaluate some of the terms beside the run, at any picture: nothing of the run changes.

        Args:
            picture: Picture of shape (1, 3, H, W) in [0, 1], as large as the canvas.
            objective: The run's objective, or a part of it.
        """
        # a compiled network frees what a second backward pass needs
        plain = Objective(objective.in_force, self.backbone, objective.weights)
        tiler = self._tiler(plain)
        tiled = None if tiler is None else tiler.evaluation(picture)
        if tiled is not None:
            return TiledTermGradients(tiled, plain, picture)
        with self.trainer.precision_plugin.forward_context():  # that of `training_step`
            return WholeTermGradients(plain, picture)

    @property
    def _steps_here(self) -> int:
        """Steps done at this scale."""
        return self._position.steps_here(self.trainer.global_step)

    def on_train_start(self) -> None:
        """Compute the targets, on the run's device; a resumed run is at its own scale here."""
        precision = str(self.trainer.precision)
        self.engine.start(self.device, precision)
        graph = new_step_graph(self.compile_mode, self.device, precision)
        self._evaluation = StepEvaluation(self.objective, graph)
        self.objective.restart()
        self._prepare()
        self.objective.load_state(self._loss_states)
        self._loss_states = {}
        if self.calibration is not None:
            picture = self.canvas.decode().detach()
            if not self.calibration.weights:
                with torch.no_grad(), self.trainer.precision_plugin.forward_context():
                    self._evaluation.advance(picture, self._steps_here)
            self.calibration.start(self.evaluate, picture, self.trainer)

    def teardown(self, stage: str) -> None:
        """Put the backbone back as it was, and let what was recorded go."""
        self.engine.stop()
        self._evaluation.stop()

    def on_train_batch_start(self, batch: Tensor, batch_idx: int) -> int | None:
        """Go to the next scale when its first step comes; -1 when all steps are done."""
        step = self.trainer.global_step
        if step >= self.plan.total_steps:
            self.trainer.should_stop = True
            return -1
        if self.plan.index_at(step) != self.scale:
            self._enter_scale(self.plan.index_at(step))
        return None

    def on_train_batch_end(self, outputs: Any, batch: Tensor, batch_idx: int) -> None:
        """Stop when all steps are done."""
        if self.trainer.global_step >= self.plan.total_steps:
            self.trainer.should_stop = True

    @torch.no_grad()
    def _prepare(self) -> None:
        scale, start = self.plan.scales[self.scale], self.canvas.picture
        tidy_up(start)  # of the scale before
        self.objective.idle = scale.idle
        tiler = self._tiler(self.objective, team_of(self.trainer))
        with self.trainer.precision_plugin.forward_context():  # that of `training_step`
            maps = None if tiler is None else tiler.maps
            shown = references_of(self.objective, self.backbone, self.data, scale.size, start, maps)
            tiled = None if tiler is None else tiler.evaluation(start)
        # in full precision
        self._evaluation.prepare(replace(shown, compute=self._features_of), tiled)

    def _features_of(self, picture: Tensor) -> Features:
        with self.trainer.precision_plugin.forward_context():
            return self.objective.features(picture)

    def _tiler(self, objective: Objective, team: Team | None = None) -> Tiler | None:
        """Return what cuts pictures of the present scale; None if they are looked at at once."""
        size, trainer = self.canvas.size, self.trainer
        return new_tiler(self._tiling, objective, self.backbone, size, trainer, team)

    def _enter_scale(self, index: int) -> None:
        before, old = list(self.canvas.parameters()), self.optimizers(use_pl_optimizer=False)
        sizes = [self.canvas.size]
        self._position.scale = index
        map_large_blocks(self._tiling is not None)
        self.canvas.resize(self.data.picture_size(self.plan.scales[index].size))
        self.trainer.strategy.setup_optimizers(self.trainer)
        new = self.optimizers(use_pl_optimizer=False)
        carries = self.carry_moments and self.canvas.has_maps
        if carries and isinstance(old, Optimizer) and isinstance(new, Optimizer):
            optimizer_memory.carry(
                old, before, new, list(self.canvas.parameters()), (*sizes, self.canvas.size)
            )
        self._prepare()

    # optimizer

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Return a new optimizer of the picture, with its scheduler."""
        return with_scheduler(self._new_optimizer(), self.lr_scheduler)

    def _new_optimizer(self) -> Optimizer:
        precision, losses = self.trainer.precision, self.objective.losses
        return make_optimizer(self.optimizer, self.canvas, precision, losses)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Log the terms, where a callback may look for them; nothing waits for the device."""
        if lightning_callbacks.wants_metrics(self.trainer):
            terms = {f"loss/{name}": term for name, term in self.terms.weighted.items()}
            terms["loss/total"] = self.total
            self.log_dict(terms, prog_bar=True, logger=False, on_step=True, on_epoch=False)

    def optimizer_step(self, epoch: int, batch_idx: int, optimizer: Any, *args: Any) -> None:
        """Step, keep the picture in [0, 1] and average it.

        L-BFGS is not clamped: its curvature pairs would belong to other pictures. All this happens
        here, before any hook that may save a checkpoint.
        """
        super().optimizer_step(epoch, batch_idx, optimizer, *args)
        if not isinstance(self.optimizers(use_pl_optimizer=False), LBFGS):
            self.canvas.project()
        self.canvas.update_average()
        done = self.trainer.global_step + 1
        self._position.end_if_still(lambda: self.total, lambda: self.canvas.picture, done)

    def lr_scheduler_step(self, scheduler: Any, metric: Any) -> None:
        """Step the scheduler; one that waits for a plateau looks at the total."""
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            scheduler.step(self.total)
        else:
            scheduler.step()

    # checkpoints: the picture, its scale and the optimizer, never the backbone

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave the backbone out, and note the scale and what the optimizer was made with.

        Raises:
            DivergenceError: If the picture is lost: the checkpoint before is worth more.
        """
        if not self.finite:
            raise DivergenceError(
                "The run diverged: the picture has pixels that are not numbers. Use a smaller "
                "learning rate (--model.optimizer.lr), or --model.optimizer Adam "
                "--model.optimizer.lr 0.02."
            )
        checkpoint["state_dict"] = checkpoints.of_canvas(checkpoint["state_dict"])
        checkpoint.update(self._position.state())
        checkpoint["picture"] = picture = self.canvas.picture
        checkpoint["losses"] = self.objective.state()
        checkpoint["made_with"] = self._made_with()
        checkpoint["finished"] = self.data.finished(picture)  # the same tensor as a rule
        if self.config is not None:
            checkpoint[self.CHECKPOINT_HYPER_PARAMS_KEY] = checkpoints.rebuilding(self.config)
        if self.calibration is not None:
            checkpoint["calibration"] = self.calibration.state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Bring the canvas to the checkpoint's size; its values are loaded after this.

        The run's own settings win over what the checkpoint was made with.

        Raises:
            ValueError: If the checkpoint's picture doesn't belong to this run's plan.
        """
        checkpoints.update(checkpoint)
        canvas = self.canvas.parametrization
        if self._trainer is None:  # of `load_from_checkpoint`: there is no run to go on with
            checkpoints.check_canvas(checkpoint, canvas)
            self._finished = checkpoint.get("finished", checkpoint["picture"])
            self._position.scale = int(checkpoint["scale"])
        else:
            self._go_on_from(checkpoint)
        self.canvas.encode(checkpoint["picture"])
        checkpoints.complete(checkpoint, self.state_dict(), canvas)
        if self._trainer is not None:
            for sentence in adapt_optimizer(checkpoint, self._made_with()):
                log.warning(sentence)

    def _go_on_from(self, checkpoint: dict[str, Any]) -> None:
        sizes = [self.data.picture_size(each.size) for each in self.plan.scales]
        self._position.go_on_from(checkpoint, sizes)
        self._resumed, self._evaluated, self.terms = True, -1, Terms({}, {}, {})
        self._loss_states = checkpoint.get("losses", {})
        if self.calibration is not None and "calibration" in checkpoint:
            self.calibration.load_state(checkpoint["calibration"])

    @classmethod
    def load_from_checkpoint(  # type: ignore[override]
        cls,
        checkpoint_path: str | Path,
        map_location: Any = None,
        hparams_file: str | Path | None = None,
        strict: bool | None = None,
        weights_only: bool | None = True,
        **arguments: Any,
    ) -> "StyleTransfer":
        """Return the module of a checkpoint, with its picture.

        One that the command line wrote says what the module was made with. The checkpoint of a
        module that was made in Python does not: give the arguments again, as to the class. What is
        given wins.

        Args:
            checkpoint_path: Path of the checkpoint.
            map_location: Device, as for ``torch.load``.
            hparams_file: A YAML file of arguments, as for Lightning.
            strict: As for Lightning.
            weights_only: Whether only plain values are loaded, so that no code can run.
            arguments: Arguments of the class.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it holds something else, or arguments are missing.
        """
        checkpoints.check_module(Path(checkpoint_path), arguments, hparams_file is not None)
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            # Lightning calls jsonargparse by an old name
            module: StyleTransfer = super().load_from_checkpoint(
                checkpoint_path, map_location, hparams_file, strict, weights_only, **arguments
            )
        return module

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for a copy or a pickle, which has no trainer, but its picture."""
        state: dict[str, Any] = super().__getstate__()
        if self._trainer is not None and [*self.canvas.parameters()]:
            state["_finished"] = self.picture
        state["_evaluation"] = StepEvaluation(self.objective)  # a recording belongs to its run
        state["_position"] = copy(self._position)
        return state

    def _made_with(self) -> dict[str, Any]:
        optimizer, make = self._new_optimizer(), self.lr_scheduler
        scheduler = None if make is None else made(optimizer, make)
        return describe(optimizer, scheduler, self.canvas.parametrization)
