"""A clip as it is given: a video file, or a folder of frames."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import torch
from torch import Tensor

from stylelightning.files.existing import existing_path
from stylelightning.files.paths import natural
from stylelightning.images import VideoFile, pictures_of_folder, read_picture


class Clip(ABC):
    """Frames in order, read one by one.

    Args:
        path: Where they are.
        rate: Frames a second, if that is said.
        sound: The file whose sound belongs to them, if any.
    """

    def __init__(self, path: Path, rate: Fraction | None, sound: Path | None) -> None:
        self.path = path
        self.rate = rate
        self.sound = sound

    def frames(self) -> Iterator[Tensor]:
        """Yield the frames, each (1, 3, H, W) in [0, 1].

        Raises:
            OSError: If one can't be read.
            ValueError: If one is broken, or has another size than the first.
        """
        first: tuple[str, int, int] | None = None
        for name, frame in self._named_frames():
            height, width = frame.shape[2:]
            first = first or (name, height, width)
            if (height, width) != first[1:]:
                raise ValueError(
                    f"The frames of a clip must have one size: {first[0]} of {self.path} has "
                    f"{first[2]}x{first[1]} pixels, {name} has {width}x{height}."
                )
            yield frame

    @abstractmethod
    def _named_frames(self) -> Iterator[tuple[str, Tensor]]:
        """Yield the frames, each with what it is called in a message."""

    @abstractmethod
    def mark(self) -> str:
        """Return what changes when the clip is another one."""


class VideoClip(Clip):
    """The frames of a video file.

    Args:
        path: Path of the file.

    Raises:
        OSError: If there is no such file.
        ValueError: If it is no video, or the package that decodes is missing.
    """

    def __init__(self, path: Path) -> None:
        self._video = VideoFile(path)
        sound = self._video.path if self._video.has_sound else None
        super().__init__(self._video.path, self._video.rate, sound)

    def mark(self) -> str:
        """Return the file's size and time."""
        return mark_of(self.path)

    def _named_frames(self) -> Iterator[tuple[str, Tensor]]:
        for number, image in enumerate(self._video.frames(), 1):
            pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
            shaped = pixels.view(1, image.height, image.width, 3).permute(0, 3, 1, 2)
            yield f"frame {number}", shaped / 255


class FolderClip(Clip):
    """The pictures of a folder, in the order of the numbers in their names: 2 before 10.

    Args:
        path: The folder.

    Raises:
        OSError: If it can't be read.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, None, None)
        self._files = sorted(pictures_of_folder(path), key=lambda each: natural(each.name))

    def mark(self) -> str:
        """Return the number of files, and what changes with the name, size or time of any."""
        marks = "\n".join(map(mark_of, self._files))
        return f"{len(self._files)} {hashlib.sha256(marks.encode()).hexdigest()}"

    def _named_frames(self) -> Iterator[tuple[str, Tensor]]:
        for file in self._files:
            yield file.name, read_picture(file).pixels


def open_clip(path: str) -> Clip:
    """Return the clip at a path.

    Args:
        path: A video file or a folder of frames.

    Raises:
        OSError: If nothing is there.
        ValueError: If it is no clip.
    """
    there = existing_path(path)
    return FolderClip(there) if there.is_dir() else VideoClip(there)


def mark_of(path: Path) -> str:
    """Return a file's name, size and time of its last change, which tell it from another."""
    status = path.stat()
    return f"{path.name} {status.st_size} {status.st_mtime_ns}"
