"""What a step takes at small sizes, and what follows for others."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Callback, Trainer

from stylelightning import StyleTransferData
from stylelightning.cli.probes import (
    Probe,
    StepClock,
    in_disorder,
    largest_pixels,
    missing_history,
    predicted,
    probe,
)
from stylelightning.execution.memory import free_megabytes
from stylelightning.images import RunPictures
from stylelightning.losses import PatchLoss
from stylelightning.optimizers import HostLBFGS
from tests.runs import make_module, make_trainer

PROBES = [Probe(100, 1.0, 500.0), Probe(200, 1.5, 600.0), Probe(400, 3.5, 800.0)]


def read(content: Path, style: Path, size: int) -> RunPictures:
    data = StyleTransferData(str(content), str(style), size=size)
    data.setup("fit")
    return data.pictures


@pytest.mark.parametrize(
    ("pixels", "what", "expected"),
    [
        (150, "seconds", 1.25),  # between two
        (300, "seconds", 2.5),
        (600, "seconds", 5.5),  # beyond, by the last two
        (600, "megabytes", 1000.0),
        (50, "megabytes", 450.0),
        (400, "seconds", 3.5),
    ],
)
def test_what_lies_between_is_on_a_line(pixels: int, what: str, expected: float) -> None:
    assert predicted(pixels, PROBES, what) == pytest.approx(expected)


def test_one_probe_is_taken_in_proportion() -> None:
    assert predicted(200, PROBES[:1], "seconds") == 2


def test_the_largest_size_is_where_the_line_reaches_the_memory() -> None:
    # by hand: 200 pixels more are 200 MB more
    assert largest_pixels(PROBES, 1000.0) == 600
    assert largest_pixels([Probe(1, 1, 5), Probe(2, 1, 5)], 1000.0) == math.inf


def test_a_probe_leaves_the_run_as_it_was(tmp_path: Path, content: Path, style: Path) -> None:
    module, pictures = make_module(), read(content, style, size=32)
    before = dict(vars(module)), dict(module._modules)
    found = probe(module, pictures, lambda callbacks: make_trainer(tmp_path, *callbacks), 20)
    assert found.pixels == 20 * 15
    assert found.seconds > 0
    assert found.megabytes > 0
    assert (vars(module), module._modules) == before  # no schedule, canvas or trainer of its own
    assert not hasattr(module, "plan")
    assert pictures.size == 32
    assert not list(tmp_path.glob("run*"))


def test_a_probe_is_as_long_as_a_search_is_rare(tmp_path: Path, content: Path, style: Path) -> None:
    steps: list[Trainer] = []
    losses = {"patches": PatchLoss(size=3, stride=2, renew_every_n_steps=7)}
    module, pictures = make_module(losses=losses), read(content, style, size=16)

    def counting(callbacks: list[Callback]) -> Trainer:
        trainer = make_trainer(tmp_path, *callbacks)
        steps.append(trainer)
        return trainer

    probe(module, pictures, counting, 16)
    assert steps[0].global_step == 8


def test_the_history_of_lbfgs_is_in_the_memory(tmp_path: Path, content: Path, style: Path) -> None:
    pictures = read(content, style, size=16)

    def megabytes(history: int) -> float:
        optimizer = lambda p: torch.optim.LBFGS(p, history_size=history)  # noqa: E731
        module = make_module(optimizer=optimizer)
        return probe(module, pictures, lambda c: make_trainer(tmp_path, *c), 16).megabytes

    # by hand: two pictures of 16 x 12 colours in float32 for each step that it knows, 3 of them run
    extra = (10**6 - 3) * 2 * 3 * 4 * 16 * 12 / 1e6
    assert megabytes(10**6) - megabytes(3) == pytest.approx(extra, rel=0.2)


@pytest.mark.parametrize(("device", "megabytes"), [("cpu", 16.0), ("cuda", 0.0)])
def test_a_history_on_the_host_is_in_the_memory_of_a_cpu_alone(
    device: str, megabytes: float
) -> None:
    optimizer = HostLBFGS([torch.nn.Parameter(torch.zeros(500_000))], history_size=9)
    # by hand: two vectors of 2 MB for each of four steps more
    assert missing_history(optimizer, 5, torch.device(device)) == megabytes


RISE = """
import torch
from stylelightning.execution.memory import PeakMemory
cpu = torch.device("cpu")
with PeakMemory(cpu) as idle:
    pass
with PeakMemory(cpu) as busy:
    torch.ones(50_000_000)  # 200 MB
assert busy.megabytes > idle.megabytes + 150, (idle.megabytes, busy.megabytes)
"""


def test_memory_is_seen_to_rise() -> None:
    # in a process of its own: that of the tests keeps what it once had
    subprocess.run([sys.executable, "-c", RISE], check=True)
    assert free_megabytes(torch.device("cpu")) > 0


def test_a_slow_moment_does_not_count_unless_steps_differ() -> None:
    # by hand: steps of 1, 1, 10, 1 seconds
    for periodic, expected, renewing in ((False, 1.0, 0.0), (True, 3.25, 9 / 13)):
        clock = StepClock(periodic)
        clock.times = [0.0, 1.0, 2.0, 12.0, 13.0]
        assert clock.seconds == expected
        assert clock.renewing == pytest.approx(renewing)


def test_a_smaller_picture_that_took_longer_is_noticed() -> None:
    assert not in_disorder(PROBES)
    assert in_disorder([Probe(100, 0.46, 1.0), Probe(900, 0.071, 2.0)])
    assert not in_disorder([Probe(100, 0.0015, 1.0), Probe(900, 0.0012, 2.0)])  # alike
