"""A run that is killed at any moment goes on to the very picture of one that was not."""

import random
import signal
import sys
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
import torch
import yaml

from stylelightning.images import read_config, read_picture, write_picture
from tests.conftest import smooth_picture
from tests.run import forks
from tests.run.forks import ended

KILLS = 50
STEPS = 100
"""Steps of the run, at two scales; its checkpoint is written every 2."""


def start(folder: Path, *args: str) -> ForkServerProcess:
    steps = [f"--model.schedule.steps={STEPS // 2}", "--callbacks.checkpoint.every_n_steps=2"]
    return forks.start(folder, *steps, *args)


def whole_files(folder: Path) -> int:
    """Read every file of a folder, and return how many there are; a torn one is an error."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    for path in paths:
        if path.suffix == ".png":
            read_picture(path)
        elif path.suffix == ".ckpt":
            torch.load(path, weights_only=True)
        elif path.name == "config.yaml":
            assert yaml.safe_load(path.read_text())["name"] == "tiny"
    return len(paths)


@pytest.mark.slow
def test_fifty_kills_change_no_pixel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_picture(tmp_path / "content.png", smooth_picture(24, 32, seed=1))
    write_picture(tmp_path / "style.png", smooth_picture(32, 32, seed=2))
    began = time.monotonic()
    assert ended(start(tmp_path / "first")) == 0  # the program is imported for all by now
    second = time.monotonic()
    assert ended(start(tmp_path / "whole")) == 0
    seconds = time.monotonic() - second
    (path,) = (tmp_path / "whole").rglob("result.png")
    whole, moments = path.read_bytes(), random.Random(0)
    run_began = killed = steps_kept = files = 0
    for number in range(KILLS):
        folder = tmp_path / f"{number}"
        process = start(folder)
        time.sleep(moments.uniform(0, 0.95) * seconds)
        process.kill()
        in_time = ended(process) == -signal.SIGKILL
        killed += in_time
        seconds *= 1 if in_time else 0.8  # it was done by then: the machine has become faster
        run_began += (folder / "runs").exists()
        files += whole_files(folder)
        for checkpoint in folder.rglob("last.ckpt"):
            steps_kept += torch.load(checkpoint, weights_only=True)["global_step"]
        assert ended(start(folder, "--ckpt_path", "last")) == 0
        result = max(folder.rglob("result.png"), key=lambda found: found.parent.name)
        assert torch.equal(read_picture(result).pixels, read_picture(path).pixels), number
        assert read_config(result) == read_config(path)
        assert result.read_bytes() == whole
        files += whole_files(folder)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{KILLS} kills, the last within {seconds:.1f} s: {killed} in time, {run_began} "
            f"after the run's folder was made, {steps_kept} steps in their checkpoints, {files} "
            f"files read and whole, {KILLS} pictures equal; {time.monotonic() - began:.0f} s in "
            "all\n"
        )
    assert killed > KILLS // 2
