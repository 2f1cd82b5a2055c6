"""How a run that was stopped goes on."""

import logging
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lightning.pytorch.utilities.exceptions import SIGTERMException

from stylelightning.cli.console import WHOLE
from stylelightning.run.folder import RunFolder

log = logging.getLogger(__name__)

OPTION = "--ckpt_path"


@contextmanager
def says_how_to_go_on(folder: RunFolder, command: Sequence[str]) -> Iterator[None]:
    """Say in one line which command resumes a run, when Ctrl-C, SIGTERM or SIGHUP ends it.

    Args:
        folder: The run's folder.
        command: What was typed; none says nothing.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit, SIGTERMException):  # Lightning exits on Ctrl-C
        if command and folder.checkpoint.is_file():
            log.info(resuming(command), extra=WHOLE)
        elif command:
            log.info("stopped; no %s was written, so it can't be resumed", folder.checkpoint.name)
        raise


def resuming(command: Sequence[str]) -> str:
    """Return the command that resumes a run, quoted for a shell.

    Example:
        >>> resuming(["stylelightning", "fit", "--config", "my art.yaml"])
        "stylelightning fit --config 'my art.yaml' --ckpt_path last"

    Args:
        command: What was typed; another checkpoint in it is left out.
    """
    kept, words = [], iter(command)
    for word in words:
        if word == OPTION:
            next(words, None)
        elif not word.startswith(f"{OPTION}="):
            kept.append(word)
    return shlex.join([*kept, OPTION, "last"])


def program() -> list[str]:
    """Return the words that call this program: its name, or Python with the module's."""
    name = Path(sys.argv[0]).stem
    return [name] if name == "stylelightning" else [sys.orig_argv[0], "-m", "stylelightning"]
