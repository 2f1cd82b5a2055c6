"""What the C library does with memory that is freed."""

import ctypes
import subprocess
import sys

import pytest

from stylelightning.execution import allocator
from stylelightning.execution.allocator import keep_freed_memory, large_blocks, map_large_blocks

BEGIN = """
import re, sys
from pathlib import Path
import torch
from stylelightning.execution.allocator import (
    give_back_freed_memory, keep_freed_memory, large_blocks, map_large_blocks
)

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1000

kept = sys.argv[1] == "keep" and keep_freed_memory()
before = resident()
"""
KEEP = """
torch.ones(50_000_000)  # 200 MB, freed at once
assert (resident() > before + 150) == kept, (before, resident(), kept)
above = torch.ones(1_000)  # keeps the hole from being the heap's end
assert give_back_freed_memory() or not kept
assert resident() < before + 50
print(kept)
"""
MAPPED = """
map_large_blocks(True)
torch.ones(50_000_000)
assert resident() < before + 50  # what was mapped is given back
map_large_blocks(False)
with large_blocks(mapped=True):
    torch.ones(50_000_000)
assert resident() < before + 50
torch.ones(50_000_000)
assert (resident() > before + 150) == kept
print(kept)
"""
MALLOPT = hasattr(ctypes.CDLL(None), "mallopt")


@pytest.mark.parametrize("asked", ["keep", "leave"])
@pytest.mark.parametrize("work", [KEEP, MAPPED], ids=["kept", "mapped"])
def test_freed_memory_stays_where_it_is_asked_to_and_glibc_is(asked: str, work: str) -> None:
    # in a process of its own, for it is a setting of the process
    command = [sys.executable, "-c", BEGIN + work, asked]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == f"{asked == 'keep' and MALLOPT}\n"


def test_keeping_memory_again_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator, "_heap", allocator._Heap(keeps=True, mapped=True))
    monkeypatch.setattr(allocator, "_tell", lambda key, value: True)
    assert keep_freed_memory()
    assert not allocator._heap.mapped


def test_after_an_error_large_blocks_are_where_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    monkeypatch.setattr(allocator, "_heap", allocator._Heap(keeps=True))
    monkeypatch.setattr(allocator, "_tell", lambda key, value: told.append(value > 0))
    with pytest.raises(ValueError, match="lost"), large_blocks(True), large_blocks(True):
        raise ValueError("lost")
    assert told == [True, False]
    map_large_blocks(True)
    with large_blocks(mapped=True):
        map_large_blocks(True)
    assert told == [True, False, True]
