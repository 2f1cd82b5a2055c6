"""``python -m stylelightning fit``: make a picture."""

import logging
import time
from collections.abc import Sequence

from stylelightning.cli.first_look import check_run
from stylelightning.cli.presets import with_preset

log = logging.getLogger(__name__)


def run(args: Sequence[str]) -> int:
    """Make the picture.

    Args:
        args: The options.
    """
    began = time.monotonic()
    args = with_preset(args)
    check_run(args)
    # these import torch: seconds
    from stylelightning.cli.manner import Manner
    from stylelightning.cli.process import on_sigterm, set_up_process
    from stylelightning.cli.resuming import program
    from stylelightning.cli.run import fit

    set_up_process()
    with on_sigterm():
        fit(args, Manner(command=[*program(), "fit"]))
    log.info("done in %.0f s", time.monotonic() - began)
    return 0
