"""A clip from its command line to its file."""

import logging
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

from lightning.pytorch.utilities.exceptions import SIGTERMException

from stylelightning import functional as F
from stylelightning.cli.clip_config import ClipConfig
from stylelightning.cli.config_keys import differing_keys
from stylelightning.cli.console import WHOLE
from stylelightning.cli.frame_runs import FrameRuns
from stylelightning.images import Encoding, try_encoding
from stylelightning.images.video_decoding import USUAL_RATE
from stylelightning.sweep.quiet import quiet_runs
from stylelightning.video.clip import Clip, mark_of, open_clip
from stylelightning.video.folder import ClipFolder, Survey
from stylelightning.video.motion import check_flow
from stylelightning.video.output import check_replaceable, is_folder, is_taken, write_output
from stylelightning.video.painting import ClipPainting
from stylelightning.video.progress import ClipProgress
from stylelightning.video.survey import survey_clip
from stylelightning.video.temporal import steadiness, write_chart, write_table

log = logging.getLogger(__name__)

SPEAKERS = ("stylelightning.video", "stylelightning.cli.clip")
"""Modules that say something while frames are painted; the runs of the frames are quiet."""


def paint_clip(config: ClipConfig, command: Sequence[str]) -> None:
    """Paint a clip, or go on with it, and write it.

    Args:
        config: What is asked for.
        command: What was typed, which goes on with a clip that was stopped.

    Raises:
        RunError: If the run of a frame failed after its first step.
        Exception: If the clip or a setting is not fit.
        SystemExit: If it was stopped.
    """
    check_flow()
    clip, passes = open_clip(config.clip), config.options.passes
    encoding = _encoding(clip, config)
    folder = ClipFolder.of_output(config.output)
    _begin(folder, config, clip)
    with quiet_runs(*SPEAKERS), _says_how_to_go_on(folder, passes, command):
        survey = _painted(folder, config, clip)
        if not folder.is_finished:
            _measure(folder, survey, passes)
        write_output(config.output, folder, survey, passes, encoding)
    folder.finish(passes)
    log.info("wrote %s", config.output)


def _painted(folder: ClipFolder, config: ClipConfig, clip: Clip) -> Survey:
    """Paint what is not painted."""
    try:
        survey = survey_clip(clip, folder, config.long_side, config.options.cut)
        shots = len(survey.shots)
        log.info(
            "%d frames in %s, %s", survey.count, "1 shot" if shots == 1 else f"{shots} shots",
            folder.path,
        )  # fmt: skip
        if folder.is_finished:  # and only the output is lost
            return survey
        begun = sum(folder.painted_frame(1, shot[0]).is_file() for shot in survey.shots)
        progress = ClipProgress(shots - begun)
        runs = FrameRuns(config.parser, config.first, config.later, folder, progress.step)
        try:
            ClipPainting(folder, survey, config.options, runs.paint, progress).run()
        finally:
            progress.close()
    except Exception:
        if not folder.has_work:
            folder.clear()  # nothing is lost
        raise
    return survey


def _encoding(clip: Clip, config: ClipConfig) -> Encoding:
    """Return how the video is written; it is tried with a first frame."""
    rate = config.options.frames_per_second
    chosen = None if rate is None else Fraction(rate).limit_denominator(1001)
    encoding = Encoding(clip.rate or chosen or USUAL_RATE, config.codec, clip.sound)
    if is_folder(config.output):
        return encoding
    first = next(clip.frames(), None)
    if first is not None:
        height, width = first.shape[2:]
        long_side = config.long_side or max(height, width)
        height, width = F.fit_long_side(height, width, long_side)
        size = max(2, width // 2 * 2), max(2, height // 2 * 2)
        try_encoding(config.output, size, encoding)
    return encoding


def _begin(folder: ClipFolder, config: ClipConfig, clip: Clip) -> None:
    """Make the clip's folder, or find the one to go on with.

    Raises:
        ValueError: If something is in the way that shall not be replaced or removed.
    """
    check_replaceable(config.output)
    folder.check_own(clip.path)
    text = config.text + "".join(
        f"# {mark}\n" for mark in (clip.mark(), *map(mark_of, config.files))
    )
    before = folder.settings.read_text(encoding="utf-8") if folder.settings.is_file() else None
    taken = is_taken(config.output)
    if before == text and not (taken and folder.is_finished):
        if folder.has_work:
            log.info("goes on with %s", folder.path)
        return
    if before not in (None, text) and folder.has_work and not config.overwrite:
        keys = differing_keys(before, text) or ["the clip, or a file of its config"]
        raise ValueError(
            f"{folder.path} holds frames that were painted with other settings "
            f"({', '.join(keys)}): give them again, another --output, or --overwrite to begin anew."
        )
    if taken and not config.overwrite:
        raise ValueError(
            f"The output {config.output} is there already: give another name, or --overwrite."
        )
    folder.begin(text)


def _measure(folder: ClipFolder, survey: Survey, passes: int) -> None:
    """Say how steady the frames are, and keep it as a table and a chart."""
    found = steadiness(folder, survey, passes)
    write_table(folder.table, found)
    write_chart(folder.chart, found)
    if found.frames:
        painted, own = found.means
        log.info("temporal error %.4f, the clip's own %.4f: %s", painted, own, folder.table)


@contextmanager
def _says_how_to_go_on(folder: ClipFolder, passes: int, command: Sequence[str]) -> Iterator[None]:
    """Say which command goes on with a clip, when Ctrl-C, SIGTERM or SIGHUP ends it."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, SIGTERMException):  # Lightning exits on Ctrl-C
        done = sum(folder.painted_count(each) for each in range(1, passes + 1))
        log.info("stopped: %d painted frames are in %s; this goes on:", done, folder.path)
        log.info(shlex.join(command), extra=WHOLE)
        raise
