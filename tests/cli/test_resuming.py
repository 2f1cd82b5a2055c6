"""The command that resumes a run."""

import shlex
import signal
import sys
from typing import Any

import pytest
from lightning.pytorch import Callback, Trainer

from stylelightning.cli.resuming import program, resuming
from tests.conftest import Run

Capture = pytest.CaptureFixture[str]


class Stops(Callback):
    """Sends a signal in the middle of the third step."""

    def __init__(self, number: int) -> None:
        self.number = number

    def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
        if trainer.global_step == 2:
            signal.raise_signal(signal.Signals(self.number))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_last_line_of_a_stopped_run_resumes_it(
    run: Run, capsys: Capture, number: int, code: int
) -> None:
    stop = f"--callbacks.stop={__name__}.Stops"
    run(stop, f"--callbacks.stop.number={int(number)}", "--ckpt_path", "last", code=code)
    words = shlex.split(capsys.readouterr().out.splitlines()[-1])
    assert words[:4] == [sys.orig_argv[0], "-m", "stylelightning", "fit"]
    assert words[-2:] == ["--ckpt_path", "last"]
    assert words.count("--ckpt_path") == 1
    assert stop in words
    folder = run("--callbacks.stop=null", *words[-2:])
    rows = (folder / "losses.csv").read_text().splitlines()[1:]
    assert rows[-1].startswith("6,")
    assert folder.name == "version_1"


def test_a_run_without_checkpoints_says_that_it_cannot_be_resumed(
    run: Run, capsys: Capture
) -> None:
    stop = [f"--callbacks.stop={__name__}.Stops", f"--callbacks.stop.number={int(signal.SIGINT)}"]
    run(*stop, "--trainer.enable_checkpointing=false", code=130)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "stopped; no last.ckpt was written, so it can't be resumed"


@pytest.mark.parametrize("given", [["--ckpt_path", "old one.ckpt"], ["--ckpt_path=old.ckpt"], []])
def test_the_command_is_quoted_and_names_one_checkpoint(given: list[str]) -> None:
    command = ["stylelightning", "fit", *given, "--name", "it's mine"]
    line = resuming(command)
    expected = ["stylelightning", "fit", "--name", "it's mine", "--ckpt_path", "last"]
    assert shlex.split(line) == expected


def test_the_installed_program_goes_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/stylelightning", "fit"])
    assert program() == ["stylelightning"]
