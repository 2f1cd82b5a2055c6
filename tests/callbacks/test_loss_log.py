"""The table of losses and the console line."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, Trainer

from stylelightning import Schedule, StyleTransferData
from stylelightning.callbacks import (
    LossLog,
)
from tests.runs import fit


def test_the_console_line_says_step_size_terms_time_and_memory(
    tmp_path: Path,
    data: StyleTransferData,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fit(tmp_path, data, LossLog(2))
    line = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(
        r"step 6/6  32x24 px  total [\d.e+-]+  content [\d.e+-]+  style [\d.e+-]+"
        r"  \d+ ms/step  \d+ MB",
        line,
    )


@pytest.mark.parametrize("every_n_steps", [1, 1000])
def test_a_run_is_said_in_ten_lines_however_long_it_is(
    tmp_path: Path, data: StyleTransferData, capsys: pytest.CaptureFixture[str], every_n_steps: int
) -> None:
    fit(tmp_path, data, LossLog(every_n_steps), schedule=Schedule(steps=40, min_size=16, factor=2))
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.split("  ") == ["80 steps", "16x12 to 32x24 px", "cpu", str(tmp_path)]
    # by hand: the first step, and each eighth of 80
    assert [int(line[4:].split("/")[0]) for line in lines] == [1, *range(10, 81, 10)]
    assert all(re.search(r"  \d+:\d\d left  ", line) for line in lines[1:-1])


def test_a_run_that_ends_early_says_its_last_step(
    tmp_path: Path, data: StyleTransferData, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stop(Callback):
        def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
            trainer.should_stop = trainer.global_step >= 11

    fit(tmp_path, data, LossLog(50), Stop(), schedule=Schedule(steps=80))
    assert capsys.readouterr().out.splitlines()[-1].startswith("step 11/80  ")


def test_the_terms_are_those_that_the_steps_gradient_came_from(
    tmp_path: Path,
    data: StyleTransferData,
) -> None:
    seen: list[float] = []

    class Totals(Callback):
        def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
            seen.append(float(loss.detach()))

    fit(tmp_path, data, Totals(), LossLog(1))
    with (tmp_path / "losses.csv").open() as file:
        logged = [float(row["total"]) for row in csv.DictReader(file)]
    assert logged == pytest.approx(seen)
