"""A module that is fitted again: a run from the start, or one line, and no picture is lost."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from torch.optim import SparseAdam

from stylelightning import StyleTransfer, StyleTransferData
from stylelightning.callbacks import LastCheckpoint, LossLog
from stylelightning.callbacks.result import ResultWriter
from tests.runs import OPTIMIZERS, make_module, make_trainer


def checkpointed(folder: Path, **values: Any) -> Trainer:
    return make_trainer(folder, LastCheckpoint(2), **values)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_new_trainer_makes_the_picture_again_from_the_start(
    tmp_path: Path, data: StyleTransferData, optimizer: str
) -> None:
    module = make_module(optimizer=OPTIMIZERS[optimizer], averaging=0.9)
    make_trainer(tmp_path).fit(module, data)
    first = module.picture.clone()
    again = make_trainer(tmp_path)
    again.fit(module, data)
    assert again.global_step == 6
    assert torch.equal(module.picture, first)


@pytest.mark.parametrize("steps", [-1, 4, 2])
def test_the_same_trainer_is_refused_and_nothing_is_lost(
    tmp_path: Path, data: StyleTransferData, steps: int
) -> None:
    module, out = make_module(), tmp_path / "out.png"
    callbacks = LastCheckpoint(2), LossLog(1), ResultWriter([str(out)])
    trainer = make_trainer(tmp_path, *callbacks, max_steps=steps)
    trainer.fit(module, data)
    first = module.picture.clone()
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for again in (module, make_module()):
        with pytest.raises(ValueError, match=r"has made \d steps already: make another Trainer"):
            trainer.fit(again, data)
    assert torch.equal(module.picture, first)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


def test_the_same_trainer_goes_on_from_a_checkpoint(
    tmp_path: Path, data: StyleTransferData
) -> None:
    module, trainer = make_module(), checkpointed(tmp_path)
    trainer.fit(module, data)
    whole, last = module.picture.clone(), tmp_path / "checkpoints" / "last.ckpt"
    trainer.fit(module, data, ckpt_path=last, weights_only=True)  # no step is left
    assert torch.equal(module.picture, whole)
    stopped = checkpointed(tmp_path / "stopped", max_steps=4)
    stopped.fit(module, data)
    stopped.fit_loop.epoch_loop.max_steps = -1
    last = tmp_path / "stopped" / "checkpoints" / "last.ckpt"
    stopped.fit(module, data, ckpt_path=last, weights_only=True)
    assert stopped.global_step == 6
    assert torch.equal(module.picture, whole)


def refused_optimizer(module: StyleTransfer) -> None:
    module.optimizer = lambda parameters: SparseAdam(list(parameters))


def broken_start(module: StyleTransfer) -> None:
    module.init = "missing.png"


@pytest.mark.parametrize("change", [refused_optimizer, broken_start])
def test_a_run_that_cannot_start_leaves_the_picture_of_the_one_before(
    tmp_path: Path, data: StyleTransferData, change: Any
) -> None:
    module = make_module()
    make_trainer(tmp_path).fit(module, data)
    first = module.picture.clone()
    change(module)
    trainer = make_trainer(tmp_path)
    with pytest.raises((ValueError, FileNotFoundError)):
        trainer.fit(module, data)
    assert torch.equal(module.picture, first)
