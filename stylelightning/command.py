"""One command line from start to exit code."""

import logging
import os
import sys
import time

import torch
from lightning.pytorch.utilities.exceptions import SIGTERMException

from stylelightning.allocator import keep_freed_memory
from stylelightning.calibration import CalibrationError
from stylelightning.cli import CLI, PlanCLI
from stylelightning.console import set_up_console
from stylelightning.module import DivergenceError
from stylelightning.parser import drop_init_args_on_class_change
from stylelightning.parser_errors import unwrap
from stylelightning.run_folder import MadeFolders

log = logging.getLogger(__name__)


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
    set_up_console()
    keep_freed_memory()
    drop_init_args_on_class_change()
    began = time.monotonic()
    made = MadeFolders()
    given = sys.argv[1:] if args is None else args
    planned = given[:1] == ["plan"]
    try:
        if planned:
            PlanCLI(made, ["fit", *given[1:]])
            made.remove_empty()
        else:
            CLI(made, args)
    except SIGTERMException:
        return 143
    except SystemExit as stop:
        made.remove_empty()
        interrupted = isinstance(stop.__context__, KeyboardInterrupt)
        return 130 if interrupted else int(stop.code or 0)
    except KeyboardInterrupt:
        made.remove_empty()
        return 130
    except Exception as error:
        running = not made.remove_empty()
        if os.environ.get("STYLELIGHTNING_DEBUG") or (running and not _mendable(error)):
            raise
        sys.stderr.write(f"error: {_explain(error)}\n")
        return 1 if running else 2
    if not planned:
        log.info("done in %.0f s", time.monotonic() - began)
    return 0


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
