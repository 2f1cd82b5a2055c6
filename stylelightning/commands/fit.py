"""``python -m stylelightning fit``: make a picture."""

import logging
import time
from collections.abc import Sequence

from stylelightning.cli.process import on_sigterm, set_up_process
from stylelightning.cli.resuming import program
from stylelightning.cli.run import Manner, fit

log = logging.getLogger(__name__)


def run(args: Sequence[str]) -> int:
    """Make the picture.

    Args:
        args: The options.
    """
    set_up_process()
    began = time.monotonic()
    with on_sigterm():
        fit(args, Manner(command=[*program(), "fit"]))
    log.info("done in %.0f s", time.monotonic() - began)
    return 0
