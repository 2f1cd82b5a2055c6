"""One command line from start to exit code."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import torch
from lightning.pytorch.utilities.exceptions import SIGTERMException

from stylelightning.allocator import keep_freed_memory
from stylelightning.calibration import CalibrationError
from stylelightning.class_change import keep_options_on_class_change
from stylelightning.cli.console import set_up_console
from stylelightning.cli.fit import CLI, PlanCLI
from stylelightning.cli.parser import UsageError
from stylelightning.cli.parser_errors import unwrap
from stylelightning.module import DivergenceError
from stylelightning.run_folder import MadeFolders

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How some work ended.

    Args:
        code: Exit code.
        error: What went wrong, in one line.
        value: What the work returned, if it did.
    """

    code: int
    error: str = ""
    value: Any = None


def run(args: list[str] | None = None) -> int:
    """Run a command line.

    Args:
        args: The command and its options; ``sys.argv`` by default.

    Returns:
        Exit code: 0 done, 1 failed run, 2 bad command line or input, 130 and 143 stopped by
        Ctrl-C and SIGTERM. ``STYLELIGHTNING_DEBUG=1`` shows the traceback of every error.

    Raises:
        Exception: An error in the run that no user can mend; its picture is written.
    """
    set_up_process()
    began = time.monotonic()
    given = sys.argv[1:] if args is None else args
    with on_sigterm(SIGTERMException):  # Lightning has its own while a run steps
        if given[:1] == ["plan"]:
            outcome = attempt(lambda made: _plan(made, given[1:]))
        else:
            outcome = attempt(lambda made: CLI(made, args))
    if outcome.error:
        sys.stderr.write(f"error: {outcome.error}\n")
    elif outcome.code == 0 and given[:1] != ["plan"]:
        log.info("done in %.0f s", time.monotonic() - began)
    return outcome.code


def set_up_process() -> None:
    """Prepare a process for runs: its console, its memory, its parser."""
    set_up_console()
    keep_freed_memory()
    keep_options_on_class_change()


def attempt(work: Callable[[MadeFolders], object], raises: bool = True) -> Outcome:
    """Do some work and say how it ended.

    Args:
        work: What makes a run; it gets what takes note of the folders that it makes. Those of a
            run that did not start are removed.
        raises: Whether errors that no user can mend are raised.

    Raises:
        Exception: Such an error.
    """
    made = MadeFolders()
    try:
        value = work(made)
    except SIGTERMException:
        made.remove_empty()
        return Outcome(143)
    except UsageError as error:
        made.remove_empty()
        return Outcome(2, error.line)
    except SystemExit as stop:
        made.remove_empty()
        interrupted = isinstance(stop.__context__, KeyboardInterrupt)
        return Outcome(130 if interrupted else int(stop.code or 0))
    except KeyboardInterrupt:
        made.remove_empty()
        return Outcome(130)
    except Exception as error:
        running = not made.remove_empty()
        if os.environ.get("STYLELIGHTNING_DEBUG") or (raises and running and not _mendable(error)):
            raise
        return Outcome(1 if running else 2, _explain(error))
    return Outcome(0, value=value)


@contextmanager
def on_sigterm(error: type[BaseException]) -> Iterator[None]:
    """Raise an error when SIGTERM comes; only the main thread can.

    Args:
        error: Its class.
    """

    def terminate(number: int, frame: FrameType | None) -> None:
        raise error

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _plan(made: MadeFolders, options: list[str]) -> None:
    PlanCLI(made, ["fit", *options])
    made.remove_empty()


def _mendable(error: Exception) -> bool:
    """Return whether a run failed for a reason that its user can do something about."""
    return isinstance(error, OSError | DivergenceError | CalibrationError) or _out_of_memory(error)


def _out_of_memory(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _explain(error: Exception) -> str:
    """Return the error in one line."""
    text = unwrap(" ".join(str(error).split()))
    if isinstance(error, OSError) and error.strerror and not error.filename:
        text = " ".join(str(error.strerror).split())  # without "[Errno 28]"
    if _out_of_memory(error):
        return f"Out of memory: use a smaller --data.size. {text}"
    if not isinstance(error, OSError | ValueError | DivergenceError):
        return f"{type(error).__name__}: {text}. STYLELIGHTNING_DEBUG=1 shows where."
    return text
