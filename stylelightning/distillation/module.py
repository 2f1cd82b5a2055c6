"""The training of a slim VGG on its teacher's features."""

import logging
import math
from collections.abc import Sequence
from statistics import mean
from typing import Any, cast

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from stylelightning.backbones import Backbone, Features
from stylelightning.backbones.vgg import VGG
from stylelightning.distillation.cutting import cut
from stylelightning.distillation.data import DistillationData
from stylelightning.distillation.explained import ExplainedVariance
from stylelightning.distillation.student import Student
from stylelightning.execution.engine import FastBackbone

log = logging.getLogger(__name__)

_COMPARED = 32
"""Positions of a map along each side that are compared at a step; larger maps are thinned out."""


class Distillation(LightningModule):
    r"""Trains a student to have its teacher's features, up to a linear map at each layer.

    .. math:: \sum_l \frac{1}{C_l} \sum_c \frac{\mathrm{mean}_n (M_l s_l - t_l)_{cn}^2}
        {v_{lc} + f \bar v_l}

    with :math:`s_l` and :math:`t_l` the student's and the teacher's maps after ReLU, :math:`M_l` a
    matrix that is learnt too, :math:`v_{lc}` the variance of the teacher's channel and
    :math:`\bar v_l` their mean. The student begins as a part of its teacher (``cutting.cut``).

    Args:
        teacher: The network whose features are learnt, a VGG.
        channels: Number of the student's channels in each of its blocks.
        deepest: The student's last layer.
        lr: Largest learning rate of Adam; it rises over ``warmup`` steps and falls to 0 by a
            cosine over all steps of the trainer.
        warmup: Number of steps over which the rate rises.
        variance_floor: :math:`f`: 0 counts all channels alike, infinity by their variance.

    Raises:
        ValueError: If an argument is out of its range, or the teacher is no VGG.

    Source: after Wang et al., "Collaborative distillation for ultra-resolution universal style
    transfer", CVPR 2020, https://arxiv.org/abs/2003.08436: there too, features are compared through
    linear maps that are learnt.
    """

    def __init__(
        self,
        teacher: Backbone,
        channels: list[int],
        deepest: str = "relu5_1",
        lr: float = 5e-4,
        warmup: int = 100,
        variance_floor: float = 1.0,
    ) -> None:
        super().__init__()
        if not isinstance(teacher, VGG):
            raise ValueError(f"`teacher` must be a VGG, got {type(teacher).__name__}.")
        if not lr > 0 or not variance_floor > 0 or warmup < 0:
            raise ValueError(
                "`lr` and `variance_floor` must be above 0 and `warmup` at least 0, got "
                f"{lr}, {variance_floor} and {warmup}."
            )
        self.teacher = teacher
        self.student = Student(teacher, channels, deepest)
        self.lr, self.warmup, self.variance_floor = lr, warmup, variance_floor
        self.strict_loading = False  # the teacher is not in the checkpoint
        self.engine = FastBackbone(teacher)
        self.variances = nn.Module()
        for name in self.student.learnt:
            size = teacher.layer_table[name].channels
            self.variances.register_buffer(name, torch.ones(size))
        self.explained: dict[str, dict[str, ExplainedVariance]] = {}
        self.is_cut = False

    @property
    def steps(self) -> int:
        """Number of steps of the training."""
        return int(self.trainer.max_steps)

    @property
    def data(self) -> DistillationData:
        """The trainer's data."""
        return cast(DistillationData, self.trainer.datamodule)  # type: ignore[attr-defined]

    def setup(self, stage: str) -> None:
        """Make a measure for each kind of pictures and each layer."""
        table = self.teacher.layer_table
        self.explained = {
            kind: {n: ExplainedVariance(table[n].channels) for n in self.student.learnt}
            for kind in self.data.measured_kinds
        }

    def on_fit_start(self) -> None:
        """Cut the student from its teacher, unless a checkpoint holds it."""
        self.engine.start(self.device, str(self.trainer.precision))
        if not self.is_cut:
            self.cut()

    def teardown(self, stage: str) -> None:
        """Give the teacher back as it was."""
        self.engine.stop()

    def on_train_start(self) -> None:
        """Let this run's learning rate win over that of the checkpoint that it goes on from."""
        scheduler = self.lr_schedulers()
        assert isinstance(scheduler, torch.optim.lr_scheduler.LambdaLR)
        scheduler.base_lrs = [self.lr]

    def cut(self) -> None:
        """Cut the student from its teacher, and measure the teacher's variances."""
        crops = [image.to(self.device) for image in self.data.to_fit()]
        log.info("cutting the student from its teacher on %d crops", len(crops) * len(crops[0]))
        with self.autocast():
            cut(self.teacher, self.student, crops)
            self._measure_variances(crops)
        self.is_cut = True

    def autocast(self) -> Any:
        """Return the context of the trainer's precision."""
        return self.trainer.precision_plugin.forward_context()

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """Return the loss of a step.

        Args:
            batch: Pictures of shape (B, 3, H, W) in [0, 1].
            batch_idx: Number of the batch, which is not used.
        """
        batch = batch.contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            wanted = self.teacher(batch, self.student.learnt)
        terms = self._errors(self.student(batch), wanted)
        total = torch.stack(list(terms.values())).sum()
        self.log_dict({f"error/{name}": term.detach() for name, term in terms.items()})
        self.log("error/total", total.detach(), prog_bar=True)
        return total

    def validation_step(self, batch: Tensor, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Measure what the student has of its teacher's features.

        Args:
            batch: Pictures of shape (B, 3, H, W) in [0, 1].
            batch_idx: Number of the batch, which is not used.
            dataloader_idx: Number of the kind of pictures.
        """
        wanted, ours = self.teacher(batch, self.student.learnt), self.student(batch)
        measures = self.explained[self.data.measured_kinds[dataloader_idx]]
        for name, x in ours.items():
            measure = measures[name].to(x.device)
            measure.update(self.student.guess(name, x), wanted[name])

    def on_validation_epoch_end(self) -> None:
        """Log the measures, by kind and layer."""
        found = self.take_measures()
        for kind, parts in found.items():
            self.log_dict({f"explained_{kind}/{name}": part for name, part in parts.items()})
        means = ", ".join(f"{mean(parts.values()):.3f} of {kind}" for kind, parts in found.items())
        log.info("step %d: explains %s", self.global_step, means)

    def take_measures(self) -> dict[str, dict[str, float]]:
        """Return the explained variance by kind of pictures and layer, and begin anew."""
        found = {}
        for kind, measures in self.explained.items():
            found[kind] = {name: float(measure.compute()) for name, measure in measures.items()}
            for measure in measures.values():
                measure.reset()
        return found

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Return Adam and its schedule."""
        optimizer = torch.optim.Adam(self.student.parameters(), self.lr)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave out the teacher and the measures."""
        kept = ("student.", "variances.")
        state = checkpoint["state_dict"]
        checkpoint["state_dict"] = {k: v for k, v in state.items() if k.startswith(kept)}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take note that the student is there.

        Raises:
            ValueError: If it has other layers or channels than this one.
        """
        state = checkpoint["state_dict"]
        found = {name: x.shape for name, x in state.items() if name.startswith("student.")}
        own = {f"student.{name}": x.shape for name, x in self.student.state_dict().items()}
        if found != own:
            raise ValueError(
                "The checkpoint holds no student with these layers and channels: give the "
                "--model.channels, --model.deepest and --model.teacher that it was trained with."
            )
        self.is_cut = True

    def _rate(self, step: int) -> float:
        return min(1, (step + 1) / (self.warmup + 1)) * _cosine(step / max(1, self.steps))

    def _errors(self, ours: Features, wanted: Features) -> dict[str, Tensor]:
        """Return the error of each layer, by their names."""
        terms = {}
        for name, x in ours.items():
            stride = max(1, x.shape[2] // _COMPARED)
            first = self.global_step % stride
            thin = (..., slice(first, None, stride), slice(first, None, stride))
            guess = self.student.guess(name, x[thin]).float()
            variance = self.variances.get_buffer(name)
            scale = variance + self.variance_floor * variance.mean()
            errors = (guess - wanted[name][thin].float()).square().mean((0, 2, 3))
            terms[name] = (errors / scale).mean()
        return terms

    @torch.no_grad()
    def _measure_variances(self, crops: Sequence[Tensor]) -> None:
        names = self.student.learnt
        seen: dict[str, list[Tensor]] = {name: [] for name in names}
        for image in crops:
            for name, x in self.teacher(image, names).items():
                seen[name].append(x[..., ::4, ::4].float())  # all of them would take gigabytes
        for name in names:
            self.variances.get_buffer(name).copy_(torch.cat(seen[name]).var((0, 2, 3)))


def _cosine(part: float) -> float:
    return (1 + math.cos(math.pi * min(1.0, part))) / 2
