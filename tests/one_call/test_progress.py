"""The bar of a call."""

import io
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, Trainer

from stylelightning import StyleTransferData
from stylelightning.one_call.progress import Progress
from tests.runs import fit


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_with_the_terms(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    fit(tmp_path, data, Progress())
    assert terminal.getvalue().endswith("\n")
    last = terminal.getvalue().strip().split("\r")[-1]
    assert last.startswith("32x24 px 100%|")
    assert " 6/6 [" in last
    assert "content " in last
    assert "total " in last


def test_the_time_left_is_by_the_plan_of_scales(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, now = Terminal(), [0.0]

    class Slower(Callback):
        """Has a step take 1 s at the first scale and 10 s at the second."""

        def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
            now[0] += 1.0 if trainer.global_step < 3 else 10.0

    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("stylelightning.one_call.progress.time.monotonic", lambda: now[0])
    fit(tmp_path, data, Slower(), Progress())
    said = dict(re.findall(r" (\d)/6 \[[^<]*<([\d:?]+)", terminal.getvalue()))
    # by hand: two scales of 3 steps, of 16 x 12 and of 32 x 24 px. The first step of each prepares
    # and is left out; until the second scale is known, its steps take 1.13 times the first's
    assert said == {
        "0": "?",
        "1": "?",
        "2": "0:05",
        "3": "0:04",
        "4": "0:03",
        "5": "0:10",
        "6": "0:00",
    }


def test_a_closed_output_stops_no_run(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert fit(tmp_path, data, Progress()).picture.isfinite().all()
