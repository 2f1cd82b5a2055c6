"""Runs in processes of their own, which do not import the program again."""

import contextlib
import os
import sys
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from stylelightning.__main__ import main
from tests.conftest import TINY

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["stylelightning.cli.run", "tests.run.forks"])


def start(folder: Path, *args: str) -> ForkServerProcess:
    """Begin a run of the tiny config: a fork of a process that has imported and done nothing else.

    Args:
        folder: Where it works. There are ``../content.png`` and ``../style.png``.
        args: Further options.
    """
    folder.mkdir(exist_ok=True)
    process = FORKS.Process(target=_run, args=(str(folder), *args))
    process.start()
    return process


def signal_to(process: ForkServerProcess, number: int) -> None:
    """Send a signal to a run."""
    assert process.pid is not None
    os.kill(process.pid, number)


def ended(process: ForkServerProcess) -> int | None:
    """Wait for the end of a run and return its exit code, below zero that of a signal."""
    process.join()
    return process.exitcode


def _run(folder: str, *args: str) -> None:
    os.chdir(folder)
    given = ["--config", str(TINY), "--data.content=../content.png", "--data.style=../style.png"]
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123
        sys.exit(main(["fit", *given, *args]))
