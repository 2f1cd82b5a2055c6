"""The progress bar."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lightning.pytorch import Trainer

from stylelightning import Schedule, StyleTransferData
from stylelightning.callbacks import (
    StepProgressBar,
)
from stylelightning.callbacks.progress import bar_line
from tests.conftest import Run
from tests.runs import make_module

TERMS = {"content": 123.456, "style": 2.5, "strokes": 99.0, "histogram": 1e-3, "tv": 1e4}


def trainer_with_bar(folder: Path, rate: int) -> Trainer:
    return Trainer(
        default_root_dir=folder, max_epochs=-1, accelerator="cpu", logger=False,
        enable_model_summary=False, enable_checkpointing=False, callbacks=[StepProgressBar(rate)],
    )  # fmt: skip


def test_the_bar_counts_steps_and_shows_the_terms(
    tmp_path: Path,
    data: StyleTransferData,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    trainer_with_bar(tmp_path, 5).fit(make_module(), data)
    shown = capsys.readouterr().out
    assert "6/6" in shown
    assert "32x24 px" in shown
    assert "style" in shown


def test_the_bar_is_silent_in_a_file(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run()
    shown = capsys.readouterr()
    assert "%|" not in shown.out + shown.err


def bar_and_rest(columns: int) -> tuple[int, str]:
    """Return the letters of the bar itself, and the line without it."""
    line = bar_line(columns, "384x256 px", "1180/2500", 3725.0, TERMS)
    (cells,) = re.findall(r"\{bar:(\d+)\}", line)
    return int(cells), re.sub(r"\{.*\}", "", line)


@pytest.mark.parametrize("columns", [60, 79, 100, 199])
def test_the_bar_has_room_and_the_line_fits(columns: int) -> None:
    cells, rest = bar_and_rest(columns)
    assert 15 <= cells <= 40
    assert cells + len(rest) <= columns
    assert "1180/2500  1:02:05 left" in rest


def test_80_columns_show_the_total_and_200_all_terms() -> None:
    assert "  total 10225" in bar_and_rest(79)[1]
    assert "histogram" not in bar_and_rest(79)[1]
    shown = bar_and_rest(199)[1]
    assert shown.endswith(
        "  total 10225  content 123  style 2.5  strokes 99  histogram 0.001  tv 10000"
    )


def test_a_bar_is_updated_by_time_and_reads_the_terms_only_then(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    shown: list[str] = []
    clock = iter(range(10**6))  # every look at the clock is 0.1 s after the one before
    fake = SimpleNamespace(monotonic=lambda: 0.1 * next(clock))
    monkeypatch.setattr("stylelightning.callbacks.progress.time", fake)

    def line(columns: int, size: str, step: str, left: float | None, terms: object) -> str:
        shown.append(step)
        return "{bar}"

    monkeypatch.setattr("stylelightning.callbacks.progress.bar_line", line)
    trainer_with_bar(tmp_path, 2).fit(make_module(schedule=Schedule(steps=12)), data)
    # by hand: two updates a second, and the last step
    assert shown == [" 1/12", " 6/12", "11/12", "12/12"]


def test_a_bar_that_is_updated_never_shows_nothing(
    tmp_path: Path,
    data: StyleTransferData,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    trainer_with_bar(tmp_path, 0).fit(make_module(), data)
    assert capsys.readouterr().out == ""


def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="`refresh_rate` of StepProgressBar must be at least 0"):
        StepProgressBar(-1)
