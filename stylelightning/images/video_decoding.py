"""Read a video file, frame by frame."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from stylelightning.files.existing import existing_file
from stylelightning.images.video_encoding import check_video

if TYPE_CHECKING:
    from av.container import InputContainer

USUAL_RATE = Fraction(25)
"""Frames a second of a video that does not say."""


class VideoFile:
    """A video file whose pictures are decoded one by one.

    Args:
        path: Path of the file; ``~`` is expanded.

    Attributes:
        path: Its absolute path.
        rate: Frames a second, the mean of a video whose frames last differently.
        has_sound: Whether it has sound.

    Raises:
        OSError: If there is no such file, or it can't be read.
        ValueError: If the package that decodes is missing, or the file is no video.
    """

    def __init__(self, path: str | Path) -> None:
        check_video("A video", ", or give a folder of frames")
        self.path = existing_file(path)
        with self._opened() as container:
            stream = container.streams.video[0]
            self.rate = stream.average_rate or stream.guessed_rate or USUAL_RATE
            self.has_sound = bool(container.streams.audio)

    def frames(self) -> Iterator[Image.Image]:
        """Yield the pictures in order, upright, of mode RGB.

        Raises:
            ValueError: If one can't be decoded.
        """
        with self._opened() as container:
            for frame in container.decode(video=0):
                quarters = round(frame.rotation / 90)
                yield Image.fromarray(np.rot90(frame.to_ndarray(format="rgb24"), quarters).copy())

    @contextmanager
    def _opened(self) -> Iterator["InputContainer"]:
        """Open the file, and say in one line what is wrong with it until it is closed."""
        import av

        try:
            with av.open(str(self.path)) as container:
                if not container.streams.video:
                    raise ValueError(
                        f"There is no picture in {self.path}, which has sound alone: give a video "
                        "or a folder of frames."
                    )
                yield container
        except av.FFmpegError as error:
            raise ValueError(
                f"Can't read the video {self.path} ({error.strerror or error}): give another file, "
                "or a folder of frames."
            ) from error
