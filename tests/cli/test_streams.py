"""A terminal, a pipe or a disk that is gone in the middle: no traceback, and the work is done."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stylelightning.images import read_picture
from tests.conftest import TINY

PATIENCE = 120
"""Seconds that a busy machine may take to begin a run, or to end it."""
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line in which ``$S`` is the program; its exit code is the program's."""
    program = f"{sys.executable} -m stylelightning"
    return subprocess.run(
        ["bash", "-c", f"S='{program}'; {line}; exit ${{PIPESTATUS[0]}}"],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "end"), [("--help", "| true"), ("list losses", ">&-"), ("--version", "2>&-")]
)
def test_a_reader_that_has_had_enough_is_no_error(tmp_path: Path, command: str, end: str) -> None:
    done = shell(f"$S {command} {end}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    done = shell("$S --version > /dev/full", tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: No space left on device\n"


@pytest.mark.parametrize("end", ["2>&-", "2>/dev/full"])
def test_a_mistake_has_its_exit_code_where_nobody_reads(tmp_path: Path, end: str) -> None:
    assert shell(f"$S fit --nope {end}", tmp_path).returncode == 2


@pytest.mark.parametrize("end", ["| head -1", ">&- 2>&-"])
def test_a_run_goes_on_without_its_terminal(
    tmp_path: Path, content: Path, style: Path, end: str
) -> None:
    given = f"--config {TINY} --data.content {content} --data.style {style}"
    done = shell(f"$S fit {given} {end}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert read_picture(tmp_path / "runs/tiny/version_0/result.png").width == 32


def begin(folder: Path, *command: str) -> "subprocess.Popen[bytes]":
    """Start a program that hears SIGHUP, even if the tests run where it is ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        return subprocess.Popen([*command], cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("ignored", [False, True], ids=["terminal", "nohup"])
def test_a_closed_terminal_leaves_picture_and_checkpoint(
    tmp_path: Path, content: Path, style: Path, ignored: bool
) -> None:
    steps = 20 if ignored else 5000
    given = ["--config", str(TINY), f"--data.content={content}", f"--data.style={style}"]
    given += [f"--model.schedule.steps={steps}"]
    ahead = ["nohup"] if ignored else []
    process = begin(tmp_path, *ahead, sys.executable, "-m", "stylelightning", "fit", *given)
    run = tmp_path / "runs" / "tiny" / "version_0"
    wait_for(run / "checkpoints" / "last.ckpt", process)
    process.send_signal(signal.SIGHUP)
    assert process.wait(PATIENCE) == (0 if ignored else 143)
    assert (run / "result.png").is_file()
    rows = (run / "losses.csv").read_text().splitlines()
    assert (int(rows[-1].split(",")[0]) == 2 * steps) is ignored


def test_a_closed_terminal_stops_a_sweep_that_can_go_on(
    tmp_path: Path, content: Path, style: Path
) -> None:
    given = ["--config", str(TINY), f"--contents={content}", f"--styles={style}"]
    given += ["--model.schedule.steps=5000"]
    process = begin(tmp_path, sys.executable, "-m", "stylelightning", "batch", *given)
    run = tmp_path / "runs" / "batch" / "content_style"
    for _ in range(PATIENCE * 20):
        if list((tmp_path / "runs").glob("**/last.ckpt")):
            break
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGHUP)
    assert process.wait(PATIENCE) == 130
    assert list((tmp_path / "runs").glob("**/result.png")), run


def wait_for(path: Path, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(PATIENCE * 20):
        if path.is_file():
            return
        assert process.poll() is None
        time.sleep(0.05)
    raise AssertionError(f"{path} was not written.")
