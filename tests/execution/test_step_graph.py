"""Steps that are recorded once and replayed: the same pictures, and a recording whenever due."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from torch import Tensor

from stylelightning import Schedule, StyleTransferData
from stylelightning.backbones.base import Features
from stylelightning.backbones.windows import Maps
from stylelightning.callbacks import GradientBalance, LastCheckpoint, StopOnDivergence
from stylelightning.execution import step_graph
from stylelightning.execution.step_graph import Evaluated, StepGraph
from stylelightning.losses import ContentLoss, GramLoss, Loss, PatchLoss
from stylelightning.losses.sums import Count
from tests.runs import OPTIMIZERS, OwnLoss, fit, make_module, make_trainer


class Recorder:
    """Records as a CUDA graph does: a replay does the work again into the same tensors."""

    def __init__(self) -> None:
        self.recordings = 0
        self.replays = 0

    def __call__(self, work: Callable[[], Evaluated]) -> tuple[Evaluated, Callable[[], None]]:
        self.recordings += 1
        kept = work()

        def replay() -> None:
            self.replays += 1
            for old, new in zip(tensors(kept), tensors(work()), strict=True):
                old.copy_(new)

        return kept, replay


def tensors(evaluated: Evaluated) -> list[Tensor]:
    terms, total, gradients = evaluated
    statistics = [each for found in terms.statistics.values() for each in found.values()]
    return [*terms.weighted.values(), *statistics, total, *gradients]


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    new = Recorder()
    graph = lambda *_: StepGraph(new)  # noqa: E731
    monkeypatch.setattr("stylelightning.module.new_step_graph", graph)
    return new


def patches(interval: int) -> dict[str, Loss | None]:
    return {
        "style": GramLoss(100.0, ["level1"], "hw"),
        "strokes": PatchLoss(10.0, ["image"], size=3, renew_every_n_steps=interval),
    }


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_picture_is_that_of_a_plain_run(
    tmp_path: Path,
    data: StyleTransferData,
    monkeypatch: pytest.MonkeyPatch,
    recorder: Recorder,
    optimizer: str,
) -> None:
    options: dict[str, Any] = {
        "optimizer": OPTIMIZERS[optimizer],
        "schedule": Schedule(steps=6, min_size=16, factor=2.0),
        "averaging": 0.9,
    }
    replayed = fit(tmp_path, data, StopOnDivergence(), **options)
    assert recorder.recordings == len(replayed.plan.scales)
    assert recorder.replays == 4 * recorder.recordings  # all but the first two steps
    monkeypatch.setattr("stylelightning.module.new_step_graph", lambda *_: None)
    plain = fit(tmp_path, data, StopOnDivergence(), **options)
    torch.testing.assert_close(replayed.picture, plain.picture, rtol=0, atol=0)
    torch.testing.assert_close(replayed.total, plain.total, rtol=0, atol=0)


def test_a_line_search_replays_its_trials(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch, recorder: Recorder
) -> None:
    def optimizer(parameters: Any) -> torch.optim.LBFGS:
        return torch.optim.LBFGS(parameters, line_search_fn="strong_wolfe", max_eval=5)

    replayed = fit(tmp_path, data, optimizer=optimizer)
    assert recorder.recordings == len(replayed.plan.scales)
    monkeypatch.setattr("stylelightning.module.new_step_graph", lambda *_: None)
    plain = fit(tmp_path, data, optimizer=optimizer)
    torch.testing.assert_close(replayed.picture, plain.picture, rtol=0, atol=0)


@pytest.mark.parametrize(("interval", "recordings"), [(8, 1), (4, 2), (1, 0)])
def test_a_loss_that_looks_anew_gets_a_new_recording(
    tmp_path: Path,
    data: StyleTransferData,
    monkeypatch: pytest.MonkeyPatch,
    recorder: Recorder,
    interval: int,
    recordings: int,
) -> None:
    options: dict[str, Any] = {"losses": patches(interval), "schedule": Schedule(steps=8)}
    replayed = fit(tmp_path, data, **options).picture
    assert recorder.recordings == recordings
    monkeypatch.setattr("stylelightning.module.new_step_graph", lambda *_: None)
    plain = fit(tmp_path, data, **options).picture
    torch.testing.assert_close(replayed, plain, rtol=0, atol=0)


def test_other_weights_get_a_new_recording(
    tmp_path: Path, data: StyleTransferData, recorder: Recorder
) -> None:
    module = make_module(schedule=Schedule(steps=8))

    class Heavier(Callback):
        def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
            if trainer.global_step == 4:
                module.objective.weights["style"] *= 2

    make_trainer(tmp_path, Heavier()).fit(module, data)
    assert recorder.recordings == 2
    assert module.objective.weights["style"] == 2 * module.objective.losses["style"].weight


def test_a_resumed_run_records_anew(
    tmp_path: Path, data: StyleTransferData, recorder: Recorder
) -> None:
    schedule = Schedule(steps=8, min_size=16, factor=2.0)
    whole = fit(tmp_path, data, schedule=schedule).picture
    first = make_trainer(tmp_path, LastCheckpoint(every_n_steps=5), max_steps=5)
    first.fit(make_module(schedule=schedule), data)
    resumed = make_module(schedule=schedule)
    (path,) = tmp_path.rglob("last.ckpt")
    make_trainer(tmp_path).fit(resumed, data, ckpt_path=path, weights_only=False)
    torch.testing.assert_close(resumed.picture, whole, rtol=0, atol=0)


def test_gradients_measured_beside_the_run_leave_its_recording_alone(
    tmp_path: Path, data: StyleTransferData, recorder: Recorder
) -> None:
    fit(tmp_path, data, GradientBalance(every_n_steps=2), schedule=Schedule(steps=8))
    assert (recorder.recordings, recorder.replays) == (1, 6)


class DueAlways(ContentLoss):
    """A loss of a user's own that changes at every step, and says nothing about it."""

    def advance(self, features: Maps, step: int) -> None:
        self.factor = torch.tensor(float(step + 1))

    def compare(self, statistics: Features, count: dict[str, Count]) -> Tensor:
        return self.factor * super().compare(statistics, count)


