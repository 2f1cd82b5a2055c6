"""The progress bar."""

from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Trainer

from stylelightning import StyleTransferData
from stylelightning.callbacks import (
    StepProgressBar,
)
from tests.conftest import Run
from tests.runs import make_module


def test_the_bar_counts_steps_and_shows_the_terms(
    tmp_path: Path,
    data: StyleTransferData,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    trainer = Trainer(
        default_root_dir=tmp_path, max_epochs=-1, accelerator="cpu", logger=False,
        enable_model_summary=False, enable_checkpointing=False, callbacks=[StepProgressBar(2)],
    )  # fmt: skip
    trainer.fit(make_module(), data)
    shown = capsys.readouterr().out
    assert "6/6" in shown
    assert "32x24 px" in shown
    assert "style" in shown


def test_the_bar_is_silent_in_a_file(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run()
    shown = capsys.readouterr()
    assert "%|" not in shown.out + shown.err
