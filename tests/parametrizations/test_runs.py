"""Runs whose parameters are not pixels: everything around the steps sees the picture."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.optim import LBFGS, SGD

from stylelightning import Schedule, StyleTransfer, StyleTransferData
from stylelightning.callbacks import StopOnDivergence
from stylelightning.execution.step_graph import StepGraph
from stylelightning.images import read_picture
from stylelightning.module import DivergenceError
from stylelightning.parametrizations import (
    DecorrelatedParametrization,
    FourierParametrization,
    LaplacianParametrization,
    Parametrization,
    PixelParametrization,
    SigmoidParametrization,
)
from stylelightning.run import lbfgs
from tests.conftest import Run
from tests.execution.test_step_graph import Recorder
from tests.runs import OPTIMIZERS, fit, make_module, make_trainer

CANVASES: dict[str, Callable[[], Parametrization]] = {
    "fourier": FourierParametrization,
    "laplacian": LaplacianParametrization,
    "colours": DecorrelatedParametrization,
    "sigmoid": SigmoidParametrization,
    "lucid": lambda: SigmoidParametrization(DecorrelatedParametrization(FourierParametrization())),
}
FLAGS = {
    "fourier": ["--model.canvas=FourierParametrization"],
    "laplacian": ["--model.canvas=LaplacianParametrization", "--model.canvas.levels=3"],
    "lucid": [
        "--model.canvas=SigmoidParametrization",
        "--model.canvas.of=DecorrelatedParametrization",
        "--model.canvas.of.of=FourierParametrization",
    ],
}
canvases = pytest.mark.parametrize("make", CANVASES.values(), ids=CANVASES)


def last(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    return loaded


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, "wolfe"])
@canvases
def test_a_run_lowers_the_total_with_any_optimizer(
    tmp_path: Path, data: StyleTransferData, make: Callable[[], Parametrization], optimizer: str
) -> None:
    totals: list[float] = []

    class Totals(Callback):
        def on_before_optimizer_step(
            self, trainer: Trainer, pl_module: LightningModule, *_: Any
        ) -> None:
            assert isinstance(pl_module, StyleTransfer)
            totals.append(float(pl_module.total))

    search: Any = partial(LBFGS, line_search_fn="strong_wolfe")
    module = fit(
        tmp_path,
        data,
        Totals(),
        canvas=make(),
        optimizer=OPTIMIZERS.get(optimizer, search),
        schedule=Schedule(8),
        averaging=0.5,
    )
    assert min(totals[4:]) < totals[0]
    assert module.picture.shape == (1, 3, 24, 32)
    assert 0 <= module.picture.min() < module.picture.max() <= 1


@pytest.mark.parametrize("options", [[], ["--trainer.precision=64-true"]], ids=["32", "64"])
@pytest.mark.parametrize("optimizer", ["Adam", "LBFGS"])
@pytest.mark.parametrize("name", FLAGS)
def test_a_run_goes_on_exactly(run: Run, name: str, optimizer: str, options: list[str]) -> None:
    args = [*FLAGS[name], f"--model.optimizer={optimizer}", "--model.averaging=0.9", *options]
    args += ["--model.optimizer.lr=0.1"]
    whole = run(*args)
    for steps in (2, 4):  # in the first scale and in the second
        run(*args, f"--trainer.max_steps={steps}")
        resumed = run(*args, "--ckpt_path=last")
        for key, value in last(whole)["state_dict"].items():
            assert torch.equal(value, last(resumed)["state_dict"][key])


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([], FLAGS["fourier"], "PixelParametrization"),
        (
            FLAGS["laplacian"],
            ["--model.canvas=LaplacianParametrization", "--model.canvas.levels=2"],
            "LaplacianParametrization(levels=3)",
        ),
        (
            FLAGS["fourier"],
            [*FLAGS["fourier"], "--model.canvas.exponent=0.5"],
            "FourierParametrization(exponent=1)",
        ),
        (
            FLAGS["lucid"],
            ["--model.canvas=SigmoidParametrization"],
            "SigmoidParametrization(of=DecorrelatedParametrization("
            "of=FourierParametrization(exponent=1)))",
        ),
    ],
    ids=["pixels", "levels", "exponent", "inside"],
)
def test_numbers_of_another_basis_are_not_taken_for_its_own(
    run: Run,
    capsys: pytest.CaptureFixture[str],
    before: list[str],
    after: list[str],
    said: str,
) -> None:
    first = run("--trainer.max_steps=2", *before)
    folder = run("--trainer.max_steps=2", "--ckpt_path=last", *after)
    assert f"starts cold: the checkpoint has {said}." in capsys.readouterr().err
    pictures = [read_picture(each / "result.png").pixels for each in (first, folder)]
    torch.testing.assert_close(pictures[1], pictures[0], rtol=0, atol=3.6 / 255)  # the margin


def test_a_module_comes_back_with_its_basis(run: Run) -> None:
    folder = run(*FLAGS["lucid"])
    module = StyleTransfer.load_from_checkpoint(folder / "checkpoints" / "last.ckpt")
    written = read_picture(folder / "result.png").pixels
    torch.testing.assert_close(module.picture, written, rtol=0, atol=0.5 / 255 + 1e-6)
    path = str(folder / "checkpoints" / "last.ckpt")
    with pytest.raises(ValueError, match=r"must be a SigmoidParametrization\(of=.*got Laplacian"):
        StyleTransfer.load_from_checkpoint(path, canvas=LaplacianParametrization())


@pytest.mark.parametrize(
    ("make", "carried"),
    [
        (PixelParametrization, True),
        (DecorrelatedParametrization, True),
        (SigmoidParametrization, True),
        (FourierParametrization, False),
        (LaplacianParametrization, False),
        (CANVASES["lucid"], False),
    ],
    ids=["pixels", "colours", "sigmoid", "fourier", "laplacian", "lucid"],
)
def test_moments_are_carried_where_they_belong_to_pixels_and_it_is_said_where_not(
    tmp_path: Path,
    data: StyleTransferData,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[], Parametrization],
    carried: bool,
) -> None:
    steps: list[set[float]] = []

    class Steps(Callback):
        def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
            steps.append({float(each["step"]) for each in trainer.optimizers[0].state.values()})

    with caplog.at_level("WARNING", logger="stylelightning.module"):
        fit(tmp_path, data, Steps(), carry_moments=True, canvas=make())
    again = [{4.0}, {5.0}, {6.0}] if carried else [{1.0}, {2.0}, {3.0}]
    assert steps == [{1.0}, {2.0}, {3.0}, *again]
    assert ("`model.carry_moments` has no effect" in caplog.text) is not carried


class Leap(LBFGS):
    """Every step is a thousand times too long."""

    @torch.no_grad()
    def step(self, closure: Any) -> Any:  # type: ignore[override]
        with torch.enable_grad():
            loss = closure()
        for each in self.param_groups[0]["params"]:
            each.add_(each.grad, alpha=-1e3 / float(each.grad.abs().max()))
            self.state[self.param_groups[0]["params"][0]]["t"] = 1.0
        return loss


@pytest.mark.parametrize("optimizer", [Leap, OPTIMIZERS["lbfgs"]], ids=["leaps", "lbfgs"])
@pytest.mark.parametrize("init", ["noise", "gray", "content"])
@canvases
def test_no_step_of_lbfgs_goes_further_than_a_tenth_of_the_pictures_range(
    tmp_path: Path,
    data: StyleTransferData,
    make: Callable[[], Parametrization],
    init: str,
    optimizer: Any,
) -> None:
    pictures: list[Tensor] = []

    class Pictures(Callback):
        def on_train_batch_start(self, trainer: Trainer, pl_module: Any, *_: Any) -> None:
            pictures.append(pl_module.canvas.decode().detach().clone())

    schedule = Schedule(6)
    options: Any = {"canvas": make(), "init": init, "optimizer": optimizer}
    fit(tmp_path, data, Pictures(), schedule=schedule, **options)
    lengths = [lbfgs.root_mean_square(b - a) for a, b in pairwise(pictures)]
    assert max(lengths) <= lbfgs.LONGEST_STEP * 1.01
    if optimizer is Leap:
        assert min(lengths) > 0.2 * lbfgs.LONGEST_STEP


def test_the_factor_of_a_step_under_a_sigmoid_is_that_of_the_step_made() -> None:
    x = nn.Parameter(torch.linspace(-0.5, 0.5, 60))
    optimizer = Leap([x], lr=1)
    lbfgs.prepare(optimizer, lambda: torch.sigmoid(4 * x))
    before = x.detach().clone()

    def closure() -> Tensor:
        x.grad = torch.linspace(1, 2, 60)
        return torch.zeros(())

    optimizer.step(closure)
    # by hand: the whole step is 500 to 1000
    whole = -1e3 * torch.linspace(1, 2, 60) / 2
    torch.testing.assert_close(
        x.detach() - before, whole * optimizer.state[x]["t"], rtol=1e-4, atol=1e-6
    )
    assert optimizer.state[x]["t"] < 1e-3


@canvases
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_recorded_step_is_that_of_a_plain_run(
    tmp_path: Path,
    data: StyleTransferData,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[], Parametrization],
    optimizer: str,
) -> None:
    recorder = Recorder()
    options: dict[str, Any] = {"optimizer": OPTIMIZERS[optimizer], "averaging": 0.9}
    monkeypatch.setattr("stylelightning.module.new_step_graph", lambda *_: StepGraph(recorder))
    replayed = fit(tmp_path, data, StopOnDivergence(), canvas=make(), **options)
    assert recorder.recordings == len(replayed.plan.scales)
    monkeypatch.setattr("stylelightning.module.new_step_graph", lambda *_: None)
    plain = fit(tmp_path, data, StopOnDivergence(), canvas=make(), **options)
    assert torch.equal(replayed.picture, plain.picture)


@canvases
def test_gradients_are_measured_at_the_picture(
    tmp_path: Path, data: StyleTransferData, make: Callable[[], Parametrization]
) -> None:
    def weights(canvas: Parametrization) -> dict[str, float]:
        torch.manual_seed(0)  # of the filters
        ratios: Any = {"style": 10, "content": 1}
        module = make_module(canvas=canvas, calibrate=ratios)
        make_trainer(tmp_path).fit(module, data)
        return dict(module.objective.weights)

    # an invariant: it is one picture in any basis, but for the sigmoid's margin
    assert weights(make()) == pytest.approx(weights(PixelParametrization()), rel=0.01)


@canvases
def test_a_lost_run_keeps_its_best_picture(
    tmp_path: Path, data: StyleTransferData, make: Callable[[], Parametrization]
) -> None:
    pictures: list[Tensor] = []

    class Breaks(Callback):
        def on_train_batch_start(self, trainer: Trainer, pl_module: Any, *_: Any) -> None:
            pictures.append(pl_module.canvas.decode().detach().clone())

        def on_before_optimizer_step(self, trainer: Trainer, pl_module: Any, *_: Any) -> None:
            if trainer.global_step == 2:
                for each in pl_module.canvas.parameters():
                    each.grad.fill_(float("inf"))

    module = make_module(
        canvas=make(), optimizer=partial(SGD, lr=1e-6), schedule=Schedule(6), init="gray"
    )
    trainer = make_trainer(tmp_path, Breaks(), StopOnDivergence(check_every_n_steps=1))
    with pytest.raises(DivergenceError, match="The picture after step 2 is kept"):
        trainer.fit(module, data)
    torch.testing.assert_close(module.canvas.decode().detach(), pictures[2].clamp(0, 1))
