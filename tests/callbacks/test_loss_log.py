"""The table of losses and the console line."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, Trainer

from stylelightning import StyleTransferData
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
        r"step 6/6  32x24 px  content [\d.e+-]+  style [\d.e+-]+  total [\d.e+-]+"
        r"  \d+ ms/step  \d+ MB",
        line,
    )


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
