"""A module out of its checkpoint, and copies of it: with its picture."""

import copy
import inspect
import pickle
from functools import partial
from importlib import import_module
from inspect import isabstract, isclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.optim import SGD

from stylelightning import StyleTransfer, StyleTransferData
from stylelightning.callbacks import LastCheckpoint
from stylelightning.colours import LuminanceOnly
from stylelightning.images import read_picture
from stylelightning.parametrizations import PixelParametrization
from tests.conftest import Run
from tests.runs import make_module, make_trainer


class OtherPixels(PixelParametrization):
    """Another class, which is enough."""


OPTIONS: dict[str, list[str]] = {
    "plain": [],
    "averaged": ["--model.averaging=0.9"],
    "lbfgs": ["--model.optimizer=LBFGS"],
    "calibrated": ["--model.calibrate={style: 10, content: 1}"],
    "scheduled": ["--model.lr_scheduler=StepLR", "--model.lr_scheduler.step_size=2"],
    "recoloured": ["--data.colours=LuminanceOnly"],
    "texture": ["--data.content=null", "--model.losses.content=null"],
    "stopped": ["--trainer.max_steps=2"],
    "in 64 bits": ["--trainer.precision=64-true"],
    "own canvas": ["--model.canvas=tests.run.test_loading.OtherPixels"],
}


@pytest.mark.parametrize("name", OPTIONS)
def test_the_module_of_a_command_line_comes_back_with_its_picture(run: Run, name: str) -> None:
    folder = run(*OPTIONS[name])
    module = StyleTransfer.load_from_checkpoint(folder / "checkpoints" / "last.ckpt")
    written = read_picture(folder / "result.png").pixels
    assert isinstance(module.picture, torch.Tensor)
    torch.testing.assert_close(module.picture.float(), written, atol=0.5 / 255 + 1e-6, rtol=0)
    assert set(module.losses) >= {"style", "tv"}
    assert module.canvas.size == written.shape[2:]


def test_what_is_given_wins(run: Run) -> None:
    path = run() / "checkpoints" / "last.ckpt"
    assert StyleTransfer.load_from_checkpoint(str(path), init="gray").init == "gray"


def trained(folder: Path, data: StyleTransferData, **values: Any) -> StyleTransfer:
    module = make_module(**values)
    make_trainer(folder, LastCheckpoint(2)).fit(module, data)
    return module


def test_a_module_made_in_python_comes_back_with_its_arguments(
    tmp_path: Path, data: StyleTransferData
) -> None:
    module = trained(tmp_path, data, averaging=0.9)
    path, fresh = tmp_path / "checkpoints" / "last.ckpt", make_module()
    with pytest.raises(ValueError, match=r"in Python.*backbone=\.\.\. and losses=\.\.\. again"):
        StyleTransfer.load_from_checkpoint(path)
    losses = dict(fresh.objective.losses)
    with pytest.raises(ValueError, match=r"load_from_checkpoint backbone=\.\.\. again"):
        StyleTransfer.load_from_checkpoint(path, losses=losses)
    again = StyleTransfer.load_from_checkpoint(
        path, backbone=fresh.backbone, losses=losses, averaging=0.9
    )
    assert torch.equal(again.picture, module.picture)
    with pytest.raises(ValueError, match=r"must be a PixelParametrization, .*got OtherPixels"):
        StyleTransfer.load_from_checkpoint(
            path, backbone=fresh.backbone, losses=losses, canvas=OtherPixels()
        )


def test_a_loaded_module_can_be_fitted_again(
    run: Run, tmp_path: Path, data: StyleTransferData
) -> None:
    path = run() / "checkpoints" / "last.ckpt"
    module = StyleTransfer.load_from_checkpoint(path)
    trainer = make_trainer(tmp_path)
    trainer.fit(module, data)
    assert trainer.global_step == 6


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="There is no checkpoint"):
        StyleTransfer.load_from_checkpoint(tmp_path / "none.ckpt")
    (tmp_path / "torn.ckpt").write_bytes(b"PK")
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        StyleTransfer.load_from_checkpoint(tmp_path / "torn.ckpt")


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
@pytest.mark.parametrize("colours", [None, LuminanceOnly()])
def test_a_copy_has_the_picture(
    tmp_path: Path, content: Path, style: Path, copied: Any, colours: Any
) -> None:
    default = StyleTransfer(make_module().backbone, dict(make_module().objective.losses))
    assert copied(default).optimizer.keywords == {"lr": 0.02, "betas": (0.9, 0.99)}
    data = StyleTransferData(str(content), str(style), size=32, colours=colours)
    module = trained(tmp_path, data, optimizer=partial(SGD, lr=0.01))
    again = copied(module)
    assert torch.equal(again.picture, module.picture)
    trainer = make_trainer(tmp_path)
    trainer.fit(again, data)
    assert torch.equal(again.picture, module.picture)  # the same run


ROOMS = ("losses", "backbones", "callbacks", "colours", "initial", "metrics", "parametrizations")
ARGUMENTS: dict[str, dict[str, Any]] = {
    "ContentLoss": {"weight": 1.0, "layers": ["level1"]},
    "GramLoss": {"weight": 1.0, "layers": ["level1"]},
    "InitialFile": {"path": "start.png"},
    "TorchvisionModel": {"network": "squeezenet1_1", "weights": None},
    "VGG16": {"weights": None},
    "VGG19": {"weights": None},
}
"""What those need that can't be made without a word, or would read weights."""


def components() -> list[type[Any]]:
    """Return every class of a component that the package exports, if it can be made."""
    found = []
    for room in ROOMS:
        module = import_module(f"stylelightning.{room}")
        exported = [getattr(module, name) for name in module.__all__]
        for kind in exported:
            if isclass(kind) and not isabstract(kind) and not issubclass(kind, BaseException):
                options = inspect.signature(kind).parameters.values()
                needs = [each for each in options if each.default is each.empty and each.kind < 2]
                if kind.__name__ in ARGUMENTS or not needs:
                    found.append(kind)
    return found


@pytest.mark.parametrize("kind", components(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))], ids=["copy", "pickle"]
)
def test_every_component_can_be_copied(kind: Any, copied: Any) -> None:
    made = kind(**ARGUMENTS.get(kind.__name__, {}))
    again = copied(made)
    assert type(again) is kind
    if isinstance(made, torch.nn.Module):
        before, after = made.state_dict(), again.state_dict()
        assert before.keys() == after.keys()
        assert all(torch.equal(before[key], after[key]) for key in before)


def test_what_is_copied_is_nearly_all_that_is_exported() -> None:
    names = {each.__name__ for each in components()}
    assert {"ContentLoss", "RandomMultiscale", "SlimVGG", "VGG19", "Timelapse"} <= names
    assert len(components()) > 40
