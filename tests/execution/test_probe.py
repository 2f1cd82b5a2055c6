"""The machine's pace is measured once, kept, and measured anew when that can't be read."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from stylelightning.execution import kept, probe
from stylelightning.execution.probe import Pace, pace
from stylelightning.files.caches import own_cache


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Pace]]:
    """Count measurements, and give each another result."""
    found: list[Pace] = []

    def measure() -> Pace:
        found.append(Pace(winograd=0.5 + len(found), bfloat16=2.0))
        return found[-1]

    pace.cache_clear()
    monkeypatch.setattr(probe, "_measure", measure)
    yield found
    pace.cache_clear()


MEASURE = probe._measure


def test_it_is_kept_from_process_to_process(measured: list[Pace]) -> None:
    first = pace()
    pace.cache_clear()  # as in another process
    assert pace() == first
    assert len(measured) == 1


def test_another_processor_has_its_own(
    measured: list[Pace], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pace()
    pace.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(kept, "processor_name", lambda: "another one")
        assert pace() != first
    pace.cache_clear()
    assert pace() == first  # which is still kept beside it


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": 1}', b'{"a": {"fast": 1}}', b"\xff"])
def test_what_cannot_be_read_is_measured_anew(measured: list[Pace], content: bytes) -> None:
    own_cache().mkdir(parents=True)
    (own_cache() / "pace.json").write_bytes(content)
    assert pace() == measured[0]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-1.0", "0"])
def test_what_is_no_measurement_is_measured_anew(measured: list[Pace], number: str) -> None:
    first, path = pace(), own_cache() / "pace.json"
    path.write_text(path.read_text().replace(str(first.winograd), number))
    pace.cache_clear()
    assert pace() == measured[1]


def test_a_cache_that_cannot_be_written_ends_nothing(
    measured: list[Pace], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(kept, "write_atomically", refuse)
    assert pace() == measured[0]


def test_the_measurement_gives_parts_of_a_direct_convolution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probe, "SIDE", 12)
    found = MEASURE()
    assert found.winograd > 0
    assert found.bfloat16 > 0


def test_a_measurement_takes_nothing_of_the_runs_random_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probe, "SIDE", 12)
    monkeypatch.setattr(probe, "_measure", MEASURE)
    before = torch.get_rng_state()
    pace()
    assert torch.equal(torch.get_rng_state(), before)
