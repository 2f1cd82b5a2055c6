"""One picture by several processes: the terms and the gradient of one, the same in all of them."""

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch.strategies import DDPStrategy
from PIL import Image
from torch import Tensor, distributed

from stylelightning.__main__ import main
from stylelightning.backbones.tiles import Tile
from stylelightning.cli import run
from stylelightning.cli.errors import one_line
from stylelightning.cli.helping import helps
from stylelightning.execution.team import LostProcessError, Team
from stylelightning.execution.tile_strategy import TileStrategy
from stylelightning.execution.tiling import Tiler, shares
from stylelightning.functional.tiles import Span
from stylelightning.losses.terms import Terms
from stylelightning.objective import Objective
from tests.conftest import ROOT, TINY
from tests.execution.test_tiled_evaluation import LOSSES, SmallVGG, image
from tests.runs import full

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["tests.execution.test_team"])
SIZE = (45, 38)
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
NAMES = ("content", "gram", "wasserstein", "patches", "emd", "variation", "patches of pixels")


def evaluate(team: Team, size: int | None) -> tuple[Terms, Tensor, int]:
    """Return the terms and the gradient of a picture, and how many tiles this process has."""
    losses = {name.replace(" ", "_"): LOSSES[name]() for name in NAMES}
    backbone = SmallVGG().double()
    objective = Objective(losses, backbone)
    tiler = Tiler(objective, backbone, size, full, team)
    content, style, picture = image(1, *SIZE), image(2, 33, 50), image(3, *SIZE)
    objective.prepare(objective.references(content, [style], [1.0], maps=tiler.maps))
    leaf = picture.requires_grad_()
    tiled = tiler.evaluation(leaf)
    assert tiled is not None
    objective.advance(tiled.maps(leaf), 0)
    terms, total = tiled.evaluate(leaf)
    (gradient,) = torch.autograd.grad(total, [leaf])
    return terms, gradient, len(team.share(tiled.tiles.tiles))


def help_out(folder: str, rank: int, count: int, size: int | None) -> None:
    """Evaluate as one of several processes, and keep what came of it."""
    distributed.init_process_group(
        "gloo", f"file://{folder}/meeting", timedelta(seconds=300), world_size=count, rank=rank
    )
    terms, gradient, tiles = evaluate(Team(rank, count), size)
    torch.save((terms.weighted, gradient, tiles), f"{folder}/{rank}.pt")
    distributed.destroy_process_group()


def by_processes(folder: Path, count: int, size: int | None) -> list[tuple[Any, Tensor, int]]:
    folder.mkdir()
    processes = [
        FORKS.Process(target=help_out, args=(str(folder), rank, count, size))
        for rank in range(count)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    return [torch.load(folder / f"{rank}.pt") for rank in range(count)]


@pytest.mark.parametrize(
    ("count", "size"),
    [(2, None), (3, None), (2, 8), (3, 20), (5, 24)],
    ids=["2 strips", "3 strips", "tiles of 8", "uneven", "more processes than tiles of 24"],
)
def test_several_processes_have_the_terms_and_the_gradient_of_one(
    tmp_path: Path, count: int, size: int | None
) -> None:
    terms, gradient, _ = evaluate(Team(), 16)
    found = by_processes(tmp_path / "team", count, size)
    for weighted, of_rank, _ in found:
        assert torch.equal(of_rank, found[0][1])
        assert weighted == found[0][0]
    weighted, of_first, _ = found[0]
    for name, value in terms.weighted.items():
        torch.testing.assert_close(weighted[name], value, rtol=1e-12, atol=1e-12)
    norm = torch.linalg.vector_norm
    assert norm(of_first - gradient) <= 1e-12 * norm(gradient)


def test_tiles_are_shared_out_by_their_pixels() -> None:
    def tile(begin: int, end: int) -> Tile:
        return Tile(Span(begin, end, begin, end), Span(0, 10, 0, 10))

    tiles = [tile(0, 10), tile(10, 20), tile(20, 30), tile(30, 60)]
    parts = [list(Team(rank, 2).share(tiles)) for rank in range(2)]
    assert parts == [tiles[:3], tiles[3:]]
    assert [len(Team(rank, 7).share(tiles)) for rank in range(7)].count(0) == 3
    assert Team().share(tiles) == tiles


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [
        (1, (600, 800), (600, 800)),
        (2, (600, 800), (600, 400)),
        (2, (800, 600), (400, 600)),
        (3, (100, 100), (34, 100)),
        (4, (600, 800), (300, 400)),
    ],
)
def test_a_picture_is_cut_where_it_is_shortest(
    count: int, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert shares(size, count) == expected


def test_a_lost_process_is_said_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object) -> None:
        raise RuntimeError("[gloo/transport/tcp/pair.cc:553] Connection closed by peer")

    monkeypatch.setattr(distributed, "all_reduce", closed)
    with pytest.raises(LostProcessError, match="--ckpt_path last"):
        Team(0, 2).all_reduce([torch.zeros(2)])


