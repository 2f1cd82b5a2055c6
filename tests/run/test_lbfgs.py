"""L-BFGS with one evaluation a step: no leap, and otherwise torch's own steps."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, nn
from torch.optim import LBFGS

from stylelightning import Schedule, StyleTransfer, StyleTransferData
from stylelightning.backbones import Pixels
from stylelightning.losses import Loss, References
from stylelightning.optimizers import HostLBFGS
from stylelightning.run import lbfgs
from tests.runs import make_module, make_trainer

Objective = Callable[[Tensor], Tensor]


def well(x: Tensor) -> Tensor:
    """Return a well at 0.5, 0.2 wide in root mean square: curved upwards inside, downwards out."""
    return 1e5 * (1 - torch.exp(-(x - 0.5).square().mean() / (2 * 0.2**2)))


def bowl(x: Tensor) -> Tensor:
    """Return a quadratic that is steeper in some directions than in others."""
    return 1e3 * ((x - 0.5).square() * torch.linspace(1, 20, x.numel())).mean()


def start(distance: float) -> nn.Parameter:
    """Return 600 values so far from 0.5 in root mean square, in no special direction."""
    away = torch.tensor([1.0, -2.0, 0.5, 3.0, -1.0, 1.5]).repeat(100)
    return nn.Parameter(0.5 + away * distance / away.square().mean().sqrt())


def step(optimizer: LBFGS, objective: Objective) -> float:
    """Make a step and return the value before it."""
    (x,) = optimizer.param_groups[0]["params"]

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = objective(x)
        (x.grad,) = torch.autograd.grad(value, x)
        return value.detach()

    return float(optimizer.step(closure))  # type: ignore[no-untyped-call]


def prepared(x: nn.Parameter, kind: type[LBFGS] = LBFGS, **options: Any) -> LBFGS:
    optimizer = kind([x], **options)
    lbfgs.prepare(optimizer, lambda: x)
    return optimizer


class Derived(LBFGS):
    """A class whose step calls torch's."""

    def step(self, closure: Any) -> Any:  # type: ignore[override]
        return super().step(closure)  # type: ignore[no-untyped-call]


def pairs(optimizer: LBFGS) -> int:
    """Return how many curvature pairs are known."""
    (state,) = optimizer.state.values()
    return len(state["old_dirs"])


# by hand: the well curves downwards beyond 0.2, upwards within, and next to nothing close to it
@pytest.mark.parametrize(("distance", "kept"), [(0.3, 0), (0.1999, 1)], ids=["dropped", "useless"])
@pytest.mark.parametrize("rate", [0.25, 1.0])
def test_a_wrong_first_pair_leaps_out_of_the_picture_but_for_the_limit(
    distance: float, kept: int, rate: float
) -> None:
    free, limited = start(distance), start(distance)
    optimizer = LBFGS([free], lr=rate, max_iter=1)
    for _ in range(2):
        step(optimizer, well)
    assert pairs(optimizer) == kept
    assert free.abs().max() > 20  # of a picture in [0, 1]
    optimizer = prepared(limited, lr=rate)
    values = [step(optimizer, well) for _ in range(30)]
    assert values[-1] < 1e-3 * values[0]
    assert max(values) == values[0]


@pytest.mark.parametrize("kind", [LBFGS, Derived, HostLBFGS])
def test_a_long_step_keeps_its_direction_and_the_state_is_that_of_the_step_made(
    kind: type[LBFGS],
) -> None:
    free, limited = start(0.3), start(0.3)
    long, short = LBFGS([free], max_iter=1), prepared(limited, kind)
    for optimizer in (long, short):
        step(optimizer, well)
    assert torch.equal(free, limited)
    before = limited.detach().clone()
    for optimizer in (long, short):
        step(optimizer, well)
    moved = limited.detach() - before
    # by hand: the root mean square
    assert float(moved.square().mean().sqrt()) == pytest.approx(lbfgs.LONGEST_STEP, rel=1e-5)
    torch.testing.assert_close(moved / moved.norm(), (free - before) / (free - before).norm())
    state = short.state[limited]
    torch.testing.assert_close(state["d"] * state["t"], moved)


