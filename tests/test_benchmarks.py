import json
import math
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import common
from benchmarks.bf16 import convolutions_by_float32
from benchmarks.clock import StepClock
from benchmarks.convergence import own_settings
from benchmarks.floor import bare_network, floor
from benchmarks.heap import HeldMemory, held_bytes
from benchmarks.lbfgs_starts import Totals, any_length
from benchmarks.moving_scene import frame, wall
from benchmarks.parametrizations import Near, Ratings
from benchmarks.trace import Trace
from benchmarks.usual import GramTerm, WassersteinTerm, usual_step
from benchmarks.video import errors, strip
from stylelightning import StyleTransferData
from stylelightning.losses import GaussianWassersteinLoss, Reference, References
from stylelightning.parametrizations import LaplacianParametrization
from stylelightning.run import lbfgs
from tests.runs import OPTIMIZERS, make_module, make_trainer


def test_a_table_has_a_line_for_each_row() -> None:
    rows: list[common.Row] = [
        {"size": 256, "ms": 1234.5, "ratio": 1.0666},
        {"size": 512, "ms": None, "ratio": 2.0},
    ]
    assert common.table(rows).splitlines() == [
        "| size | ms | ratio |",
        "| --- | --- | --- |",
        "| 256 | 1234 | 1.07 |",
        "| 512 |  | 2 |",
    ]


def test_results_say_when_where_and_with_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    path = common.save("suite", "cpu", [{"size": 1}])
    saved = json.loads(path.read_text())
    assert path.name.startswith("suite--")
    assert saved["rows"] == [{"size": 1}]
    assert {"date", "commit", "machine", "threads", "torch"} <= saved["metadata"].keys()


def test_the_commit_is_that_of_the_checkout_and_not_of_one_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*args: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *identity, *args], cwd=tmp_path, check=True, capture_output=True)

    (copy := tmp_path / "copy").mkdir()
    git("init")
    git("commit", "--allow-empty", "-m", "first")
    monkeypatch.delenv("COMMIT", raising=False)
    assert common.commit(tmp_path)
    assert common.commit(copy) is None
    monkeypatch.setenv("COMMIT", "abc1234")
    assert common.commit(copy) == "abc1234"
    assert common.commit(tmp_path) != "abc1234"


def test_the_median_is_that_of_the_durations() -> None:
    calls: list[int] = []
    assert common.median_ms(lambda: calls.append(1), "cpu", repeats=3, warmup=2) >= 0
    assert len(calls) == 5


def test_the_floor_is_the_deepest_layer_and_counts_its_work() -> None:
    network = bare_network(torch.float32, "cpu")
    assert isinstance(network, torch.nn.Sequential)
    assert len(network) == 30  # up to relu5_1
    work = floor(16, torch.float32, "cpu")
    with FlopCounterMode(display=False) as counter:
        work()
    # 94.7 GFLOP at 256 px, where every convolution has 256 times the positions
    assert counter.get_total_flops() / 1e9 == pytest.approx(94.7 / 256, rel=0.02)


@pytest.mark.parametrize("optimizer", ["Adam", "LBFGS"])
@pytest.mark.parametrize("losses", ["gram", "w2"])
def test_the_usual_step_goes_on_from_call_to_call(losses: Any, optimizer: str) -> None:
    work = usual_step(32, "cpu", losses, optimizer)
    work()
    work()


