"""How much memory was used."""

import math
import sys
from pathlib import Path

import pytest
import torch

from stylelightning.execution import memory
from stylelightning.execution.memory import held_megabytes, peak_megabytes


def test_peak_memory_is_that_of_this_process() -> None:
    before = peak_megabytes(torch.device("cpu"))
    block = torch.ones(int(30e6))  # 120 MB
    assert peak_megabytes(torch.device("cpu")) >= before
    assert 100 < peak_megabytes(torch.device("cpu")) < 50_000
    assert len(block)


def test_peak_memory_is_unknown_where_the_system_does_not_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "_STATUS", Path("/nowhere"))
    monkeypatch.setitem(sys.modules, "resource", None)
    assert math.isnan(peak_megabytes(torch.device("cpu")))


class Holder:
    def __init__(self, **held: object) -> None:
        vars(self).update(held)


def test_what_is_held_is_counted_once_wherever_it_lies() -> None:
    first, second, third = (torch.zeros(250_000) for _ in range(3))  # 1 MB each
    module = torch.nn.Linear(500, 500, bias=False)  # 1 MB, and its gradient
    module.weight.grad = torch.zeros(500, 500)
    held: dict[str, object] = {"a": [first, first[:10]], "b": Holder(deep=(second, "text", None))}
    held["itself"] = held
    cpu, elsewhere = torch.device("cpu"), torch.zeros(250_000, device="meta")
    assert held_megabytes(cpu, held) == pytest.approx(2)
    more = {"more": third.bfloat16(), "elsewhere": elsewhere}
    assert held_megabytes(cpu, held, more, module) == pytest.approx(4.5)
    assert held_megabytes(cpu, 3, Holder, len) == 0
