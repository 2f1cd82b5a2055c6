"""A loss of one's own that misbehaves is refused before the run, in one line."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from stylelightning import StyleTransferData
from stylelightning.backbones import Features
from stylelightning.backbones.windows import Maps
from stylelightning.losses import ContentLoss, Loss, References, StatisticalLoss
from stylelightning.losses.blame import LossError, checked_term
from stylelightning.losses.sums import Count
from tests.conftest import Run
from tests.runs import fit, make_module

Capture = pytest.CaptureFixture[str]


class Own(Loss):
    """A loss whose value the tests choose."""

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__(weight, ["level1"])

    def prepare(self, references: References) -> None:
        """Do nothing."""

    def forward(self, features: Features) -> Tensor:
        value: Tensor = self.value(features)
        return value

    def value(self, features: Features) -> Any:
        return features["level1"].mean()


class Undeclared(Own):
    def value(self, features: Features) -> Any:
        return features["level2"].mean()


class Map(Own):
    def value(self, features: Features) -> Any:
        return features["level1"]


class Vector(Own):
    def value(self, features: Features) -> Any:
        return features["level1"].mean().reshape(1)


class Nothing(Own):
    def value(self, features: Features) -> Any:
        features["level1"].mean()


class Number(Own):
    def value(self, features: Features) -> Any:
        return features["level1"].mean().detach().item()


class NotANumber(Own):
    def value(self, features: Features) -> Any:
        return features["level1"].mean() * math.nan


class Whole(Own):
    def value(self, features: Features) -> Any:
        return (features["level1"] > 0).sum()


class Detached(Own):
    def value(self, features: Features) -> Any:
        return features["level1"].mean().detach()


class Elsewhere(Own):
    def value(self, features: Features) -> Any:
        return torch.zeros((), device="meta")


class Raising(Own):
    def value(self, features: Features) -> Any:
        return features["level1"] @ torch.zeros(7, 7)


class RaisingFirst(Own):
    def prepare(self, references: References) -> None:
        raise IndexError("out\nof range")


class RaisingOnceAStep(Own):
    def advance(self, features: Maps, step: int) -> None:
        raise OverflowError("too large")


class Alone(Own):
    def __init__(self) -> None:
        nn.Module.__init__(self)


class Statistical(StatisticalLoss):
    """Compares maps, not sums."""

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__(weight, ["level1"])

    def prepare(self, references: References) -> None:
        """Do nothing."""

    def statistics(self, features: Features) -> Features:
        return {"level1": features["level1"]}

    def compare(self, statistics: Features, count: dict[str, Count]) -> Tensor:
        return statistics["level1"].square()


WRONG = {
    Undeclared: r"'term', Undeclared, fails in `forward` at line \d+ of test_blame.py: it reads "
    r"the layer 'level2', which is not among its `layers`, level1: .*layers \[level1, level2\]",
    Map: r"Map, must return a scalar tensor.*got a tensor of shape \(1, .*take its .mean\(\)",
    Vector: r"got a tensor of shape \(1,\): take its",
    Nothing: "got None: return a tensor",
    Number: r"got a float: return a tensor.*without float\(\)",
    NotANumber: "'term', NotANumber, must be a number, got nan at the picture",
    Whole: r"got one of torch.int64: compute it in the features' own type",
    Detached: r"'term' must depend on the picture, got a value without a gradient",
    Elsewhere: r"got one on meta: move its tensors",
    Raising: r"'term', Raising, fails in `forward` at line \d+ of test_blame.py: Runtime.*null",
    RaisingFirst: r"fails in `prepare` at line \d+ of test_blame.py: IndexError: out of range",
    RaisingOnceAStep: r"fails in `advance` at line \d+ .*OverflowError: too large",
    Alone: r"'term' must be set up by its base class: call super\(\).__init__\(weight, layers\)",
    Statistical: r"Statistical, must return a scalar tensor.*shape \(1, ",
}


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.__name__)
def test_the_term_the_rule_and_the_way_out_are_said(
    tmp_path: Path, data: StyleTransferData, kind: Any
) -> None:
    with pytest.raises(LossError, match=WRONG[kind]) as caught:
        fit(tmp_path, data, losses={"term": kind()})
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("checkpoints"))


@pytest.mark.parametrize("kind", [Undeclared, Map, Raising, Alone], ids=lambda kind: kind.__name__)
def test_a_command_line_with_one_is_refused_without_a_folder(
    run: Run, capsys: Capture, kind: Any
) -> None:
    folder = run(f"--model.losses.term=tests.losses.test_blame.{kind.__name__}", code=2)
    error = capsys.readouterr().err
    assert error.startswith("error: The loss 'term'")
    assert error.count("\n") == 1
    assert not folder.exists()


def test_what_is_no_loss_is_refused() -> None:
    with pytest.raises(LossError, match=r"'mse' must be derived from .*Loss, got MSELoss"):
        make_module(losses={"mse": nn.MSELoss()})


class Late(Own):
    """Fails at its third step."""

    def advance(self, features: Maps, step: int) -> None:
        if step == 2:
            raise RuntimeError("late")


def test_one_that_fails_in_the_middle_is_one_line_and_leaves_the_picture(
    run: Run, capsys: Capture
) -> None:
    folder = run("--model.losses.term=tests.losses.test_blame.Late", code=1)
    assert "error: The loss 'term', Late, fails in `advance`" in capsys.readouterr().err
    assert (folder / "result.png").is_file()


class NeedsRoom(Own):
    """Reads windows that small pictures don't have, and keeps count of its calls."""

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__(weight)
        self.prepared = 0

    def prepare(self, references: References) -> None:
        self.prepared += 1

    def value(self, features: Features) -> Any:
        return nn.functional.avg_pool2d(features["level1"], 70).mean()


def test_a_loss_that_needs_room_is_not_refused_for_being_tried_small(
    tmp_path: Path, content: Path, style: Path
) -> None:
    data, loss = StyleTransferData(str(content), str(style), size=160), NeedsRoom()
    fit(tmp_path, data, losses={"term": loss}, schedule=make_module().schedule.__class__(steps=1))
    assert loss.prepared == 1  # copies were tried


def test_the_right_value_is_let_through() -> None:
    value = torch.ones((), dtype=torch.float64)
    assert checked_term("term", ContentLoss(1.0, ["level1"]), value, value.device) is value
