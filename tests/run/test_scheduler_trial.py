"""A learning-rate scheduler that can't last the run is found before it."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.optim import Optimizer
from torch.optim import lr_scheduler as rates
from torch.optim.lr_scheduler import LRScheduler

from stylelightning import StyleTransferData
from stylelightning.run.scheduler_trial import try_scheduler
from stylelightning.schedule import Plan, Scale
from tests.conftest import Run
from tests.runs import fit

Make = Callable[[Optimizer], LRScheduler]

REFUSED: dict[str, tuple[Make, str]] = {
    "step-0": (lambda o: rates.StepLR(o, 0), r"StepLR must last the 4 steps.*step 1.*step_size 0"),
    "cosine-0": (lambda o: rates.CosineAnnealingLR(o, 0), "at step 1 it fails.*T_max 0"),
    "one-cycle-short": (lambda o: rates.OneCycleLR(o, 0.1, 3), "OneCycleLR.*at step 4.*is 3"),
    "one-cycle-0": (lambda o: rates.OneCycleLR(o, 0.1, 0), "can't be made.*total_steps"),
    "cyclic-0": (lambda o: rates.CyclicLR(o, 0.1, 0.2, 0), "can't be made.*division by zero"),
    "restarts-0": (lambda o: rates.CosineAnnealingWarmRestarts(o, 0), "can't be made.*T_0"),
    "plateau": (lambda o: rates.ReduceLROnPlateau(o, factor=1.5), "can't be made.*Factor"),
    "exponential-nan": (lambda o: rates.ExponentialLR(o, math.nan), "lr would be nan.*gamma nan"),
    "exponential-negative": (lambda o: rates.ExponentialLR(o, -1.0), r"step 1 lr would be -0.02"),
    "exponential-huge": (lambda o: rates.ExponentialLR(o, 1e200), "step 2 lr would be inf"),
    "lambda": (lambda o: rates.LambdaLR(o, lambda n: 1 / (n - 2)), "LambdaLR.*step 1 lr would be"),
    "lambda-raises": (lambda o: rates.LambdaLR(o, lambda n: [1, 1][n]), "step 2.*IndexError"),
    "lambda-none": (lambda o: rates.LambdaLR(o, lambda n: None), "can't be made"),  # type: ignore[arg-type, return-value]
    "multiplied": (lambda o: rates.MultiplicativeLR(o, lambda n: math.nan), "lr would be nan"),
    "chain-empty": (lambda o: rates.ChainedScheduler([]), "can't be made.*at least one"),
    "chain": (lambda o: rates.ChainedScheduler([rates.StepLR(o, 0)]), "ChainedScheduler.*step 1"),
    "sequence": (
        lambda o: rates.SequentialLR(
            o, [rates.ConstantLR(o), rates.OneCycleLR(o, 0.1, 1)], milestones=[2]
        ),
        "SequentialLR.*at step 4",
    ),
    "sequence-lengths": (
        lambda o: rates.SequentialLR(o, [rates.ConstantLR(o)], milestones=[1, 2]),
        "can't be made.*milestone",
    ),
    "none": (lambda o: None, "must make a .*LRScheduler.*got NoneType"),  # type: ignore[dict-item, return-value]
}

LASTING: dict[str, Make] = {
    "step": lambda o: rates.StepLR(o, 1),
    "cosine": lambda o: rates.CosineAnnealingLR(o, 4),
    "one-cycle": lambda o: rates.OneCycleLR(o, 0.1, 4),
    "cyclic": lambda o: rates.CyclicLR(o, 0.01, 0.1, 1),
    "plateau": lambda o: rates.ReduceLROnPlateau(o, patience=0),
    "sequence": lambda o: rates.SequentialLR(
        o, [rates.ConstantLR(o), rates.ExponentialLR(o, 0.5)], milestones=[2]
    ),
    "chain": lambda o: rates.ChainedScheduler([rates.ExponentialLR(o, 0.5)]),
    "polynomial": lambda o: rates.PolynomialLR(o, 2),
}

PLAN = Plan((Scale(16, 2), Scale(32, 4)))


def adam() -> Optimizer:
    return torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=0.02)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_last_is_refused_in_one_line(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises(ValueError, match=message) as caught:
        try_scheduler(adam(), make, PLAN, -1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_let_through(name: str) -> None:
    try_scheduler(adam(), LASTING[name], PLAN, -1)


def test_only_the_steps_that_are_made_count() -> None:
    make = REFUSED["one-cycle-short"][0]
    try_scheduler(adam(), make, PLAN, 5)  # 2 at the first scale and 3 at the last


def test_a_run_is_refused_before_its_first_step(tmp_path: Path, data: StyleTransferData) -> None:
    scheduler: Any = REFUSED["step-0"][0]
    with pytest.raises(ValueError, match=r"StepLR must last the 3 steps"):
        fit(tmp_path, data, lr_scheduler=scheduler)


@pytest.mark.parametrize(
    "options",
    [
        ["StepLR", "step_size=0"],
        ["CosineAnnealingLR", "T_max=0"],
        ["OneCycleLR", "max_lr=0.1", "total_steps=2"],
        ["torch.optim.lr_scheduler.ReduceLROnPlateau", "factor=2"],
    ],
    ids=lambda options: options[0],
)
def test_a_command_line_is_refused_with_one_line_and_no_folder(
    run: Run, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    kind, *values = options
    given = [f"--model.lr_scheduler.{value}" for value in values]
    folder = run(f"--model.lr_scheduler={kind}", *given, code=2)
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: `model.lr_scheduler`")
    assert len(error.splitlines()) == 1
    assert not folder.exists()
