"""The first look through a clip: its frames at their size, how they move, where shots begin."""

import logging
from itertools import pairwise

from torch import Tensor

from stylelightning import functional as F
from stylelightning.video.clip import Clip
from stylelightning.video.folder import ClipFolder, Survey, read_frame, write_frame
from stylelightning.video.motion import SMALLEST_SIDE, Motion, motion

log = logging.getLogger(__name__)


def survey_clip(clip: Clip, folder: ClipFolder, long_side: int | None, cut: float) -> Survey:
    """Bring a clip's frames to their size, one by one, and find out how they move.

    What was found out before stays as it is.

    Args:
        clip: The clip.
        folder: Where its frames and what is found are kept.
        long_side: Longer side of the frames in pixels; None for their own.
        cut: Least part of a frame's pixels that must be found in the frame before; else a new shot
            begins.

    Raises:
        OSError: If a frame can't be read or written.
        ValueError: If a frame is broken, too small or of another size, or there are none or one.
    """
    known = folder.survey()
    if known is not None:
        return known
    count = _write_frames(clip, folder, long_side)
    if count < 2:
        raise ValueError(
            f"A clip must have at least two frames, {clip.path} has {count or 'none'}: a picture "
            "is made by `paint` and `fit`."
        )
    log.info("%d frames: looking how they move", count)
    reliable, changes = [0.0], [0.0]
    for before, number in pairwise(range(count)):
        last, frame = (read_frame(folder.content_frame(each)) for each in (before, number))
        moved = motion(frame, last)
        reliable.append(moved.reliable)
        changes.append(temporal_error(frame, last, moved))
    starts = [0, *(n for n in range(1, count) if reliable[n] < cut)]
    found = Survey(reliable, changes, starts)
    folder.write_survey(found)
    return found


def temporal_error(frame: Tensor, before: Tensor, moved: Motion) -> float:
    r"""Return how much a frame differs from the one before, where pixels can be followed.

    .. math:: E = \frac{\sum_p c(p) \, |x_i(p) - W(p)|}{\sum_p c(p)}

    with the mean over colours as the absolute value.

    Args:
        frame: The frame, (1, 3, H, W) in [0, 1].
        before: The one before.
        moved: Where its pixels were in the one before.

    Returns:
        The mean difference; 0 where nothing can be followed.
    """
    difference = (frame - F.warp(before, moved.flow)).abs().mean(1, keepdim=True)
    total = float(moved.trust.sum())
    return float((moved.trust * difference).sum()) / total if total else 0.0


def _write_frames(clip: Clip, folder: ClipFolder, long_side: int | None) -> int:
    """Write the frames at their size, but for those that are there; return how many there are."""
    count = 0
    for count, frame in enumerate(clip.frames(), 1):
        path = folder.content_frame(count - 1)
        if path.is_file():
            continue
        height, width = frame.shape[2:]
        size = F.fit_long_side(height, width, long_side or max(height, width))
        if min(size) < SMALLEST_SIDE:
            raise ValueError(
                f"The frames of a clip must have sides of at least {SMALLEST_SIDE} pixels, here "
                f"{size[1]}x{size[0]}: give a larger --data.size."
            )
        write_frame(path, F.resize(frame, size))
    return count
