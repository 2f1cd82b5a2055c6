"""Engines make the same pictures, whatever happens to their processes."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from stylelightning.sweep.engines import LocalEngine, RayEngine, local
from stylelightning.sweep.job import Job
from stylelightning.sweep.records import Record
from tests.conftest import ROOT
from tests.sweep.conftest import Sweep, picture_bytes, rows

AXES = {"model.losses.style.weight": [10.0, 1000.0], "model.init": ["noise", "gray"]}
ENGINES = {
    "one process": ["--engine.threads", "1"],
    "two processes": ["--engine.threads", "1", "--engine.workers", "2"],
    "ray": ["--engine", "RayEngine", "--engine.at_once", "2"],
}


@pytest.fixture
def deadly(tmp_path: Path) -> list[str]:
    """Options that end a process in the middle of the first run that gets there."""
    loss = "tests.sweep.components.Deadly"
    return ["--model.losses.deadly", loss, f"--model.losses.deadly.marker={tmp_path / 'marker'}"]


@pytest.fixture
def expected(sweep: Sweep, deadly: list[str], tmp_path: Path) -> dict[str, bytes]:
    """The pictures of a sweep that nothing happened to; its deadly loss finds its marker."""
    marker = tmp_path / "marker"
    marker.touch()
    options = [*deadly, *ENGINES["one process"]]
    pictures = picture_bytes(sweep(*options, axes=AXES, root="expected"))
    marker.unlink()
    assert len(set(pictures.values())) == 4
    return pictures


def test_every_engine_makes_the_same_pictures_and_none_is_lost_with_its_process(
    expected: dict[str, bytes], deadly: list[str], sweep_process: Sweep, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    for engine in ("two processes", "ray"):
        options = [*deadly, *ENGINES[engine]]
        folder = sweep_process(*options, axes=AXES, root=engine)
        assert marker.exists()  # a process was killed
        marker.unlink()
        assert picture_bytes(folder) == expected
        table = rows(folder)
        assert {row["status"] for row in table} == {"done"}
        # the run that was lost went on in a folder of its own; the other one beside it may have to
        assert any(row["folder"].endswith("version_1") for row in table)


class BreaksOnce:
    """Stands in for a pool of processes; the first one is broken when it gets its second run."""

    broke = False

    def __init__(self, *_: object) -> None:
        self.given = 0

    def submit(self, function: Callable[[Job], Record], job: Job) -> Future[Record]:
        self.given += 1
        if self.given == 2 and not BreaksOnce.broke:
            BreaksOnce.broke = True
            raise BrokenProcessPool
        future = Future[Record]()
        future.set_result(job.record("done"))
        return future

    def shutdown(self, cancel_futures: bool) -> None:
        """There is nothing to stop."""


def test_a_run_that_a_broken_pool_did_not_take_is_still_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(BreaksOnce, "broke", False)
    monkeypatch.setattr(local, "ProcessPoolExecutor", BreaksOnce)
    jobs = [Job(name, {}, (), "", "", "", 1) for name in "abc"]
    made = [record.point for record in LocalEngine(workers=2).run(jobs)]
    assert BreaksOnce.broke
    assert sorted(made) == ["a", "b", "c"]


@pytest.mark.usefixtures("heard_ctrl_c")  # the processes that are started hear it too
@pytest.mark.parametrize("engine", ENGINES)
def test_ctrl_c_stops_after_the_step_and_the_sweep_goes_on(
    sweep: Sweep, sweep_process: Sweep, sweep_file: Callable[..., Path], tmp_path: Path, engine: str
) -> None:
    axes = {"model.init": AXES["model.init"]}
    options = ["--model.schedule.steps=100", "--callbacks.snapshots=null"]
    options += ["--callbacks.checkpoint.every_n_steps=10"]
    expected = picture_bytes(sweep(*options, *ENGINES["one process"], axes=axes, root="expected"))
    command = [sys.executable, "-m", "stylelightning", "sweep", *options, *ENGINES[engine]]
    command += ["--config", str(sweep_file(axes=axes)), "--root", str(tmp_path / "runs")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    folder = tmp_path / "runs" / "tiny-sweep"
    while not list(folder.glob("*/version_0/checkpoints/last.ckpt")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=180)
    assert process.returncode == 130, output
    assert "the same command goes on where it was" in output
    stopped = [row for row in rows(folder) if row["status"] == "stopped"]
    assert all(int(row["steps"]) < 200 for row in stopped)
    begun = [row["point"] for row in stopped if int(row["steps"]) > 0]
    assert begun
    assert (folder / "report.html").is_file()
    sweep_process(*options, *ENGINES[engine], axes=axes)
    assert picture_bytes(folder) == expected
    table = {row["point"]: row for row in rows(folder)}
    assert all(table[point]["folder"] == f"{point}/version_1" for point in begun)


def test_a_stop_is_heard_while_the_processes_start(
    sweep_file: Callable[..., Path], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "stylelightning", "sweep", *ENGINES["two processes"]]
    command += ["--model.schedule.steps=100000"]  # no run would end by itself
    command += ["--config", str(sweep_file(axes=AXES)), "--root", str(tmp_path / "runs")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()  # what there is to do; then the processes are started
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130, output


@pytest.mark.parametrize(
    ("engine", "options", "message"),
    [
        (LocalEngine, {"workers": 0}, "`workers` of LocalEngine must be at least 1, got 0"),
        (LocalEngine, {"threads": 0}, "`threads` of LocalEngine must be at least 1, got 0"),
        (RayEngine, {"cpus": 0}, "`cpus` of RayEngine must be at least 1, got 0"),
        (RayEngine, {"gpus": -1}, "`gpus` of RayEngine must be at least 0, got -1"),
        (RayEngine, {"at_once": 0}, "`at_once` of RayEngine must be at least 1, got 0"),
        (RayEngine, {"retries": -1}, "`retries` of RayEngine must be at least 0, got -1"),
    ],
    ids=["workers", "threads", "cpus", "gpus", "at_once", "retries"],
)
def test_a_number_out_of_its_range_is_refused(
    engine: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        engine(**options)


def test_without_ray_its_engine_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r"needs Ray: pip install 'stylelightning\[ray\]'"):
        RayEngine()


def test_a_run_that_needs_more_than_the_cluster_has_is_refused() -> None:
    with pytest.raises(ValueError, match="A run needs 9 CPU and 0 GPU, more than the cluster has"):
        RayEngine(cpus=9)._room({"CPU": 2.0})
    assert RayEngine(gpus=0.5)._room({"CPU": 8.0, "GPU": 2.0}) == 4
    assert RayEngine(at_once=2)._room({"CPU": 8.0}) == 2


def test_an_engine_that_is_none_is_one_line(
    sweep: Sweep, capfd: pytest.CaptureFixture[str]
) -> None:
    sweep("--engine", "RaiEngine", axes=AXES, code=2)
    error = capfd.readouterr().err
    assert "RaiEngine" in error
    assert len(error.strip().splitlines()) == 1
