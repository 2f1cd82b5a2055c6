"""Ctrl-C and SIGTERM in the middle of a run."""

import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.utilities.exceptions import SIGTERMException

from stylelightning import StyleTransferData
from stylelightning.callbacks import (
    LastCheckpoint,
    StepEndStop,
)
from stylelightning.cli.process import on_sigterm
from tests.runs import fit


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (signal.SIGINT, SystemExit),  # Lightning's
        (signal.SIGTERM, SIGTERMException),
        (signal.SIGHUP, SIGTERMException),
    ],
)
def test_a_signal_ends_the_run_when_its_step_is_done(
    tmp_path: Path, data: StyleTransferData, number: signal.Signals, error: type[BaseException]
) -> None:
    steps: list[int] = []

    class Send(Callback):
        """Sends the signal in the middle of the second step."""

        def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
            if trainer.global_step == 1:
                signal.raise_signal(number)

        def on_train_batch_end(
            self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
        ) -> None:
            steps.append(trainer.global_step)

    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with on_sigterm(), pytest.raises(error):
        fit(tmp_path, data, Send(), StepEndStop(), LastCheckpoint(100))
    assert steps == [1, 2]
    checkpoint = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 2
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


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