def test_processes_that_do_not_find_each_other_say_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(_: object) -> None:
        raise RuntimeError("Connection refused, remote=[127.0.0.1]:7059.")

    monkeypatch.setattr(DDPStrategy, "setup_distributed", refused)
    with pytest.raises(ConnectionError) as caught:
        TileStrategy().setup_distributed()
    line = one_line(caught.value)
    assert "can't reach each other (Connection refused, remote=[127.0.0.1]:7059). Each" in line
    assert "GLOO_SOCKET_IFNAME, such as eth0." in line


def command(folder: Path, *args: str) -> list[str]:
    given = ["--config", str(TINY), "--data.content=content.png", "--data.style=style.png"]
    given += ["--model.tiling.size=32", "--data.size=64", "--model.schedule.min_size=64"]
    given += [f"--trainer.default_root_dir={folder}", "--trainer.strategy=tiles"]
    return [sys.executable, "-m", "stylelightning", "fit", *given, *args]


def started(folder: Path, *args: str) -> subprocess.Popen[str]:
    """Begin a run, and wait for its first checkpoint."""
    process = subprocess.Popen(
        command(folder / "two", *args),
        cwd=folder,
        # below the ports that the system gives to others
        env={**os.environ, **ENVIRONMENT, "MASTER_PORT": str(20_000 + os.getpid() % 10_000)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 600
    while not list(folder.glob("two/tiny/version_0/checkpoints/*")):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return process


def pixels(folder: Path) -> Tensor:
    with Image.open(folder / "result.png") as picture:
        return torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).int()


def children(process: subprocess.Popen[str]) -> list[int]:
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="utf-8")
    return [int(each) for each in listed.split()]


