"""The last pass of a run, with other losses."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from stylelightning import Schedule, StyleTransfer, StyleTransferData
from stylelightning.callbacks import GradientBalance
from stylelightning.losses import ContentLoss, GramLoss, Loss, SplitNeuralNeighborLoss
from stylelightning.schedule import Finish
from tests.conftest import Run
from tests.runs import make_module, make_trainer


def make(**values: Any) -> StyleTransfer:
    torch.manual_seed(0)
    losses: dict[str, Loss | None] = {
        "content": ContentLoss(100.0, ["level1"]),
        "style": GramLoss(1000.0, ["level1", "level2"], "hw"),
        "strokes": SplitNeuralNeighborLoss(1.0, ["level1"]),
    }
    finish = Finish(3, ("strokes",), ("style",))
    schedule = Schedule(2, min_size=16, factor=2.0, finish=finish)
    return make_module(**{"losses": losses, "schedule": schedule, **values})


class Noted(Callback):
    """Which terms were above 0 at each step, and the layers that were read."""

    def __init__(self) -> None:
        self.terms: list[list[str]] = []
        self.layers: list[list[str]] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        assert isinstance(pl_module, StyleTransfer)
        weighted = pl_module.terms.weighted
        assert list(weighted) == ["content", "style", "strokes"]
        self.terms.append([name for name, term in weighted.items() if term > 0])
        self.layers.append(sorted(pl_module.objective.layers))


def test_a_loss_is_in_force_in_its_pass_alone(tmp_path: Path, data: StyleTransferData) -> None:
    module, noted = make(), Noted()
    make_trainer(tmp_path, noted, GradientBalance(every_n_steps=1)).fit(module, data)
    assert noted.terms == [["content", "style"]] * 4 + [["content", "strokes"]] * 3
    assert noted.layers == [["level1", "level2"]] * 4 + [["level1"]] * 3
    assert module.canvas.size == (24, 32)


def test_resuming_is_exact_from_every_step(tmp_path: Path, data: StyleTransferData) -> None:
    every = ModelCheckpoint(tmp_path / "saved", "{step}", every_n_train_steps=1, save_top_k=-1)
    whole = make()
    make_trainer(tmp_path, every).fit(whole, data)
    for step in range(1, 8):
        resumed = make()
        path = tmp_path / "saved" / f"step={step}.ckpt"
        again = ModelCheckpoint(tmp_path / f"again-{step}", "{step}", every_n_train_steps=1)
        make_trainer(tmp_path, again).fit(resumed, data, ckpt_path=path, weights_only=True)
        assert torch.equal(resumed.picture, whole.picture), step


def test_a_finish_is_written_in_a_config_and_on_the_command_line(run: Run) -> None:
    finish = ["--model.schedule.finish.steps=2", "--model.schedule.finish.drops=[content]"]
    folder = run("--model.schedule.steps=1", *finish)
    assert "drops:\n      - content" in (folder / "config.yaml").read_text()
    last = (folder / "losses.csv").read_text().splitlines()[-1]
    names = (folder / "losses.csv").read_text().splitlines()[0].split(",")
    assert float(dict(zip(names, last.split(","), strict=True))["content"]) == 0


@pytest.mark.parametrize(
    ("finish", "options", "message"),
    [
        (Finish(1, ("stokes",)), {}, r"finish.adds` names 'stokes', .* content, style, strokes"),
        (Finish(1, (), ("colour",)), {}, r"finish.drops` names 'colour', which is no loss"),
        (Finish(1, ("content", "style", "strokes")), {}, "leaves no loss before the last pass"),
        (Finish(1, (), ("content", "style", "strokes")), {}, "leaves no loss in the last pass"),
        (
            Finish(1, ("strokes",)),
            {"calibrate": {"strokes": 1.0, "content": 2.0}},
            "`model.calibrate` names the loss 'strokes', which comes in the last pass only",
        ),
    ],
)
def test_a_finish_that_makes_no_sense_is_refused(
    finish: Finish, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make(schedule=Schedule(1, finish=finish), **options)


def test_a_loss_that_is_switched_off_may_be_named() -> None:
    losses = {"content": ContentLoss(1.0, ["level1"]), "strokes": None}
    make(losses=losses, schedule=Schedule(1, finish=Finish(1, ("strokes",))))
