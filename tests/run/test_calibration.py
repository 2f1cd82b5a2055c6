"""Weights that follow from a ratio of gradients."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from stylelightning import Schedule, StyleTransfer, StyleTransferData
from stylelightning.__main__ import main
from stylelightning.backbones import VGG16, Backbone, RandomMultiscale
from stylelightning.backbones.windows import Maps
from stylelightning.losses import (
    ContentLoss,
    GramLoss,
    Loss,
    PatchLoss,
    RangeLoss,
    SlicedWassersteinLoss,
    TotalVariationLoss,
)
from stylelightning.run.calibration import CalibrationError, calibrated_weights
from stylelightning.run.term_gradients import with_noise
from tests.boards import events
from tests.conftest import TINY, Run
from tests.runs import OPTIMIZERS, fit, make_module, make_trainer

RATIOS: dict[str, float | None] = {"style": 10, "content": 1}


class FirstGradients(Callback):
    """Takes the norms at the first picture the plain way, one backward pass a term."""

    def __init__(self, noise: bool = False) -> None:
        self.noise = noise
        self.norms: dict[str, float] = {}

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int
    ) -> None:
        for name in pl_module.objective.losses if not self.norms else ():
            image = pl_module.canvas.decode().detach().clone()
            image = (with_noise(image) if self.noise else image).requires_grad_()
            with torch.enable_grad():
                pl_module.objective.terms(pl_module(image)).weighted[name].backward()
            assert image.grad is not None
            self.norms[name] = float(image.grad.double().norm())


def losses(layers: tuple[str, str]) -> dict[str, Loss | None]:
    return {
        "content": ContentLoss(100.0, [layers[0]]),
        "style": GramLoss(1000.0, list(layers), "hw"),
        "tv": TotalVariationLoss(3.0),
    }


def test_weights_follow_from_norms_and_ratios() -> None:
    # by hand: 3 * 4 / 10 is the unit, so b has 1.2 * 1 / 2 and c 1.2 * 5 / 0.5
    weights = calibrated_weights(
        {"a": 4.0, "b": 2.0, "c": 0.5}, {"a": 10, "b": 1, "c": 5}, "a", 3.0
    )
    assert weights == pytest.approx({"a": 3.0, "b": 0.6, "c": 12.0})


@pytest.mark.parametrize("size", [16, 32])
@pytest.mark.parametrize(
    ("backbone", "layers"),
    [
        (RandomMultiscale(2, 2, [3]), ("level1", "level2")),
        (VGG16(weights=None), ("relu1_1", "relu2_1")),
    ],
)
def test_the_gradients_stand_in_the_ratio_for_any_network_and_size(
    tmp_path: Path, content: Path, style: Path, backbone: Backbone,
    layers: tuple[str, str], size: int,
) -> None:  # fmt: skip
    data = StyleTransferData(str(content), str(style), size=size)
    first = FirstGradients()
    module = fit(
        tmp_path, data, first, backbone=backbone, losses=losses(layers), calibrate=RATIOS,
        schedule=Schedule(steps=1),
    )  # fmt: skip
    assert first.norms["style"] / first.norms["content"] == pytest.approx(10, rel=1e-4)
    weights = module.objective.weights
    assert (weights["style"], weights["tv"]) == (1000.0, 3.0)


# The weights are measured with a weight of 1, and a gradient is rounded anew once it is multiplied
# by its own. bfloat16 has a mantissa of 8 bits, so that a value is off by 2^-9 of itself at most
# and a ratio of two norms by 2^-8; how much of it is left depends on the order of the processor's
# sums. A weight that is a power of two changes nothing.
@pytest.mark.parametrize(("precision", "tolerance"), [("bf16-mixed", 2**-8), ("64-true", 1e-12)])
def test_the_gradients_stand_in_the_ratio_in_any_precision(
    tmp_path: Path, data: StyleTransferData, precision: Any, tolerance: float
) -> None:
    seen: dict[str, float] = {}

    class Gradients(Callback):
        def on_train_batch_start(self, trainer: Trainer, pl_module: Any, *_: Any) -> None:
            evaluation = pl_module.evaluate(pl_module.canvas.decode(), pl_module.objective)
            names = evaluation.values
            seen.update({name: float(evaluation.gradient(name).norm()) for name in names})

    module = make_module(calibrate=RATIOS, schedule=Schedule(steps=1))
    make_trainer(tmp_path, Gradients(), precision=precision).fit(module, data)
    assert seen["style"] / seen["content"] == pytest.approx(10, rel=tolerance)


def test_a_term_at_its_minimum_is_measured_near_it(tmp_path: Path, data: StyleTransferData) -> None:
    near = FirstGradients(noise=True)
    fit(tmp_path, data, near, init="content", calibrate=RATIOS, schedule=Schedule(steps=1))
    assert near.norms["style"] / near.norms["content"] == pytest.approx(10, rel=1e-4)


def test_calibrating_changes_nothing_but_the_weights(
    tmp_path: Path, data: StyleTransferData
) -> None:
    def terms() -> dict[str, Loss | None]:
        return {
            "content": ContentLoss(100.0, ["level1"]),
            "style": SlicedWassersteinLoss(10.0, ["image"], renew_every_n_steps=2),
            "strokes": PatchLoss(10.0, size=3, renew_every_n_steps=2),
        }

    ratios = {"style": 2.0, "content": 1.0, "strokes": 1.0}
    torch.manual_seed(0)
    calibrated = fit(tmp_path, data, losses=terms(), calibrate=ratios)
    by_hand = terms()
    for name, weight in calibrated.objective.weights.items():
        vars(by_hand[name])["weight"] = weight
    torch.manual_seed(0)
    plain = fit(tmp_path, data, losses=by_hand)
    assert torch.equal(calibrated.canvas.decode(), plain.canvas.decode())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_resuming_is_exact(tmp_path: Path, data: StyleTransferData, name: str) -> None:
    def make() -> StyleTransfer:
        torch.manual_seed(0)
        return make_module(optimizer=OPTIMIZERS[name], calibrate=RATIOS)

    every = ModelCheckpoint(tmp_path / "saved", "{step}", every_n_train_steps=1, save_top_k=-1)
    whole = make()
    make_trainer(tmp_path, every).fit(whole, data)
    for step in range(1, 7):  # two scales of three steps
        resumed = make()
        again = ModelCheckpoint(tmp_path / f"again-{step}", "{step}", every_n_train_steps=1)
        make_trainer(tmp_path, again).fit(
            resumed, data, ckpt_path=tmp_path / "saved" / f"step={step}.ckpt", weights_only=True
        )
        assert torch.equal(resumed.canvas.decode(), whole.canvas.decode()), step
        assert resumed.calibration is not None
        assert whole.calibration is not None
        assert resumed.calibration.weights == whole.calibration.weights


def weights(error: str) -> list[str]:
    return [line for line in error.splitlines() if line.startswith("weights")]


ASKED = ["--model.calibrate.style=10", "--model.calibrate.content=1"]


def test_the_weights_are_said_and_logged(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    folder = run(*ASKED)
    (line,) = weights(capsys.readouterr().out)
    board = events(folder)
    logged = {n: board.Scalars(f"weight/{n}")[0].value for n in ("style", "content")}
    assert logged["style"] == 1000
    assert line == f"weights  style 1000  content {logged['content']:.4g}"
    assert "tv" not in line


def test_a_plan_measures_no_weights(
    content: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [f"--data.content={content}", f"--data.style={style}"]
    assert main(["plan", "--config", str(TINY), *pictures, *ASKED]) == 0
    assert weights(capsys.readouterr().out) == []


@pytest.mark.parametrize("other", ["--model.calibrate.style=20", "--model.losses.style.weight=500"])
def test_other_wishes_at_a_resume_are_measured_anew(
    run: Run, capsys: pytest.CaptureFixture[str], other: str
) -> None:
    run("--trainer.max_steps=2", *ASKED)
    run("--ckpt_path=last", *ASKED)
    run("--ckpt_path=last", *ASKED, other)
    first, same, anew = weights(capsys.readouterr().out)
    assert (first == same, first == anew) == (True, False)


def test_losses_advance_once_a_step(tmp_path: Path, data: StyleTransferData) -> None:
    class Watched(TotalVariationLoss):
        def __init__(self) -> None:
            super().__init__()
            self.steps: list[int] = []  # a copy, which is tried before the run, has its own

        def advance(self, features: Maps, step: int) -> None:
            self.steps.append(step)

    watched = Watched()
    terms = {**losses(("level1", "level2")), "tv": watched}
    fit(tmp_path, data, losses=terms, calibrate=RATIOS, schedule=Schedule(steps=3))
    assert watched.steps == [0, 1, 2]


def test_a_run_that_is_fitted_again_is_calibrated_again(
    tmp_path: Path, data: StyleTransferData
) -> None:
    module = make_module(calibrate=RATIOS)
    make_trainer(tmp_path).fit(module, data)
    first = dict(module.objective.weights)
    make_trainer(tmp_path).fit(module, data)
    assert module.objective.weights == pytest.approx(first)


@pytest.mark.parametrize(
    ("ratios", "message"),
    [
        ({"style": 1, "stile": 1}, "names 'stile', which is no loss of the run. There are content"),
        ({"style": 1, "off": 1}, "names the loss 'off', which is switched off"),
        ({"style": 1, "content": 0}, "`model.calibrate.content` must be a number above 0, got 0"),
        ({"style": 1, "content": -3}, "must be a number above 0, got -3"),
        ({"style": 1, "content": float("nan")}, "must be a number above 0, got nan"),
        ({"style": 1, "content": None}, "at least two losses.*got style alone"),
        ({"style": 1, "silent": 2}, "keeps the weight of 'silent', which is 0: give it one"),
    ],
)
def test_bad_ratios_are_refused(ratios: dict[str, float | None], message: str) -> None:
    terms = {**losses(("level1", "level2")), "off": None, "silent": RangeLoss(0.0)}
    with pytest.raises(ValueError, match=message):
        make_module(losses=terms, calibrate=ratios)


def test_a_term_without_a_gradient_ends_the_run_in_one_line(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run(
        "--model.losses.range=RangeLoss", "--model.calibrate={style: 1, range: 1}", code=1
    )  # fmt: skip
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "the gradient of 'range' has the norm 0 at the start. Leave it out with" in error


def test_a_calibration_that_can_not_be_met_is_an_error(
    tmp_path: Path, data: StyleTransferData
) -> None:
    terms = {**losses(("level1", "level2")), "range": RangeLoss(1.0)}
    with pytest.raises(CalibrationError, match="'range' has the norm 0 at the start"):
        fit(tmp_path, data, losses=terms, calibrate={"style": 1, "range": 1})


def test_null_calibrates_nothing() -> None:
    assert make_module(calibrate={"style": None}).calibration is None
    assert make_module().calibration is None
