import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.utilities.exceptions import SIGTERMException

from stylelightning.backbones.vgg import VGG
from stylelightning.callbacks.interrupt import StepEndStop
from stylelightning.cli.process import on_sigterm
from stylelightning.distillation.callbacks import TrainingBar, TrainingCheckpoint
from tests.distillation.conftest import Train, make_data, make_training


class Send(Callback):
    """Sends a signal in the middle of the second step."""

    def __init__(self, number: signal.Signals) -> None:
        self.number = number

    def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
        if trainer.global_step == 1:
            signal.raise_signal(self.number)


def kept_step(folder: Path) -> int:
    found = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    return int(found["global_step"])


# the checkpoint


def test_a_checkpoint_is_written_every_n_steps_and_at_the_end(train: Train, tmp_path: Path) -> None:
    kept = []

    class Look(Callback):
        def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
            path = tmp_path / "checkpoints" / "last.ckpt"
            kept.append(kept_step(tmp_path) if path.exists() else None)

    train(TrainingCheckpoint(2), Look(), steps=5)
    assert kept == [None, None, 2, 2, 4]  # Lightning calls checkpoints last
    assert kept_step(tmp_path) == 5
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize(
    ("number", "error"),
    [(signal.SIGINT, SystemExit), (signal.SIGTERM, SIGTERMException)],  # the first is Lightning's
)
def test_a_signal_keeps_the_step_that_it_fell_into(
    train: Train, tmp_path: Path, number: signal.Signals, error: type[BaseException]
) -> None:
    with on_sigterm(), pytest.raises(error):
        train(Send(number), StepEndStop(), TrainingCheckpoint(100), steps=5)
    assert kept_step(tmp_path) == 2
    path = (tmp_path / "checkpoints" / "last.ckpt").rename(tmp_path / "interrupted.ckpt")
    resumed, whole = train(steps=5, ckpt_path=path), train(steps=5)
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


def test_sigterm_before_the_first_step_keeps_nothing(train: Train, tmp_path: Path) -> None:
    class Early(Callback):
        def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
            signal.raise_signal(signal.SIGTERM)

    with on_sigterm(), pytest.raises(SIGTERMException):
        train(Early(), TrainingCheckpoint(100), steps=5)
    assert not (tmp_path / "checkpoints").exists()


def test_an_error_keeps_no_half_step(train: Train, tmp_path: Path) -> None:
    class Fail(Callback):
        def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
            if trainer.global_step == 1:
                raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        train(Fail(), TrainingCheckpoint(100), steps=5)
    assert not (tmp_path / "checkpoints").exists()


def test_the_number_of_steps_is_at_least_1() -> None:
    with pytest.raises(ValueError, match="`every_n_steps` must be at least 1, got 0"):
        TrainingCheckpoint(0)


# the bar


def trained_with_a_bar(folder: Path, teacher: VGG, steps: int = 4, **values: Any) -> TrainingBar:
    bar = TrainingBar()
    trainer = Trainer(
        default_root_dir=folder, max_epochs=-1, accelerator="cpu", logger=False, max_steps=steps,
        enable_model_summary=False, num_sanity_val_steps=0, check_val_every_n_epoch=None,
        val_check_interval=2, callbacks=[bar, TrainingCheckpoint()],
    )  # fmt: skip
    data = make_data(folder)
    trainer.fit(make_training(teacher), datamodule=data, weights_only=True, **values)
    return bar


def test_the_bar_shows_the_step_and_the_error(
    teacher: VGG, folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    trained_with_a_bar(folders, teacher)
    shown = capsys.readouterr().out
    assert "4/4" in shown
    assert "error " in shown


def test_the_bar_of_a_resumed_training_goes_on_where_it_was(folders: Path, teacher: VGG) -> None:
    assert trained_with_a_bar(folders, teacher, steps=2).train_progress_bar.initial == 0
    path = folders / "checkpoints" / "last.ckpt"
    bar = trained_with_a_bar(folders, teacher, ckpt_path=path)
    # the time that is left is told from the steps since then
    assert bar.train_progress_bar.initial == 2


def test_the_bar_is_silent_without_a_terminal(
    teacher: VGG, folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained_with_a_bar(folders, teacher)
    shown = capsys.readouterr()
    assert "%|" not in shown.out + shown.err
    assert "4/4" not in shown.out + shown.err
