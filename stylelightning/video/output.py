"""Where a painted clip goes: a video file, or a folder of frames."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from stylelightning.files.atomic import output_file, temporary_file
from stylelightning.files.paths import absolute_path
from stylelightning.images import Encoding, pixels_to_image, write_video
from stylelightning.video.folder import ClipFolder, Survey, frame_name, read_frame

FRAME = re.compile(r"frame_\d{6,}\.png")


def is_folder(output: Path) -> bool:
    """Return whether an output is a folder of frames: its name has no ending.

    Args:
        output: Its path.
    """
    return not output.suffix


def output_path(given: str) -> Path:
    """Return the absolute path, links followed, of an output that may be written or replaced.

    Args:
        given: What was typed.

    Raises:
        OSError: If a folder is in the place of a video, or a file in that of a folder.
        ValueError: If it is no place for a file.
    """
    path = absolute_path(given)
    if not is_folder(path):
        return output_file(path)
    path = path.resolve()
    if not path.name:
        raise IsADirectoryError(f"The output {path} is the root of all folders: name one in it.")
    if path.is_file():
        raise NotADirectoryError(
            f"The output {path} has no ending, so it is a folder of frames, and it is a file: give "
            "another name, such as out.mp4."
        )
    return path


def is_taken(output: Path) -> bool:
    """Return whether something is in the place of an output.

    Args:
        output: Its path.
    """
    return output.exists() and not (output.is_dir() and not any(output.iterdir()))


def check_replaceable(output: Path) -> None:
    """Refuse to replace a folder that holds anything but frames.

    Args:
        output: Path of the output.

    Raises:
        ValueError: If it does.
    """
    if is_folder(output) and output.is_dir():
        for each in output.iterdir():
            if not FRAME.fullmatch(each.name):
                raise ValueError(
                    f"The folder {output} holds {each.name}, which is no frame: give the name of a "
                    "new folder."
                )


def write_output(
    output: Path, folder: ClipFolder, survey: Survey, pass_: int, encoding: Encoding
) -> None:
    """Write the frames that a pass has painted where they go, whole or not at all.

    Args:
        output: Path of a video file or a folder.
        folder: The clip's folder.
        survey: What is known of it.
        pass_: Number of the pass.
        encoding: How a video is written.

    Raises:
        OSError: If it can't be written.
    """
    if not is_folder(output):
        write_video(output, painted_frames(folder, survey, pass_), encoding)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = temporary_file(output)
    partial.mkdir()
    try:
        for number in range(survey.count):
            _place(folder.painted_frame(pass_, number), partial / frame_name(number))
        if output.is_dir():
            check_replaceable(output)
            shutil.rmtree(output)
        partial.replace(output)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def painted_frames(folder: ClipFolder, survey: Survey, pass_: int) -> Iterator[Image.Image]:
    """Yield the frames that a pass has painted, read one by one.

    Args:
        folder: The clip's folder.
        survey: What is known of it.
        pass_: Number of the pass.
    """
    for number in range(survey.count):
        yield pixels_to_image(read_frame(folder.painted_frame(pass_, number)))


def _place(source: Path, target: Path) -> None:
    """Link a file to a second place, or copy it where there are no such links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
