"""Ctrl-C in the middle of a run."""

import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer

from stylelightning import StyleTransferData
from stylelightning.callbacks import (
    LastCheckpoint,
    StepEndStop,
)
from tests.runs import fit


def test_ctrl_c_ends_the_run_when_its_step_is_done(tmp_path: Path, data: StyleTransferData) -> None:
    steps: list[int] = []

    class Press(Callback):
        """Presses Ctrl-C in the middle of the second step."""

        def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
            if trainer.global_step == 1:
                signal.raise_signal(signal.SIGINT)

        def on_train_batch_end(
            self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
        ) -> None:
            steps.append(trainer.global_step)

    with pytest.raises(SystemExit):  # Lightning's answer to Ctrl-C
        fit(tmp_path, data, Press(), StepEndStop(), LastCheckpoint(100))
    assert steps == [1, 2]
    checkpoint = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 2


def test_a_second_ctrl_c_ends_the_run_at_once(tmp_path: Path, data: StyleTransferData) -> None:
    steps: list[int] = []

    class PressTwice(Callback):
        def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
            if trainer.global_step == 1:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)

        def on_train_batch_end(
            self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
        ) -> None:
            steps.append(trainer.global_step)

    with pytest.raises(SystemExit):
        fit(tmp_path, data, PressTwice(), StepEndStop(), LastCheckpoint(100))
    assert steps == [1]
    assert not (tmp_path / "checkpoints").exists()  # the step was not whole
