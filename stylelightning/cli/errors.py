"""How a command ends: its exit code, and an error in one line. Nothing of torch is imported."""

import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylelightning.cli.answer import reader_is_gone
from stylelightning.cli.parser_errors import unwrap


class UsageError(SystemExit):
    """A mistake on the command line or in a config; exit code 2.

    Args:
        line: What is wrong and the way out.
    """

    def __init__(self, line: str) -> None:
        super().__init__(2)
        self.line = line


class RunError(Exception):
    """A run failed after it began, so that its picture is written; exit code 1.

    Args:
        error: Why it failed.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


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


def attempt(work: Callable[[], object], raises: bool = True) -> Outcome:
    """Do some work and say how it ended; Ctrl-C goes on to the caller.

    Args:
        work: What is to be done.
        raises: Whether an error in a run that no user can mend is raised. All are if the
            environment has ``STYLELIGHTNING_DEBUG``.

    Raises:
        Exception: Such an error.
    """
    try:
        return Outcome(0, value=work())
    except UsageError as mistake:
        return Outcome(2, mistake.line)
    except SystemExit as stop:
        code = stop.code or 0
        return Outcome(code) if isinstance(code, int) else Outcome(1, code)
    except RunError as failure:
        error, running = failure.error, True
    except Exception as failure:
        if isinstance(failure, BrokenPipeError) and reader_is_gone():  # `| head`
            return Outcome(0)
        error, running = failure, False
    if os.environ.get("STYLELIGHTNING_DEBUG") or (raises and running and not is_mendable(error)):
        raise error
    return Outcome(1 if running else 2, one_line(error))


def is_mendable(error: Exception) -> bool:
    """Return whether a run failed for a reason that its user can do something about.

    Args:
        error: Why it failed.
    """
    from stylelightning.execution.team import LostProcessError
    from stylelightning.losses.blame import LossError
    from stylelightning.module import DivergenceError
    from stylelightning.run.calibration import CalibrationError  # these import torch

    kinds = OSError | DivergenceError | CalibrationError | LossError | LostProcessError
    return isinstance(error, kinds) or _out_of_memory(error) or _of_compiler(error)


def _out_of_memory(error: Exception) -> bool:
    import torch

    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _of_compiler(error: Exception) -> bool:
    """Return whether torch's compiler, and not what it compiled, failed."""
    files = (frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(Path(file).parent.name == "_inductor" for file in files)


def one_line(error: Exception) -> str:
    """Return an error in one line, for a user.

    Args:
        error: What went wrong.
    """
    text = unwrap(" ".join(str(error).split()))
    if isinstance(error, OSError) and error.strerror and not error.filename:
        text = " ".join(str(error.strerror).split())  # without "[Errno 28]"
    elif isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}."
    if text == "embedded null byte":
        return "A path has a null character in it, which no file's name has: take it out."
    if _of_compiler(error):
        return (
            f"`model.compile` can't compile this network here ({type(error).__name__}: {text}): "
            "run it with --model.compile false."
        )
    if isinstance(error, OSError | ValueError):
        return text
    if _out_of_memory(error):
        return f"Out of memory: use --model.tiling auto or a smaller --data.size. {text}"
    if is_mendable(error):
        return text
    return f"{type(error).__name__}: {text.rstrip('.')}. STYLELIGHTNING_DEBUG=1 shows where."
