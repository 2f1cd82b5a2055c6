"""A run takes fewer threads than torch does where they are faster, and nobody has chosen."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from stylelightning.execution import probe, threads
from stylelightning.execution.device_name import processor_name
from stylelightning.execution.threads import choose_threads, fitting_threads
from stylelightning.files.caches import own_cache

PaceOf = Callable[[int], float]


@pytest.fixture(autouse=True)
def _eight(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine on which torch takes eight threads, and nobody has chosen another number."""
    for each in threads.VARIABLES:
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setattr(threads, "MOST", 8)
    monkeypatch.setattr(threads, "_GROUPS", tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    before = torch.get_num_threads()
    torch.set_num_threads(8)
    fitting_threads.cache_clear()
    yield
    fitting_threads.cache_clear()
    torch.set_num_threads(before)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Convolutions take as long as on four cores; the numbers of threads that were measured."""
    return _machine(monkeypatch, lambda number: 1 / min(number, 4) + 0.1 * max(0, number - 4))


def _machine(monkeypatch: pytest.MonkeyPatch, pace: PaceOf) -> list[int]:
    numbers: list[int] = []

    def seconds(_: object) -> float:
        numbers.append(torch.get_num_threads())
        return pace(numbers[-1])

    monkeypatch.setattr(probe, "seconds", seconds)
    return numbers


def test_more_threads_than_are_faster_are_not_taken(
    measured: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="stylelightning"):
        choose_threads()
    assert torch.get_num_threads() == 4
    assert set(measured) == {8, 4, 2}
    assert caplog.messages == [
        "4 of 8 threads are used: more would be slower here. "
        "OMP_NUM_THREADS chooses another number."
    ]


def test_all_are_taken_where_fewer_are_hardly_faster(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _machine(monkeypatch, lambda number: 1 if number == 8 else 0.95)
    with caplog.at_level(logging.INFO, logger="stylelightning"):
        choose_threads()
    assert torch.get_num_threads() == 8
    assert not caplog.messages


@pytest.mark.parametrize("name", threads.VARIABLES)
def test_the_environment_chooses(
    measured: list[int], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "8")
    choose_threads()
    assert torch.get_num_threads() == 8
    assert not measured


def test_a_program_that_has_chosen_keeps_its_number(measured: list[int]) -> None:
    torch.set_num_threads(6)
    choose_threads()
    assert torch.get_num_threads() == 6
    assert not measured


def test_nothing_is_measured_where_there_is_a_gpu(
    measured: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    choose_threads()
    assert not measured


def test_the_number_is_kept_from_process_to_process(measured: list[int]) -> None:
    first = fitting_threads()
    fitting_threads.cache_clear()  # as in another process
    measured.clear()
    assert fitting_threads() == first == 4
    assert not measured


GROUPS = [
    ({"cpu.max": "200000 100000\n"}, 2),
    ({"cpu.max": "150000 100000\n"}, 2),
    ({"cpu.max": "50000 100000\n"}, 1),
    ({"cpu.max": "max 100000\n"}, 4),
    ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2),
    ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4),
]


@pytest.mark.parametrize(("files", "expected"), GROUPS)
def test_no_more_are_taken_than_a_container_has_the_time_of(
    measured: list[int], tmp_path: Path, files: dict[str, str], expected: int
) -> None:
    for name, content in files.items():
        (path := tmp_path / name).parent.mkdir(exist_ok=True)
        path.write_text(content)
    choose_threads()
    assert torch.get_num_threads() == expected
    assert expected == 4 or 8 not in measured


@pytest.mark.parametrize(("number", "expected"), [(0.2, 1), (64, 8)])
def test_a_number_that_makes_no_sense_is_brought_between_one_and_all(
    measured: list[int], number: float, expected: int
) -> None:
    (path := own_cache() / "threads.json").parent.mkdir(parents=True)
    key = f"{processor_name()}, torch {torch.__version__}, at most 8 threads"
    path.write_text(json.dumps({key: {"threads": number}}))
    assert fitting_threads() == expected
    assert not measured


def test_the_real_measurement_leaves_the_number_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probe, "SIDE", 12)
    monkeypatch.setattr(threads, "MOST", 2)
    torch.set_num_threads(1)
    assert fitting_threads() in (1, 2)
    assert torch.get_num_threads() == 1
