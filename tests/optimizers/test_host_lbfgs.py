"""L-BFGS with its history on the host: torch's own steps, and little of it on the device."""

import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.fabric.utilities.optimizer import _optimizer_to_device
from torch import Tensor
from torch.nn import Parameter
from torch.optim import LBFGS

from stylelightning import StyleTransferData
from stylelightning.optimizers import HostLBFGS, host_history
from stylelightning.optimizers.host_history import HostHistory
from stylelightning.run.optimizer_trial import try_optimizer
from tests.runs import fit

CPU, META = torch.device("cpu"), torch.device("meta")
HISTORY = ("old_dirs", "old_stps")
MODES: dict[str, dict[str, Any]] = {
    "plain": {"max_iter": 1},
    "iterations": {"max_iter": 4},
    "search": {"max_iter": 2, "max_eval": 10, "line_search_fn": "strong_wolfe"},
}


def start(dtype: torch.dtype = torch.float32) -> list[Parameter]:
    """Return two parameters far from the minimum."""
    values = torch.linspace(-1, 1, 24, dtype=dtype).reshape(4, 6)
    return [Parameter(values.clone()), Parameter(values[0] - 0.5)]


def take_steps(optimizer: LBFGS, number: int) -> None:
    """Step down a valley that is no bowl, so that torch never finds that it is done."""
    one, other = optimizer.param_groups[0]["params"]

    def closure() -> Tensor:
        optimizer.zero_grad()
        steep = torch.arange(1, 7)
        total = ((one - 0.3).abs() ** 4 * steep).sum() + (one * other).abs().square().sum()
        total.backward()
        return torch.as_tensor(total.detach())

    for _ in range(number):
        optimizer.step(closure)  # type: ignore[no-untyped-call]


def stepped(kind: type[LBFGS], number: int = 6, **options: Any) -> LBFGS:
    optimizer = kind(start(), **{"lr": 0.5, "max_iter": 1, "history_size": 3, **options})
    take_steps(optimizer, number)
    return optimizer


def state_of(optimizer: LBFGS) -> dict[str, Any]:
    return dict(optimizer.state[optimizer.param_groups[0]["params"][0]])


def same_values(one: LBFGS, other: LBFGS) -> bool:
    pairs = zip(one.param_groups[0]["params"], other.param_groups[0]["params"], strict=True)
    return all(torch.equal(mine, its) for mine, its in pairs)


# torch's own steps


@pytest.mark.parametrize("dtype", [torch.float32, torch.complex64])
@pytest.mark.parametrize("mode", MODES)
def test_the_steps_are_torchs_bit_for_bit(mode: str, dtype: torch.dtype) -> None:
    options = {"lr": 0.5, "history_size": 3, **MODES[mode]}
    torchs, ours = LBFGS(start(dtype), **options), HostLBFGS(start(dtype), **options)
    for _ in range(8):  # more than it remembers
        take_steps(torchs, 1)
        take_steps(ours, 1)
        assert same_values(torchs, ours)
    assert len(state_of(ours)["old_dirs"]) == 3


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_a_run_makes_the_picture_of_torchs(
    tmp_path: Path, data: StyleTransferData, search: str | None
) -> None:
    one, other = (
        fit(tmp_path, data, optimizer=lambda p, kind=kind: kind(p, line_search_fn=search))
        for kind in (LBFGS, HostLBFGS)
    )
    assert torch.equal(one.picture, other.picture)


# where the history is


def test_a_vector_is_held_on_the_host_and_read_on_the_device() -> None:
    history = HostHistory(Parameter(torch.zeros(2, device=META)), [torch.tensor([1.0, 2.0])])
    assert history[0].device == META
    assert history[-1].device == META
    (held,) = history.on_host()
    assert held.tolist() == [1.0, 2.0]


def test_a_history_keeps_the_order_of_a_list() -> None:
    history = HostHistory(Parameter(torch.zeros(1)))
    for value in (1.0, 2.0, 3.0):
        history.append(torch.tensor([value]))
    history.pop(0)
    assert len(history) == 2
    assert [float(history[i]) for i in range(2)] == [2.0, 3.0]
    with pytest.raises(TypeError, match="not iterable"):
        list(history)  # type: ignore[call-overload]


def test_a_step_reads_one_vector_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    read, reads, most = HostHistory.__getitem__, 0, 0
    alive: weakref.WeakSet[Tensor] = weakref.WeakSet()

    def copied(self: HostHistory, index: int) -> Tensor:
        """Copy the vector, as a device does, and count the copies that there are."""
        nonlocal reads, most
        copy = read(self, index).clone()
        alive.add(copy)
        reads, most = reads + 1, max(most, len(alive))
        return copy

    monkeypatch.setattr(HostHistory, "__getitem__", copied)
    stepped(HostLBFGS, 6)
    # by hand: four for each of 1, 2, 3, 3 and 3 remembered steps
    assert reads == 4 * 12
    assert most == 1
    assert not alive


