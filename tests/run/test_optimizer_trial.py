"""Optimizers that can't work are found before a run."""

from typing import Any

import pytest
import torch
from torch.optim import LBFGS, SGD, Adam, Optimizer, Rprop

from stylelightning import optimizers
from stylelightning.cli.catalogue import components
from stylelightning.optimizers import HostLBFGS
from stylelightning.run import optimizer_trial
from stylelightning.run.optimizer_trial import try_optimizer

CPU = torch.device("cpu")


def picture() -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.full((1, 3, 4, 5), 0.5))


def named(name: str) -> Any:
    return getattr(optimizers if name in optimizers.__all__ else torch.optim, name)


@pytest.mark.parametrize("name", components("optimizers"))
@pytest.mark.parametrize("options", [{}, {"lr": 1e-6}, {"lr": 1e4}], ids=str)
def test_every_optimizer_passes_and_nothing_changes(name: str, options: dict[str, Any]) -> None:
    parameter = picture()
    optimizer: Optimizer = named(name)([parameter], **options)
    before, states = torch.get_rng_state(), len(optimizer.state)  # Adagrad has one at once
    try_optimizer(optimizer, CPU)
    assert parameter.equal(picture())
    assert parameter.grad is None
    assert len(optimizer.state) == states
    assert before.equal(torch.get_rng_state())


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        (Adam, {"lr": float("inf")}, "`model.optimizer.lr` must be a finite number, got inf"),
        (Adam, {"lr": 0.0}, "`model.optimizer.lr` must be above 0, got 0"),
        (Adam, {"lr": torch.tensor(0.0)}, "`model.optimizer.lr` must be above 0, got 0"),
        (Rprop, {"lr": 0.0}, "must be above 0"),
        (LBFGS, {"lr": 0.0}, "must be above 0"),
        (Adam, {"eps": float("inf")}, "`model.optimizer.eps` must be a finite number"),
        (SGD, {"momentum": float("nan")}, "`model.optimizer.momentum` must be a finite number"),
        (LBFGS, {"history_size": 0}, "`model.optimizer.history_size` must be at least 1, got 0"),
        (HostLBFGS, {"history_size": -1}, "`model.optimizer.history_size` must be at least 1"),
        (Adam, {"capturable": True}, "Adam can't optimise a picture: If capturable=True"),
        (Adam, {"differentiable": True}, "Adam can't optimise a picture: a leaf Variable"),
    ],
)
def test_what_cannot_work_is_refused(
    kind: type[Optimizer], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        try_optimizer(kind([picture()], **options), CPU)


@pytest.mark.parametrize("name", components("optimizers"))
def test_of_a_large_picture_a_corner_is_tried(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimizer_trial, "SIDE", 3)
    tried: list[torch.Size] = []
    bowl = optimizer_trial._bowl

    def looked_at(parameters: list[torch.nn.Parameter]) -> torch.Tensor:
        tried.extend(each.shape for each in parameters)
        return bowl(parameters)

    monkeypatch.setattr(optimizer_trial, "_bowl", looked_at)
    optimizer: Optimizer = named(name)([picture()])
    try_optimizer(optimizer, CPU)
    assert set(tried) == {(1, 3, 3, 3)}


class Without(SGD):
    def step(self) -> None:  # type: ignore[override]
        """Take no closure, which Lightning hands to every optimizer."""


class Idle(SGD):
    def step(self, closure: Any = None) -> Any:
        return closure()


@pytest.mark.parametrize(
    ("kind", "words"),
    [(Without, "unexpected keyword argument"), (Idle, "changes nothing")],
)
def test_an_optimizer_of_ones_own_is_tried_too(kind: type[Optimizer], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        try_optimizer(kind([picture()], lr=0.1), CPU)  # type: ignore[call-arg]


def refuse(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
    raise ValueError("the hook was called")


class Hooked(SGD):
    def __init__(self, params: Any) -> None:
        super().__init__(params, lr=0.1)
        self.register_step_post_hook(refuse)


def test_a_hook_of_the_class_is_tried_too() -> None:
    with pytest.raises(ValueError, match="Hooked can't optimise a picture: the hook was called"):
        try_optimizer(Hooked([picture()]), CPU)


def test_a_hook_that_holds_on_to_the_picture_is_not_called() -> None:
    called: list[object] = []
    optimizer = SGD([picture()], lr=0.1)
    optimizer.register_step_post_hook(lambda *_: called.append(1))
    optimizer.register_step_pre_hook(called.append)  # type: ignore[arg-type]
    try_optimizer(optimizer, CPU)
    assert called == []
