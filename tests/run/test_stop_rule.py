"""Scales that end early: when, what follows, and that a resumed run ends them as well."""

import logging
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from stylelightning import Schedule, StyleTransferData
from stylelightning.callbacks import LossLog
from stylelightning.run.stop_rule import StopRule, Watch
from tests.conftest import Run
from tests.runs import fit, make_module, make_trainer


def steps_until_still(rule: StopRule, totals: list[float], pictures: list[float]) -> int | None:
    watch = Watch(rule)
    for step, (total, level) in enumerate(zip(totals, pictures, strict=True), 1):
        picture = torch.full((1, 3, 2, 2), level)
        if watch.is_over(torch.tensor(total), partial(picture.clone), step, len(totals) + 1):
            return step
    return None


FALLING = [100.0, 50.0, 25.0, 12.0, 10.0, 10.0, 9.95, 9.95]
MOVING = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.501, 0.502]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (StopRule(total=0.01, window=2), 8),  # means 75, 18.5, 10, 9.95
        (StopRule(total=0.5, window=2), 6),
        (StopRule(total=0.001, window=2), None),
        (StopRule(total=None, picture=0.01, window=2), 8),
        (StopRule(total=None, picture=0.25, window=2), 4),
        (StopRule(total=0.5, picture=0.01, window=2), 8),
        (StopRule(total=0.01, window=5), None),  # there is no second window
    ],
)
def test_a_scale_is_over_when_all_that_is_named_is_still(
    rule: StopRule, expected: int | None
) -> None:
    assert steps_until_still(rule, FALLING, MOVING) == expected


def test_the_next_scale_begins_where_one_ended(
    tmp_path: Path, data: StyleTransferData, caplog: pytest.LogCaptureFixture
) -> None:
    schedule = Schedule(steps=12, min_size=16, factor=2.0)
    with caplog.at_level(logging.INFO, "stylelightning"):
        module = fit(tmp_path, data, schedule=schedule, stop_rule=StopRule(total=1e9, window=2))
    assert [scale.steps for scale in module.plan.scales] == [4, 4]
    assert module.canvas.size == data.pictures.picture_size(32)
    assert "scale 1 of 2 is still: 4 steps" in caplog.text


def test_callbacks_know_the_end_of_a_scale_that_ended_early(
    tmp_path: Path, data: StyleTransferData
) -> None:
    module = make_module(
        schedule=Schedule(steps=12, min_size=16, factor=2.0),
        stop_rule=StopRule(total=1e9, window=2),
    )
    make_trainer(tmp_path, LossLog(every_n_steps=100)).fit(module, data)
    (table,) = tmp_path.rglob("losses.csv")
    steps = [line.split(",")[0] for line in table.read_text().splitlines()[1:]]
    assert steps == ["1", "4", "8"]


def test_a_run_that_stays_lively_makes_all_its_steps(
    tmp_path: Path, data: StyleTransferData
) -> None:
    module = fit(tmp_path, data, stop_rule=StopRule(total=1e-12, window=2))
    assert module.plan.total_steps == 6


def test_a_resumed_run_ends_its_scales_as_the_whole_run_did(
    tmp_path: Path, data: StyleTransferData
) -> None:
    options: dict[str, Any] = {
        "schedule": Schedule(steps=12, min_size=16, factor=2.0),
        "stop_rule": StopRule(total=1e9, picture=1.0, window=3),
        "averaging": 0.9,
    }

    def keep(folder: str) -> ModelCheckpoint:
        return ModelCheckpoint(tmp_path / folder, "{step}", every_n_train_steps=1, save_top_k=-1)

    whole = make_module(**options)
    make_trainer(tmp_path, keep("whole")).fit(whole, data)
    assert [scale.steps for scale in whole.plan.scales] == [6, 6]
    for step in (2, 5, 6, 7, 11):
        resumed = make_module(**options)
        trainer = make_trainer(tmp_path, keep(f"from-{step}"))
        path = tmp_path / "whole" / f"step={step}.ckpt"
        trainer.fit(resumed, data, ckpt_path=path, weights_only=False)
        assert trainer.global_step == 12
        torch.testing.assert_close(resumed.picture, whole.picture, rtol=0, atol=0)


def test_a_module_that_is_run_again_forgets_what_ended_early(
    tmp_path: Path, data: StyleTransferData
) -> None:
    class Planned(Callback):
        def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
            self.steps = module.plan.total_steps

    module = make_module(stop_rule=StopRule(total=1e9, window=1 + 1), schedule=Schedule(steps=9))
    for _ in range(2):
        planned = Planned()
        make_trainer(tmp_path, planned).fit(module, data)
        assert planned.steps == 9
        assert module.plan.total_steps == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 1}, "`model.stop_rule.window` must be at least 2, got 1"),
        ({"total": 0}, "`model.stop_rule.total` must be above 0, got 0"),
        ({"picture": float("nan")}, "`model.stop_rule.picture` must be above 0, got nan"),
        ({"total": None}, "must name `total` or `picture`, got neither"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StopRule(**options)


def test_the_command_line_takes_a_rule(run: Run) -> None:
    folder = run(
        *("--model.schedule.steps", "30", "--model.schedule.min_size", "null"),
        *("--model.stop_rule.total", "1e9", "--model.stop_rule.window", "3"),
    )
    assert (folder / "losses.csv").read_text().splitlines()[-1].split(",")[0] == "6"
