"""``python -m stylelightning video``: a clip, frame by frame."""

import logging
import time
from collections.abc import Sequence

from stylelightning.cli.first_look import check_clip
from stylelightning.cli.presets import with_preset

log = logging.getLogger(__name__)

PRESET = "video/clip"
"""The preset of a clip that is given no config."""
SHORT = {"--content": "--data.content", "--style": "--data.style"}
"""Options that may be called by shorter names here."""


def run(args: Sequence[str]) -> int:
    """Paint the clip, or go on with it.

    Args:
        args: The options.

    Raises:
        Exception: If a path, an option or a frame is not fit.
    """
    began = time.monotonic()
    typed, args = args, with_preset(long_names(args), PRESET)
    check_clip(args)
    # these import torch: seconds
    from stylelightning.cli.clip_config import read_clip_config
    from stylelightning.cli.clip_run import paint_clip
    from stylelightning.cli.process import exit_code_of_a_stop, on_sigterm, set_up_process
    from stylelightning.cli.resuming import program

    set_up_process()
    with exit_code_of_a_stop(), on_sigterm():
        paint_clip(read_clip_config(args), [*program(), "video", *typed])
    log.info("done in %.0f s", time.monotonic() - began)
    return 0


def long_names(args: Sequence[str]) -> list[str]:
    """Return options with their whole names.

    Example:
        >>> long_names(["--content", "clip.mp4", "--style=art.jpg"])
        ['--data.content', 'clip.mp4', '--data.style=art.jpg']

    Args:
        args: The options.
    """
    pairs = [arg.partition("=") for arg in args]
    return [f"{SHORT.get(key, key)}{sign}{value}" for key, sign, value in pairs]
