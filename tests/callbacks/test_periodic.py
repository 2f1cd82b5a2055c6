"""When a record is taken, and by which module."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.demos.boring_classes import BoringModel

from stylelightning import StyleTransferData
from stylelightning.callbacks import (
    LossLog,
)
from stylelightning.callbacks.periodic import PeriodicCallback, style_transfer
from stylelightning.module import StyleTransfer
from tests.runs import make_module, make_trainer


def test_the_last_step_of_a_shortened_run_is_recorded(
    tmp_path: Path,
    data: StyleTransferData,
) -> None:
    make_trainer(tmp_path, LossLog(100), max_steps=2).fit(make_module(), data)
    rows = (tmp_path / "losses.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "1", "2"]


class Steps(PeriodicCallback):
    """Notes the steps that are recorded, by a clock of its own."""

    def __init__(self, clock: pytest.MonkeyPatch, seconds: list[float], min_seconds: float) -> None:
        super().__init__(1, min_seconds)
        times = iter(seconds)
        own = SimpleNamespace(monotonic=lambda: next(times))
        clock.setattr("stylelightning.callbacks.periodic.time", own)
        self.steps: list[int] = []

    def record(self, trainer: Trainer, module: StyleTransfer, step: int) -> None:
        self.steps.append(step)


def test_records_that_come_too_soon_are_left_out_but_for_the_ends(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    # by hand: step 1 comes first, 2 after 4 seconds; 3 ends a scale; 5 seconds lie between its
    # record and step 4, 1 second between that and 5; 6 ends the run
    clock = [10.0, 10, 14, 15, 15, 20, 20, 21, 22, 22]
    steps = Steps(monkeypatch, clock, 5)
    make_trainer(tmp_path, steps).fit(make_module(), data)
    assert steps.steps == [1, 3, 4, 6]


def test_another_module_is_refused() -> None:
    module: LightningModule = BoringModel()
    with pytest.raises(TypeError, match="reads a StyleTransfer, got BoringModel"):
        style_transfer(module)
