"""How steady a painted clip is, beside the clip itself: a table and a chart."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from stylelightning.files.atomic import write_atomically
from stylelightning.images import write_picture
from stylelightning.video.folder import ClipFolder, Survey, read_frame
from stylelightning.video.motion import motion
from stylelightning.video.survey import temporal_error

WIDTH, HEIGHT, MARGIN, TEXT = 720, 260, 48, 14
INK, PALE, PAINTED, OWN = (40, 40, 40), (215, 215, 215), (190, 80, 40), (66, 113, 158)


@dataclass(frozen=True)
class Steadiness:
    """The temporal errors of a painted clip and of the clip itself.

    Args:
        frames: Numbers of the frames that have one before them in their shot, from 0.
        reliable: The part of each one's pixels that can be followed.
        painted: Its temporal error, as painted: see ``survey.temporal_error``.
        own: That of the clip itself.
    """

    frames: Sequence[int]
    reliable: Sequence[float]
    painted: Sequence[float]
    own: Sequence[float]

    @property
    def means(self) -> tuple[float, float]:
        """Mean of the painted clip's errors, and of the clip's own."""
        count = max(1, len(self.frames))
        return sum(self.painted) / count, sum(self.own) / count


def steadiness(folder: ClipFolder, survey: Survey, pass_: int) -> Steadiness:
    """Return how steady the frames are that a pass has painted.

    Args:
        folder: The clip's folder.
        survey: What is known of it.
        pass_: Number of the pass.
    """
    frames = [number for shot in survey.shots for number in shot[1:]]
    errors = []
    for number in frames:
        content, before = (read_frame(folder.content_frame(n)) for n in (number, number - 1))
        painted, last = (read_frame(folder.painted_frame(pass_, n)) for n in (number, number - 1))
        errors.append(temporal_error(painted, last, motion(content, before)))
    return Steadiness(
        frames,
        [survey.reliable[number] for number in frames],
        errors,
        [survey.changes[number] for number in frames],
    )


def write_table(path: Path, found: Steadiness) -> None:
    """Write the errors as a table: frames are numbered from 1, as their files are.

    Args:
        path: Path of the CSV file.
        found: The errors.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("frame", "reliable", "painted_error", "clip_error"))
    rows = zip(found.frames, found.reliable, found.painted, found.own, strict=True)
    writer.writerows(
        (n + 1, f"{part:.4f}", f"{ours:.6f}", f"{own:.6f}") for n, part, ours, own in rows
    )
    write_atomically(path, text.getvalue().encode())


def write_chart(path: Path, found: Steadiness) -> None:
    """Write the errors over the frames as a picture.

    Args:
        path: Path of the PNG file.
        found: The errors.
    """
    image = draw_chart(found)
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
    write_picture(path, pixels.float() / 255)


def draw_chart(found: Steadiness) -> Image.Image:
    """Return a chart of the errors over the frames.

    Args:
        found: The errors.
    """
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(TEXT)
    left, right, top, foot = MARGIN + 8, WIDTH - 16, MARGIN, HEIGHT - 32
    highest = max([*found.painted, *found.own, 1e-6])
    last = max([*found.frames, 1])
    for part in (0.0, 0.5, 1.0):
        height = foot - part * (foot - top)
        draw.line((left, height, right, height), PALE)
        draw.text((left - 6, height), f"{part * highest:.2g}", INK, font, anchor="rm")
    for number in sorted({1, last}):
        place = left + number / last * (right - left)
        draw.text((place, foot + 6), f"{number + 1}", INK, font, anchor="mt")
    draw.text(((left + right) / 2, foot + 6), "frame", INK, font, anchor="mt")
    ours, own = found.means
    words = (
        (f"painted: {ours:.2g}", PAINTED, found.painted),
        (f"the clip: {own:.2g}", OWN, found.own),
    )
    place = float(left)
    for text, colour, values in words:
        draw.line((place, 20, place + 24, 20), colour, 3)
        draw.text((place + 32, 20), text, INK, font, anchor="lm")
        place += 56 + font.getlength(text)
        for n, (number, value) in enumerate(zip(found.frames, values, strict=True)):
            at = _at(number, value, last, highest)
            if n and found.frames[n - 1] == number - 1:
                before = _at(number - 1, values[n - 1], last, highest)
                draw.line((*before, *at), colour, 2)
            draw.ellipse((at[0] - 2, at[1] - 2, at[0] + 2, at[1] + 2), colour)
    draw.text((right, 20), "mean change of pixels that can be followed", INK, font, anchor="rm")
    return image


def _at(number: int, value: float, last: int, highest: float) -> tuple[float, float]:
    """Return the place of a value on the chart."""
    left, right, top, foot = MARGIN + 8, WIDTH - 16, MARGIN, HEIGHT - 32
    return left + number / last * (right - left), foot - value / highest * (foot - top)