def test_two_nodes_make_one_picture_and_one_measures_it(
    tmp_path: Path, content: Path, style: Path
) -> None:
    args = ("--trainer.devices=1", "--trainer.num_nodes=2", "--callbacks.metrics=FinalMetrics")
    port = str(20_000 + os.getpid() % 10_000)
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    nodes = [
        subprocess.Popen(
            command(tmp_path / "two", *args),
            cwd=tmp_path,
            env={**os.environ, **ENVIRONMENT, **meeting, "NODE_RANK": str(rank)},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for rank in range(2)
    ]
    try:
        said = [node.communicate(timeout=300)[0] for node in nodes]
    finally:
        for node in nodes:  # one alone would wait for the other
            node.kill()
            node.communicate()
    assert [node.returncode for node in nodes] == [0, 0], said
    assert said[1] == ""
    assert "The metrics" not in said[0]
    run = tmp_path / "two" / "tiny" / "version_0"
    assert "ssim" in json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    with contextlib.chdir(tmp_path):
        assert main(command(tmp_path / "one")[3:]) == 0
    assert (pixels(run) - pixels(tmp_path / "one" / "tiny" / "version_0")).abs().max() <= 1


def test_what_no_process_can_begin_is_said_once(tmp_path: Path, content: Path, style: Path) -> None:
    critic = "--model.losses.critic=AdversarialStyleLoss"
    ended = subprocess.run(
        command(tmp_path, "--trainer.devices=2", critic, "--model.losses.critic.layers=[level1]"),
        cwd=tmp_path,
        env={**os.environ, **ENVIRONMENT, "MASTER_PORT": str(20_000 + os.getpid() % 10_000)},
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 2
    (line,) = [each for each in ended.stderr.splitlines() if each.startswith("error")]
    assert "compares whole feature maps" in line


@pytest.mark.skipif(sys.platform != "linux", reason="finds the other process in /proc")
def test_a_lost_process_ends_the_run_which_goes_on_in_one(
    tmp_path: Path, content: Path, style: Path
) -> None:
    args = ("--model.schedule.steps=80", "--trainer.precision=64-true")
    process = started(tmp_path, *args, "--trainer.devices=2")
    (other,) = children(process)
    os.kill(other, signal.SIGKILL)
    began = time.monotonic()
    _, errors = process.communicate(timeout=120)
    assert time.monotonic() - began < 30
    assert process.returncode == 1
    lines = [line for line in errors.splitlines() if "error" in line]
    assert len(lines) == 1
    assert "Another process of this run was lost" in lines[0]
    assert len(pixels(tmp_path / "two" / "tiny" / "version_0")) == 64 * 48 * 3
    with contextlib.chdir(tmp_path):
        assert main(command(tmp_path / "two", *args, "--ckpt_path=last")[3:]) == 0
        assert main(command(tmp_path / "one", *args)[3:]) == 0
    assert "LOCAL_RANK" not in os.environ  # the next run is another team
    resumed = pixels(tmp_path / "two" / "tiny" / "version_1")
    assert (resumed - pixels(tmp_path / "one" / "tiny" / "version_0")).abs().max() <= 1


@pytest.mark.skipif(sys.platform != "linux", reason="finds the other process in /proc")
def test_a_helper_ends_by_itself_when_the_first_process_is_lost(
    tmp_path: Path, content: Path, style: Path
) -> None:
    process = started(tmp_path, "--model.schedule.steps=2000", "--trainer.devices=2")
    (other,) = children(process)
    process.kill()
    began = time.monotonic()
    while Path(f"/proc/{other}").exists():
        assert time.monotonic() - began < 30
        time.sleep(0.1)
    _, errors = process.communicate()
    assert [line for line in errors.splitlines() if "error" in line] == [
        "error: Another process of this run was lost. The picture so far and the checkpoint are "
        "kept: go on with --ckpt_path last, in any number of processes."
    ]


@pytest.mark.parametrize(
    ("variables", "first"),
    [
        ({}, True),
        ({"RANK": "0", "LOCAL_RANK": "0"}, True),
        ({"RANK": "2", "LOCAL_RANK": "0"}, False),
        ({"LOCAL_RANK": "1"}, False),
        ({"NODE_RANK": "1", "LOCAL_RANK": "0"}, False),
        ({"NODE_RANK": "0"}, True),
        ({"SLURM_PROCID": "3"}, False),
    ],
)
def test_the_first_process_is_known_by_what_started_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], first: bool
) -> None:
    for name in ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert helps("tiles") is not first
    assert helps("Tiles") is not first  # Lightning takes it for the same
    path = "stylelightning.execution.tile_strategy.TileStrategy"
    assert helps(SimpleNamespace(class_path=path)) is not first
    assert not helps("auto")


def test_a_command_of_several_runs_refuses_several_processes(
    content: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = [f"--data.content={content}", f"--data.style={style}", "--config", str(TINY)]
    args += ["--trainer.devices=2", "--trainer.strategy=tiles"]
    assert main(["plan", *args]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "One picture is made by one process here, got 2" in line


def test_a_run_on_several_machines_that_can_not_meet_is_refused(
    content: Path, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = [f"--data.content={content}", f"--data.style={style}", "--config", str(TINY)]
    args += [f"--trainer.default_root_dir={tmp_path / 'runs'}"]
    args += ["--trainer.num_nodes=2", "--trainer.strategy=tiles"]
    assert main(["fit", *args]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "`trainer.num_nodes` must be 1 where nothing says where the first machine is" in line
    assert not (tmp_path / "runs").exists()


def test_the_first_process_alone_warns(
    content: Path,
    style: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    args = ["fit", "--config", str(TINY), f"--data.content={content}", f"--data.style={style}"]
    args += ["--trainer.strategy=tiles", "--model.optimizer=LBFGS"]  # leaves out Adam's options
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(run, "help_to_make", lambda config, checkpoint: None)
    logger = logging.getLogger("stylelightning")
    level = logger.level
    try:
        assert main(args) == 0
    finally:
        logger.setLevel(level)
    assert "warning" not in capsys.readouterr().err
