"""Runs that fail or are stopped: their exit codes, and the picture that is there."""

import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from stylelightning.images import read_picture
from tests.conftest import TINY, Run

Capture = pytest.CaptureFixture[str]


def test_a_full_disk_ends_the_run_in_one_line(
    run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace

    def full(source: str, target: str) -> None:
        if "step_000003" in str(target):  # of the snapshots
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    folder = run(code=1)
    error = capsys.readouterr().err
    assert "No space left on device" in error
    assert "Traceback" not in error
    assert read_picture(folder / "result.png").pixels.isfinite().all()
    assert not [path for path in folder.rglob(".*") if path.is_file()]  # what is half written


def test_a_result_that_cannot_be_written_goes_elsewhere(
    run: Run, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.png"
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    real = os.replace

    def refuse(source: str, target: str) -> None:
        if Path(target) == output:
            raise PermissionError(13, "Permission denied")
        real(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    folder = run("--output", str(output), code=1)
    (spare,) = tmp_path.glob("stylelightning-*/out.png")
    assert spare.read_bytes() == (folder / "result.png").read_bytes()
    assert f"the picture is in {spare}" in capsys.readouterr().err


def test_a_diverging_run_stops_and_keeps_its_best_picture(run: Run, capsys: Capture) -> None:
    folder = run(
        "--model.optimizer=SGD", "--model.optimizer.lr=1e8",
        "--model.schedule.steps=20", code=1,
    )  # fmt: skip
    error = capsys.readouterr().err
    assert "The run diverged at step" in error
    assert "--model.optimizer.lr 1e+07; it is 1e+08" in error
    assert "Traceback" not in error
    assert read_picture(folder / "result.png").pixels.std() > 0.05  # not all one colour
    # a lost picture is neither shown nor kept for a resume
    checkpoint = folder / "checkpoints" / "last.ckpt"
    state = torch.load(checkpoint, weights_only=True)["state_dict"]
    assert state["canvas.parametrization.image"].isfinite().all()


def test_a_lost_picture_that_nobody_watches_is_written_in_gray(run: Run, capsys: Capture) -> None:
    folder = run(
        "--model.losses.style.weight=1e39", "--callbacks.divergence=null",
        "--callbacks.checkpoint=null", "--trainer.enable_checkpointing=false",
    )  # fmt: skip
    assert "not numbers; they are gray" in capsys.readouterr().err
    assert (folder / "result.png").is_file()


def test_an_unexpected_error_keeps_its_traceback_and_the_picture(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.py").write_text(
        "from lightning.pytorch import Callback\n\n\n"
        "class Broken(Callback):\n"
        "    def on_train_batch_end(self, trainer, *args):\n"
        "        (0 if trainer.global_step > 2 else [1.0])[0]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TypeError, match="not subscriptable"):
        run("--callbacks.broken=broken.Broken")
    assert (tmp_path / "runs" / "tiny" / "version_0" / "result.png").is_file()


def test_a_compiler_that_fails_gets_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "_inductor").mkdir()
    (tmp_path / "_inductor" / "lowering.py").write_text(
        "def fail(*args, **options):\n    raise AssertionError('no such operation')\n"
    )
    monkeypatch.syspath_prepend(tmp_path / "_inductor")
    fail = importlib.import_module("lowering").fail
    monkeypatch.setattr(torch, "compile", lambda *args, **options: fail)
    run("--model.compile=default", code=1)
    (error,) = capsys.readouterr().err.splitlines()
    assert "can't compile this network here (AssertionError: no such operation)" in error
    assert error.endswith("run it with --model.compile false.")
    assert (tmp_path / "runs" / "tiny" / "version_0" / "result.png").is_file()


def test_debug_shows_the_traceback_of_every_error(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STYLELIGHTNING_DEBUG", "1")
    with pytest.raises(ValueError, match=r"`data.size` must be"):
        run("--data.size", "0")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
def test_a_stopped_run_leaves_its_picture(
    tmp_path: Path, content: Path, style: Path, number: signal.Signals, code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "stylelightning", "fit", "--config", str(TINY),
         "--data.content", str(content), "--data.style", str(style),
         "--model.schedule.steps", "100000", "--output", "out.png"],
        cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    table = tmp_path / "runs" / "tiny" / "version_0" / "losses.csv"
    deadline = time.monotonic() + 60
    while not (table.is_file() and len(table.read_text().splitlines()) > 3):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    _, error = process.communicate(timeout=180)
    assert process.returncode == code
    assert "Traceback" not in error
    assert (tmp_path / "out.png").read_bytes() == (table.parent / "result.png").read_bytes()