def test_memory_that_cannot_be_pinned_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = torch.empty

    def empty(*args: Any, pin_memory: bool = False, **options: Any) -> Tensor:
        if pin_memory:
            raise RuntimeError("CUDA error: out of memory")
        return plain(*args, **options)

    monkeypatch.setattr(torch, "empty", empty)
    found = host_history._empty(torch.zeros(3, 2), torch.float64)
    assert (found.shape, found.dtype, found.device) == ((3, 2), torch.float64, CPU)


# checkpoints


def test_a_state_is_plain_lists_of_host_tensors(tmp_path: Path) -> None:
    optimizer = stepped(HostLBFGS)
    torch.save(optimizer.state_dict(), tmp_path / "state.pt")
    (stored,) = torch.load(tmp_path / "state.pt", weights_only=True)["state"].values()
    (expected,) = stepped(LBFGS).state_dict()["state"].values()
    assert list(stored) == list(expected)
    for key in HISTORY:
        assert type(stored[key]) is list
        assert [each.tolist() for each in stored[key]] == [each.tolist() for each in expected[key]]
        assert isinstance(state_of(optimizer)[key], HostHistory)  # the optimizer's own stays


@pytest.mark.parametrize("before", [LBFGS, HostLBFGS])
@pytest.mark.parametrize("after", [LBFGS, HostLBFGS])
def test_a_loaded_state_goes_on_as_if_nothing_had_been(
    before: type[LBFGS], after: type[LBFGS]
) -> None:
    first = stepped(before, 5)
    resumed = stepped(after, 0)
    with torch.no_grad():
        pairs = zip(resumed.param_groups[0]["params"], first.param_groups[0]["params"], strict=True)
        for mine, its in pairs:
            mine.copy_(its)
    stored = first.state_dict()
    resumed.load_state_dict(stored)
    assert type(stored["state"][0]["old_dirs"]) is list  # as it was given
    take_steps(resumed, 4)
    assert same_values(resumed, stepped(before, 9))


@pytest.mark.parametrize(
    ("kind", "place"), [(LBFGS, META), (HostLBFGS, CPU)], ids=["torch's", "host's"]
)
def test_loading_never_brings_the_history_to_the_device(kind: type[LBFGS], place: Any) -> None:
    stored = stepped(kind).state_dict()
    resumed = kind([Parameter(each.detach().to(META)) for each in start()], history_size=3)
    resumed.load_state_dict(stored)
    _optimizer_to_device(resumed, META)  # what Lightning does then
    state = state_of(resumed)
    assert state["d"].device == META
    for key in HISTORY:
        held = state[key].on_host() if kind is HostLBFGS else state[key]
        assert [each.device for each in held] == [place] * 3


def test_a_history_is_loaded_in_the_type_of_the_parameter() -> None:
    wide = HostLBFGS(start(torch.float64), max_iter=1, history_size=3)
    wide.load_state_dict(stepped(HostLBFGS).state_dict())
    assert {each.dtype for each in state_of(wide)["old_dirs"].on_host()} == {torch.float64}
    take_steps(wide, 1)


# before a run


def test_the_trial_keeps_its_history_on_the_host_too(monkeypatch: pytest.MonkeyPatch) -> None:
    append, appended = HostHistory.append, []

    def counting(self: HostHistory, vector: Tensor) -> None:
        appended.append(vector)
        append(self, vector)

    monkeypatch.setattr(HostHistory, "append", counting)
    optimizer = stepped(HostLBFGS, 0)
    try_optimizer(optimizer, CPU)
    assert len(appended) == 2 * 2  # by hand: two vectors at the second step and at the third
    assert not optimizer.state
    assert same_values(optimizer, stepped(LBFGS, 0))


def test_the_trial_of_a_stepped_optimizer_leaves_it_alone() -> None:
    optimizer = stepped(HostLBFGS, 5)
    try_optimizer(optimizer, CPU)
    take_steps(optimizer, 4)
    assert same_values(optimizer, stepped(LBFGS, 9))


# the device


@pytest.mark.gpu
def test_the_memory_of_a_gpu_does_not_grow_with_the_history() -> None:
    pixels = 1_000_000
    picture = Parameter(torch.linspace(-1, 1, pixels, device="cuda"))
    optimizer = HostLBFGS([picture], lr=0.1, max_iter=1, history_size=100)

    def closure() -> Tensor:
        optimizer.zero_grad()
        total = (picture - 0.3).square().square().sum() + picture[1:].mul(picture[:-1]).sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total.detach()

    peaks = []
    for steps in (4, 20):
        torch.cuda.reset_peak_memory_stats()
        for _ in range(steps):
            optimizer.step(closure)  # type: ignore[no-untyped-call]
        peaks.append(torch.cuda.max_memory_allocated())
    known = optimizer.state[picture]["old_dirs"]
    assert len(known) > 10
    assert known[0].is_cuda
    assert all(each.is_pinned() for each in known.on_host())
    assert peaks[1] - peaks[0] < 4 * pixels  # bytes of one vector; torch's takes 2 more a step
