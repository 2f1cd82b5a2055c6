"""A run that loses control."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer

from stylelightning import Schedule, StyleTransfer, StyleTransferData
from stylelightning.callbacks import (
    StopOnDivergence,
)
from stylelightning.losses import ContentLoss, Loss
from stylelightning.module import DivergenceError
from tests.runs import OwnLoss, fit, make_module, make_trainer


class Planned(OwnLoss):
    """A loss whose values are planned."""

    def __init__(self, values: Sequence[float]) -> None:
        super().__init__(1.0, ["image"])
        self.values = iter(values)

    def forward(self, features: dict[str, torch.Tensor]) -> torch.Tensor:
        value = next(self.values)
        scalar = features["image"].mean()
        return scalar * 0 + value if math.isfinite(value) else scalar * value


def stop(
    folder: Path, data: StyleTransferData, values: Sequence[float], **options: Any
) -> StyleTransfer:
    losses: dict[str, Loss | None] = {
        "planned": Planned(values),
        "calm": ContentLoss(1, ["level1"]),
    }
    module = make_module(losses=losses, init="content", schedule=Schedule(steps=len(values)))
    watch = StopOnDivergence(**{"check_every_n_steps": 1, **options})
    make_trainer(folder, watch).fit(module, data)
    return module


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_total_that_is_not_finite_stops_the_run(
    tmp_path: Path,
    data: StyleTransferData,
    bad: float,
) -> None:
    with pytest.raises(
        DivergenceError, match=r"at step 3: the term 'planned' went from 1 to (nan|inf)"
    ):
        stop(tmp_path, data, [1, 1, bad, 1])


def test_an_explosion_stops_the_run_after_some_patience(
    tmp_path: Path,
    data: StyleTransferData,
) -> None:
    values = [1, 30, 1, 30, 30, 30, 1]
    with pytest.raises(DivergenceError, match="at step 4: the term 'planned' went from 1 to 30"):
        stop(tmp_path, data, values, factor=20, patience=3)


def test_a_short_peak_goes_by(tmp_path: Path, data: StyleTransferData) -> None:
    stop(tmp_path, data, [1, 30, 30, 1, 30, 30, 1], factor=20, patience=3)


def test_a_run_that_explodes_at_its_end_is_stopped(tmp_path: Path, data: StyleTransferData) -> None:
    with pytest.raises(DivergenceError, match="at step 2: the term 'planned' went from 1 to 30"):
        stop(tmp_path, data, [1, 30, 30], patience=5)
    stop(tmp_path, data, [1, 1, 30], patience=5)  # one leap, as L-BFGS makes them


def test_a_run_from_zero_does_not_explode(tmp_path: Path, data: StyleTransferData) -> None:
    stop(tmp_path, data, [0, 5, 5, 5, 5], factor=20, patience=1)


def test_the_way_out_names_a_smaller_rate(tmp_path: Path, data: StyleTransferData) -> None:
    with pytest.raises(DivergenceError, match=r"--model.optimizer.lr 0.002; it is 0.02"):
        stop(tmp_path, data, [1, float("nan")])


def test_the_picture_of_the_lowest_total_is_kept(tmp_path: Path, data: StyleTransferData) -> None:
    pictures: list[torch.Tensor] = []

    class Pictures(Callback):
        def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
            pictures.append(pl_module.canvas.decode().detach().clone())

    losses: dict[str, Loss | None] = {
        "planned": Planned([50, 1e-9, 9, math.nan, math.nan]),
        "calm": ContentLoss(1e-3, ["level1"]),
    }
    module = make_module(losses=losses, schedule=Schedule(steps=5))
    watch = StopOnDivergence(check_every_n_steps=5)
    with pytest.raises(DivergenceError, match="The picture after step 1 is kept"):
        make_trainer(tmp_path, watch, Pictures()).fit(module, data)
    assert torch.equal(module.canvas.decode().detach(), pictures[1])


def test_a_run_lost_at_the_start_of_a_scale_keeps_the_last_ones_picture(
    tmp_path: Path, data: StyleTransferData
) -> None:
    losses: dict[str, Loss | None] = {
        "calm": ContentLoss(100, ["level1"]),
        "bad": Planned([0, 0, 0, math.nan, math.nan]),
    }
    module = make_module(losses=losses)  # two scales of three steps
    with pytest.raises(DivergenceError, match="The picture after step 2 is kept"):
        make_trainer(tmp_path, StopOnDivergence(check_every_n_steps=5)).fit(module, data)
    assert module.canvas.size == (24, 32)
    assert module.canvas.decode().isfinite().all()


def test_a_picture_lost_in_the_very_last_step_is_noticed(
    tmp_path: Path,
    data: StyleTransferData,
) -> None:
    class LostGradient(OwnLoss):
        def forward(self, features: dict[str, torch.Tensor]) -> torch.Tensor:
            return (features["image"].sum() * 0).sqrt()  # 0, with a gradient of NaN

    with pytest.raises(DivergenceError, match="The picture after step 0 is kept"):
        fit(
            tmp_path, data, StopOnDivergence(),
            losses={"lost": LostGradient(1.0, ["image"])},
            schedule=Schedule(steps=1),
        )  # fmt: skip
