"""How much memory was used."""

import math
import sys
from pathlib import Path

import pytest
import torch

from stylelightning.execution import memory
from stylelightning.execution.memory import peak_megabytes


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