@pytest.mark.parametrize("term", [GramTerm, WassersteinTerm])
def test_the_usual_terms_are_nothing_at_the_style(term: Any) -> None:
    maps = torch.rand(2, 1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    style = term(maps[0])
    assert abs(float(style(maps[0]))) < 0.1 * float(style(maps[1]))


def test_the_usual_wasserstein_term_is_that_of_the_project() -> None:
    maps = torch.rand(2, 1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    own = GaussianWassersteinLoss(1.0, {"relu1_1": 1.0})
    own.prepare(References(None, [Reference({"relu1_1": maps[0]}, 1.0)]))
    values, gradients = [], []
    for term in (WassersteinTerm(maps[0]), lambda each: own({"relu1_1": each})):
        features = maps[1].clone().requires_grad_()
        values.append(term(features))
        gradients.append(torch.autograd.grad(values[-1], features)[0])
    torch.testing.assert_close(*values, rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(*gradients, rtol=1e-2, atol=1e-6)


def test_every_step_has_its_time_and_every_picture_its_loss(
    tmp_path: Path, content: Path, style: Path
) -> None:
    times, trace = tmp_path / "times.json", tmp_path / "trace.json"
    trainer = make_trainer(tmp_path, StepClock(str(times)), Trace(str(trace), every_n_steps=2))
    trainer.fit(make_module(), StyleTransferData(str(content), str(style), size=32))
    taken = json.loads(times.read_text())
    assert len(taken["steps"]) == 5  # of six, the last of which includes the end of the run
    assert all(seconds > 0 for seconds in taken["steps"])
    assert taken["others"] == {}
    rows = json.loads(trace.read_text())
    assert [step for _, step, _ in rows] == [2, 4, 6]
    assert rows[-1][2] < rows[0][2]


def test_what_is_measured_between_steps_is_not_of_them(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[float] = []

    def slow() -> float:
        time.sleep(0.5)
        calls.append(500)
        return 500

    monkeypatch.setattr(StepClock, "between", {"slow": slow})
    monkeypatch.setattr(StepClock, "every_n_steps", 3)
    path = tmp_path / "times.json"
    make_trainer(tmp_path, StepClock(str(path))).fit(make_module(), data)
    taken = json.loads(path.read_text())
    assert taken["others"] == {"slow": calls}
    assert calls == [500, 500]
    assert max(taken["steps"]) < 500


def test_the_settings_of_fast_are_its_own() -> None:
    settings = own_settings("fast")
    assert settings["optimizer"]["init_args"]["lr"] == 0.4
    assert own_settings("gatys2016")["averaging"] is None


@pytest.mark.parametrize(
    ("totals", "lost"),
    [
        ([8.0, 9.0, 3.0], False),
        ([8.0, 90.0, 3.0], True),
        ([8.0, float("nan"), 3.0], True),
        ([8.0, 7.0, 5.0], True),
    ],
    ids=["falls", "leaps", "not-finite", "stays"],
)
def test_a_run_is_lost_when_it_leaps_or_stays(totals: list[float], lost: bool) -> None:
    run = Totals()
    run.totals = totals
    assert run.lost is lost


def test_the_totals_of_a_run_are_those_of_its_steps(
    tmp_path: Path, data: StyleTransferData
) -> None:
    run = Totals()
    make_trainer(tmp_path, run).fit(make_module(optimizer=OPTIMIZERS["lbfgs"]), data)
    assert len(run.totals) == 6
    assert not run.dropped  # the tiny network's first pair is kept: its loss nearly a quadratic


def test_the_totals_are_those_of_any_parametrisation(
    tmp_path: Path, data: StyleTransferData
) -> None:
    run = Totals()
    module = make_module(optimizer=OPTIMIZERS["lbfgs"], canvas=LaplacianParametrization(2))
    make_trainer(tmp_path, run).fit(module, data)
    assert len(run.totals) == 6
    assert not run.exploded


def test_the_shown_picture_is_rated_after_the_steps_that_are_asked_for(
    tmp_path: Path, data: StyleTransferData
) -> None:
    ratings = Ratings([2, 6])
    module = make_module(init=Near("gray"))
    make_trainer(tmp_path, ratings).fit(module, data)
    assert len(ratings.totals) == 2
    # oracle: the same losses at the picture that is left
    terms = module.objective.terms(module.objective.features(module.picture))
    assert ratings.totals[1] == pytest.approx(float(terms.total), rel=1e-4)


def test_a_start_is_near_the_packages_own(data: StyleTransferData) -> None:
    data.setup("fit")
    starts = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        starts.append(Near("gray").draw(data.pictures, (8, 8)))
    assert not torch.equal(*starts)
    assert float((starts[0] - 0.5).square().mean().sqrt()) == pytest.approx(0.01, rel=0.2)


def test_the_limit_is_back_after_runs_without_it() -> None:
    limit = lbfgs.LONGEST_STEP
    with any_length():
        assert lbfgs.LONGEST_STEP > 1e300
    assert limit == lbfgs.LONGEST_STEP


@pytest.mark.parametrize("autocast", [True, False])
def test_bfloat16_by_float32_is_rounded_once(autocast: bool) -> None:
    torch.manual_seed(0)
    convolution = torch.nn.Conv2d(6, 5, 3, padding=1).bfloat16().requires_grad_(False)
    maps = torch.randn(1, 6, 9, 9).bfloat16()
    weights = torch.randn(1, 5, 9, 9).bfloat16()
    given = (maps.float() if autocast else maps).requires_grad_()
    with convolutions_by_float32(), torch.autocast("cpu", enabled=autocast):
        answer = convolution(given)
    (gradient,) = torch.autograd.grad(answer, given, weights)
    assert answer.dtype == torch.bfloat16
    assert gradient.dtype == given.dtype
    # oracle: the same in float64
    exact = maps.detach().double().requires_grad_()
    expected = convolution.double()(exact)
    (expected_gradient,) = torch.autograd.grad(expected, exact, weights.double())
    for found, value in ((answer, expected), (gradient, expected_gradient)):
        torch.testing.assert_close(found.double(), value, rtol=2**-8, atol=1e-6)


def test_float32_is_left_alone_by_it() -> None:
    convolution = torch.nn.Conv2d(2, 3, 3)
    maps = torch.randn(1, 2, 9, 9)
    expected = convolution(maps)
    with convolutions_by_float32():
        assert torch.equal(convolution(maps), expected)
    assert torch.nn.functional.conv2d.__module__ != "benchmarks.bf16"


def test_a_ball_rolls_in_front_of_a_wall_that_stays() -> None:
    background = wall(32)
    first, last = (frame(background, number, 5) for number in (0, 4))
    for picture in (background, first, last):
        assert picture.shape == (1, 3, 32, 32)
        assert bool(((picture >= 0) & (picture <= 1)).all())
    assert torch.equal(first[..., :5, :], background[..., :5, :])
    moved = (first - last).abs().sum(1)[0]
    # by hand: the centres are at a quarter and at three quarters, the radius is 5.4 pixels
    assert float(moved[17, 8]) > 0.1
    assert float(moved[17, 24]) > 0.1
    assert float(moved[17, 16]) == 0


def test_frames_of_a_still_clip_have_no_error_and_stand_side_by_side() -> None:
    picture = wall(32)
    assert errors([picture] * 3, [picture] * 3) == pytest.approx(0, abs=1e-6)
    assert errors([picture] * 2, [picture, picture + 0.25]) == pytest.approx(0.25, abs=1e-5)
    assert strip([[picture] * 3, [picture]]).size == (96, 64)


@pytest.mark.skipif(math.isnan(held_bytes()), reason="glibc 2.33 and later tells what is held")
def test_held_memory_is_that_of_blocks_in_use() -> None:
    with HeldMemory() as held:
        kept = torch.zeros(8_000_000)
        kept.mul_(2)
    with HeldMemory() as nothing:
        pass
    # by hand: four bytes a value
    assert 31 < held.megabytes < 40
    assert nothing.megabytes < 1