@pytest.mark.parametrize("kind", [LBFGS, Derived, HostLBFGS])
def test_short_steps_are_torchs_own_bit_for_bit(kind: type[LBFGS]) -> None:
    steps = 12
    options: dict[str, Any] = {"tolerance_grad": 0.0, "tolerance_change": 0.0}
    whole, single = start(0.05), start(0.05)
    step(LBFGS([whole], max_iter=steps, **options), bowl)
    optimizer = prepared(single, kind, **options)
    values = [step(optimizer, bowl) for _ in range(steps)]
    assert torch.equal(single, whole)
    assert values[-1] < 1e-3 * values[0]
    assert pairs(optimizer) > 5


def test_a_line_search_is_torchs_own_bit_for_bit() -> None:
    def steep(x: Tensor) -> Tensor:
        return 1e3 * bowl(x)

    search: dict[str, Any] = {"line_search_fn": "strong_wolfe"}
    torchs, ours = start(2.0), start(2.0)
    optimizers = LBFGS([torchs], max_iter=1, max_eval=25, **search), prepared(ours, **search)
    longest = 0.0
    for _ in range(6):
        before = ours.detach().clone()
        for optimizer in optimizers:
            step(optimizer, steep)
        assert torch.equal(ours, torchs)
        longest = max(longest, float((ours.detach() - before).square().mean().sqrt()))
    assert longest > lbfgs.LONGEST_STEP


# by hand: torch takes 5 evaluations for every 4 iterations, so 1 for 1
@pytest.mark.parametrize(
    ("options", "evaluations"),
    [({}, 25), ({"max_iter": 1}, 25), ({"max_iter": 8}, 10), ({"max_eval": 7}, 7)],
    ids=["torch's", "one-iteration", "iterations", "given"],
)
def test_a_line_search_has_evaluations_to_search_with(
    options: dict[str, Any], evaluations: int
) -> None:
    x = start(0.3)
    optimizer = prepared(x, line_search_fn="strong_wolfe", **options)
    assert optimizer.param_groups[0]["max_iter"] == 1
    assert optimizer.param_groups[0]["max_eval"] == evaluations
    assert optimizer.defaults["max_eval"] == evaluations
    values = [step(optimizer, well) for _ in range(10)]
    assert values[-1] < 1e-3 * values[0]  # with no search it would stand where it is


def test_a_step_that_is_not_finite_is_left_to_show() -> None:
    x = start(0.3)
    step(prepared(x), lambda x: well(x) * 1e39)  # more than float32 holds
    assert not x.isfinite().all()


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_the_root_mean_square_neither_overflows_nor_vanishes(scale: float) -> None:
    # by hand: the root of (1 + 4 + 4 + 16) / 4 is 2.5
    values = torch.tensor([1.0, -2.0, 2.0, 4.0]) * scale
    assert lbfgs.root_mean_square(values) == pytest.approx(2.5 * scale)


class Well(Loss):
    """The well of this file as a loss of the pixels: white noise lies outside it."""

    def prepare(self, references: References) -> None:
        pass

    def forward(self, features: dict[str, Tensor]) -> Tensor:
        return well(features["image"])


def make() -> StyleTransfer:
    torch.manual_seed(0)
    return make_module(
        backbone=Pixels(),
        losses={"well": Well(1.0, ["image"])},
        optimizer=lambda p: LBFGS(p, lr=0.5, history_size=4),
        schedule=Schedule(steps=5),
    )


def test_a_run_resumes_exactly_where_its_steps_are_cut(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    shortened: list[float] = []
    measure = lbfgs.root_mean_square

    def watched(values: Tensor) -> float:
        shortened.append(measure(values))
        return shortened[-1]

    monkeypatch.setattr(lbfgs, "root_mean_square", watched)
    every = ModelCheckpoint(tmp_path / "saved", "{step}", every_n_train_steps=1, save_top_k=-1)
    whole = make()
    make_trainer(tmp_path, every).fit(whole, data)
    assert [lbfgs.LONGEST_STEP < each < math.inf for each in shortened[:3]] == [False, True, True]
    for number in range(1, 6):
        resumed = make()
        again = ModelCheckpoint(tmp_path / f"again-{number}", "{step}", every_n_train_steps=1)
        make_trainer(tmp_path, again).fit(
            resumed, data, ckpt_path=tmp_path / "saved" / f"step={number}.ckpt", weights_only=True
        )
        assert torch.equal(resumed.canvas.decode(), whole.canvas.decode()), number
