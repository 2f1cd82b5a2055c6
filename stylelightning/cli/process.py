"""The process that makes runs, and what stops it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lightning.pytorch.utilities.exceptions import SIGTERMException

from stylelightning.callbacks.interrupt import listened_to
from stylelightning.cli.class_change import keep_options_on_class_change
from stylelightning.cli.console import set_up_console
from stylelightning.execution.allocator import keep_freed_memory
from stylelightning.execution.threads import choose_threads


def set_up_process() -> None:
    """Prepare a process for runs: its console, its memory, its threads, its parser."""
    set_up_console()
    keep_freed_memory()
    choose_threads()
    keep_options_on_class_change()


@contextmanager
def on_sigterm(error: type[BaseException] = SIGTERMException) -> Iterator[None]:
    """Raise an error when SIGTERM or SIGHUP comes; only the main thread can.

    Args:
        error: Its class; by default Lightning's own, with which it ends a run between two steps.
    """

    def terminate(number: int, frame: FrameType | None) -> None:
        raise error

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, terminate) for number in listened_to()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def exit_code_of_a_stop() -> Iterator[None]:
    """Exit with 130 on Ctrl-C and with 143 on SIGTERM and SIGHUP, where Lightning has 1 and 0.

    Raises:
        SystemExit: If either came.
    """
    try:
        yield
    except SIGTERMException as stop:
        raise SystemExit(143) from stop
    except KeyboardInterrupt as stop:
        raise SystemExit(130) from stop
    except SystemExit as stop:
        if isinstance(stop.__context__, KeyboardInterrupt):
            raise SystemExit(130) from stop
        raise
