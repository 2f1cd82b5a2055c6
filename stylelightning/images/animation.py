"""Write pictures as an animation."""

from collections.abc import Sequence
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np
from PIL import Image

from stylelightning.files.atomic import write_atomically

if TYPE_CHECKING:
    from av import VideoStream

CODECS = {"libx264": {"crf": "18", "preset": "veryfast"}, "mpeg4": {"q": "3"}}
"""Codecs with the options of a good quality; the first that is there is taken."""

SAMPLED = 128
"""Longer side in pixels of what the colours of a GIF's frame are chosen from."""


def write_gif(
    path: str | Path, frames: Sequence[Image.Image], frames_per_second: float, hold: float
) -> None:
    """Write a GIF that repeats for ever, whole or not at all.

    Each frame has the 256 colours that suit it best. The time of a frame is rounded to hundredths
    of a second, at least two of them, since viewers slow down shorter ones.

    Args:
        path: Path of the file; a missing folder is created.
        frames: Pictures of mode RGB and of one size, at least one.
        frames_per_second: How many are shown in a second, above 0.
        hold: For how many seconds more the last one is shown.

    Raises:
        OSError: If the file can't be written, of the class and number that the system gave.
    """
    time = max(20, 10 * round(100 / frames_per_second))  # ms
    times = [time] * (len(frames) - 1) + [time + 10 * round(100 * hold)]
    first, *others = [_of_few_colours(each) for each in frames]

    def write(file: BinaryIO) -> None:
        first.save(
            file, "GIF", save_all=True, append_images=others, duration=times, loop=0, optimize=False
        )

    write_atomically(path, write)


def _of_few_colours(image: Image.Image) -> Image.Image:
    """Return the picture in 256 colours.

    Choosing them from all pixels takes six times as long (125 ms in place of 20 at 384 x 256) for
    5 % less of an error.
    """
    sampled = image.copy()
    sampled.thumbnail((SAMPLED, SAMPLED), Image.Resampling.NEAREST)
    palette = sampled.quantize(256, Image.Quantize.MEDIANCUT)
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def check_video() -> None:
    """Refuse to go on without the package that encodes videos.

    Raises:
        ValueError: If it is missing.
    """
    if find_spec("av") is None:
        raise ValueError(
            "An MP4 needs the package av: pip install 'stylelightning[video]', or ask for a GIF "
            "alone."
        )


def write_mp4(
    path: str | Path, frames: Sequence[Image.Image], frames_per_second: float, hold: float
) -> None:
    """Write an MP4, whole or not at all: H.264 where the encoder is there, MPEG-4 elsewhere.

    Args:
        path: Path of the file; a missing folder is created.
        frames: Pictures of mode RGB and of one size with even sides, at least one.
        frames_per_second: How many are shown in a second, above 0.
        hold: For how many seconds more the last one is shown.

    Raises:
        ValueError: If the package that encodes is missing.
        OSError: If the file can't be written, of the class and number that the system gave.
    """
    check_video()
    import av

    codec = next(name for name in CODECS if name in av.codecs_available)
    rate = round(1000 * frames_per_second)
    repeated = [*frames, *[frames[-1]] * round(hold * frames_per_second)]

    def write(file: BinaryIO) -> None:
        with av.open(file, "w", format="mp4") as container:
            stream = cast("VideoStream", container.add_stream(codec, Fraction(rate, 1000)))
            stream.width, stream.height = frames[0].size
            stream.pix_fmt = "yuv420p"  # what every player reads
            stream.options = dict(CODECS[codec])
            for each in repeated:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(each), "rgb24")))
            container.mux(stream.encode(None))

    write_atomically(path, write)