def test_a_loss_that_advances_at_every_step_is_never_replayed(
    tmp_path: Path, data: StyleTransferData, recorder: Recorder
) -> None:
    fit(tmp_path, data, losses={"own": DueAlways(1.0, ["level1"])})
    assert recorder.recordings == 0


def test_what_cannot_be_recorded_runs_as_ever(
    tmp_path: Path,
    data: StyleTransferData,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tried = []

    def refuse(work: Callable[[], Evaluated]) -> Any:
        tried.append(work)
        raise RuntimeError("operation not permitted when stream is capturing")

    plain = fit(tmp_path, data).picture
    monkeypatch.setattr("stylelightning.module.new_step_graph", lambda *_: StepGraph(refuse))
    with caplog.at_level(logging.DEBUG, "stylelightning"):
        module = fit(tmp_path, data)
    torch.testing.assert_close(module.picture, plain, rtol=0, atol=0)
    assert len(tried) == 1  # not again at the next scale
    assert "The step can't be recorded, and runs operation by operation" in caplog.text


@pytest.mark.parametrize(
    ("asked", "device", "precision", "records"),
    [
        (None, "cuda", "bf16-mixed", True),
        (None, "cuda", "32-true", True),
        ("step", "cuda", "32-true", True),
        (False, "cuda", "bf16-mixed", False),
        ("reduce-overhead", "cuda", "bf16-mixed", False),
        (None, "cuda", "16-mixed", False),
        (None, "cpu", "32-true", False),
    ],
)
def test_steps_are_recorded_on_a_gpu(
    asked: Any, device: str, precision: str, records: bool, caplog: pytest.LogCaptureFixture
) -> None:
    graph = step_graph.new_step_graph(asked, torch.device(device), precision)
    assert (graph is not None) is records
    assert not caplog.records


@pytest.mark.parametrize(("device", "precision"), [("cpu", "32-true"), ("cuda", "16-mixed")])
def test_a_recording_that_cannot_be_is_said(
    device: str, precision: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert step_graph.new_step_graph("step", torch.device(device), precision) is None
    assert f"this run is on {device} in {precision}" in caplog.text


class StopsOtherwise(OwnLoss):
    """A loss that reads a number from the device, which no recording can hold."""

    def forward(self, features: Features) -> Tensor:
        return features["level1"].square().mean() * (1 + 0 * float(features["level1"].mean()))


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_replayed_steps_make_the_picture_of_plain_ones_on_a_gpu(
    tmp_path: Path, data: StyleTransferData, optimizer: str, precision: Any
) -> None:
    pictures = []
    for mode in (None, False):
        module = make_module(
            optimizer=OPTIMIZERS[optimizer],
            losses={"content": ContentLoss(100.0, ["level1"]), **patches(5)},
            schedule=Schedule(steps=10, min_size=16, factor=2.0),
            compile=mode,
        )
        make_trainer(tmp_path, precision=precision, accelerator="gpu").fit(module, data)
        pictures.append(module.picture)
    assert (pictures[0] - pictures[1]).abs().mean() < 2 / 255


@pytest.mark.gpu
def test_a_loss_that_waits_for_the_device_runs_as_ever_on_a_gpu(
    tmp_path: Path, data: StyleTransferData, caplog: pytest.LogCaptureFixture
) -> None:
    module = make_module(losses={"own": StopsOtherwise(1.0, ["level1"])})
    with caplog.at_level(logging.DEBUG, "stylelightning"):
        make_trainer(tmp_path, accelerator="gpu").fit(module, data)
    assert module.picture.isfinite().all()
    assert "can't be recorded" in caplog.text


class NoWaiting(Callback):
    """Forbids that the host waits for the device in the steps between two records."""

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        quiet = 4 <= trainer.global_step % 10 < 8
        torch.cuda.set_sync_debug_mode("error" if quiet else "default")

    def teardown(self, *_: Any, **__: Any) -> None:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.gpu
@pytest.mark.parametrize("mode", [None, False], ids=["recorded", "plain"])
def test_nothing_waits_between_two_records_on_a_gpu(
    tmp_path: Path, data: StyleTransferData, mode: bool | None
) -> None:
    module = make_module(averaging=0.9, schedule=Schedule(steps=20), compile=mode)
    callbacks = (StopOnDivergence(check_every_n_steps=10), LastCheckpoint(10), NoWaiting())
    make_trainer(tmp_path, *callbacks, accelerator="gpu").fit(module, data)
    assert module.picture.isfinite().all()
