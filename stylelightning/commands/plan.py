"""``python -m stylelightning plan``: what a run would take, time and memory."""

from collections.abc import Sequence

from lightning.pytorch.utilities.exceptions import SIGTERMException

from stylelightning.cli.answer import write_answer
from stylelightning.cli.process import on_sigterm, set_up_process
from stylelightning.cli.run import plan


def run(args: Sequence[str]) -> int:
    """Answer it.

    Args:
        args: The options of ``fit``.
    """
    set_up_process()
    with on_sigterm(SIGTERMException):
        text = plan(args)
    write_answer(f"{text}\n")
    return 0
