"""Write a video file."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
from PIL import Image

from stylelightning.files.atomic import write_atomically

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import OutputContainer

VIDEO_FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""What FFmpeg calls the formats of files, by the endings of their names."""
DEFAULT_CODEC = "libvpx-vp9"
"""VP9: browsers and most players show it, and its encoder is free of the GPL, unlike libx264."""
OTHER_DEFAULTS = {".mov": "mpeg4"}
"""The encoders of files into which VP9 does not go."""
OPTIONS = {
    "libvpx-vp9": {"crf": "18", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"},
    "libx264": {"crf": "18", "preset": "veryfast"},
    "mpeg4": {"q": "3"},
    "ffv1": {"level": "3"},
}
"""Options of a good quality by encoder; any other has its own."""
PIXELS = ("yuv420p", "bgr0", "gbrp", "rgb24")
"""Formats of pixels in the order in which they are taken: what every player reads comes first."""
BT_709, LIMITED = 1, 1
"""Of colours as brightness and two differences: which three, and that they leave some levels out.
FFmpeg's numbers; players take them for those of a file that does not say."""
TAKES = {"ffv1": "bgr0"}
"""The formats of encoders that have a better one: FFV1 then loses nothing."""


@dataclass(frozen=True)
class Encoding:
    """How a video is written.

    Args:
        rate: Frames a second, above 0.
        codec: Name of an encoder of FFmpeg's, such as ``libvpx-vp9``, ``mpeg4`` or ``ffv1``; None
            for the usual one of the file's kind.
        sound: A video whose sound is copied as it is, if any.
    """

    rate: Fraction
    codec: str | None = None
    sound: Path | None = None


def check_video(what: str = "An MP4", else_: str = ", or ask for a GIF alone") -> None:
    """Refuse to go on without the package that encodes and decodes videos.

    Args:
        what: What needs it, as the beginning of a sentence.
        else_: The other way out, as its end.

    Raises:
        ValueError: If it is missing.
    """
    if find_spec("av") is None:
        raise ValueError(
            f"{what} needs the package av: pip install 'stylelightning[video]'{else_}."
        )


def try_encoding(path: Path, size: tuple[int, int], encoding: Encoding) -> None:
    """Refuse a video that can't be written, before there are frames: one is encoded in memory.

    Args:
        path: Path of the file to come.
        size: Width and height of the frames, even.
        encoding: How it is to be written.

    Raises:
        ValueError: If the ending is unknown, there is no such encoder, or it or the sound does not
            go into such a file.
    """
    check_video("A video", ", or give the name of a folder for the frames")
    if path.suffix.lower() not in VIDEO_FORMATS:
        raise ValueError(
            f"The video {path} must end with {', '.join(VIDEO_FORMATS)}; a name without an ending "
            "is a folder of frames."
        )
    _encode(BytesIO(), path, [Image.new("RGB", size, "gray")], encoding)


def write_video(path: Path, frames: Iterable[Image.Image], encoding: Encoding) -> None:
    """Write a video, whole or not at all; frames are taken one by one.

    Args:
        path: Path of the file, whose ending chooses its format; a missing folder is created.
        frames: Pictures of mode RGB and of one size, at least one. A last row or column that makes
            a side odd is left out, as most encoders need it.
        encoding: How it is written.

    Raises:
        ValueError: If the package is missing, or it can't be encoded so.
        OSError: If the file can't be written, of the class and number that the system gave.
    """
    write_atomically(path, lambda file: _encode(file, path, frames, encoding))


def even(image: Image.Image) -> Image.Image:
    """Return a picture without what makes a side odd; a side of one pixel is doubled."""
    width, height = image.width // 2 * 2, image.height // 2 * 2
    if (width, height) == image.size:
        return image
    if not (width and height):
        return image.resize((max(2, width), max(2, height)), Image.Resampling.NEAREST)
    return image.crop((0, 0, width, height))


def _encode(file: BinaryIO, path: Path, frames: Iterable[Image.Image], encoding: Encoding) -> None:
    import av

    first, frames = _first(map(even, frames))
    kind = VIDEO_FORMATS[path.suffix.lower()]
    codec = encoding.codec or OTHER_DEFAULTS.get(path.suffix.lower(), DEFAULT_CODEC)
    with _explained(path, codec, encoding.sound), av.open(file, "w", format=kind) as out:
        pixels = _pixels(codec)
        video = cast("av.VideoStream", out.add_stream(codec, encoding.rate))
        video.width, video.height = first.size
        video.pix_fmt = pixels
        video.options = dict(OPTIONS.get(codec, {}))
        if pixels.startswith("yuv"):
            context = video.codec_context
            context.colorspace = context.color_primaries = context.color_trc = BT_709
            context.color_range = LIMITED
        sound = _Sound(out, encoding.sound)
        for number, each in enumerate(frames):
            sound.copy_until(number / encoding.rate)
            frame = av.VideoFrame.from_ndarray(np.asarray(each), "rgb24")
            out.mux(video.encode(_converted(frame, pixels)))
        out.mux(video.encode(None))
        sound.copy_until(None)
        sound.close()


class _Sound:
    """The sound of another video, copied packet by packet beside the frames.

    Args:
        out: The video that is written.
        path: The other video, or None.
    """

    def __init__(self, out: "OutputContainer", path: Path | None) -> None:
        import av

        self._out = out
        self._source = None if path is None else av.open(str(path))
        self._packets: Iterator[Any] = iter(())
        if self._source is not None:
            streams = self._source.streams.audio
            copies = {each.index: out.add_stream_from_template(each) for each in streams}
            self._packets = self._of(copies) if copies else iter(())
        self._next: Any = None

    def _of(self, copies: dict[int, Any]) -> Iterator[Any]:
        assert self._source is not None
        for packet in self._source.demux(self._source.streams.audio):
            if packet.dts is None:  # the end
                continue
            place = copies[packet.stream.index]
            time = float(packet.dts * packet.time_base)
            packet.stream = place
            yield time, packet

    def copy_until(self, seconds: Fraction | None) -> None:
        """Copy what sounds before a time; None for all that is left."""
        while True:
            self._next = self._next or next(self._packets, None)
            if self._next is None or (seconds is not None and self._next[0] > seconds):
                return
            self._out.mux(self._next[1])
            self._next = None

    def close(self) -> None:
        """Close the other video."""
        if self._source is not None:
            self._source.close()


def _first(frames: Iterator[Image.Image]) -> tuple[Image.Image, Iterator[Image.Image]]:
    first = next(frames)
    return first, chain([first], frames)


def _converted(frame: "VideoFrame", pixels: str) -> "VideoFrame":
    """Return a frame of RGB in a format of pixels, by BT.709 where that has no RGB."""
    from av.video.reformatter import ColorRange, Colorspace

    if not pixels.startswith("yuv"):
        return frame.reformat(format=pixels)
    colours = {"dst_colorspace": Colorspace.ITU709, "dst_color_range": ColorRange.MPEG}
    return frame.reformat(format=pixels, **colours)


def _pixels(codec: str) -> str:
    """Return the format of pixels that an encoder gets."""
    import av

    try:
        found = av.Codec(codec, "w")
    except ValueError as error:
        raise ValueError("there is no such encoder") from error
    if found.type != "video":
        raise ValueError("it encodes no pictures")
    formats = [each.name for each in found.video_formats or ()]
    wanted = (TAKES.get(codec, PIXELS[0]), *PIXELS, *formats)
    return next((each for each in wanted if each in formats), PIXELS[0])


@contextmanager
def _explained(path: Path, codec: str, heard: Path | None) -> Iterator[None]:
    """Say in one line why a video can't be encoded."""
    import av

    sound = "" if heard is None else f" with the sound of {heard}"
    try:
        yield
    except (av.FFmpegError, ValueError) as error:
        if isinstance(error, OSError) and not isinstance(error, ValueError):
            raise  # of the disk, not of what is written
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"Can't write {path.name} with the encoder {codec}{sound} ({reason}): take "
            f"{DEFAULT_CODEC}, mpeg4, ffv1 or libx264 as the codec, and .mp4 or .mkv."
        ) from error
