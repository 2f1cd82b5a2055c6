"""Clips as they are given."""

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from stylelightning.images import write_picture
from stylelightning.video.clip import FolderClip, VideoClip, open_clip
from tests.conftest import smooth_picture
from tests.video.clips import panned, write_clip


def test_frames_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 1, 20):
        write_picture(tmp_path / f"f{number}.png", torch.full((1, 3, 4, 4), number / 255))
    clip = open_clip(str(tmp_path))
    assert isinstance(clip, FolderClip)
    assert [round(float(each.mean()) * 255) for each in clip.frames()] == [1, 2, 10, 20]


def test_a_video_is_decoded_frame_by_frame(tmp_path: Path) -> None:
    clip = open_clip(str(write_clip(tmp_path / "clip.mp4", sound=True)))
    assert isinstance(clip, VideoClip)
    assert clip.rate == Fraction(10)
    assert clip.sound == tmp_path / "clip.mp4"
    frames = list(clip.frames())
    assert len(frames) == 4
    for number, frame in enumerate(frames):
        assert frame.shape == (1, 3, 24, 32)
        assert float((frame - panned(number)).abs().mean()) < 0.06  # half the colours' resolution


def test_another_clip_has_another_mark(tmp_path: Path) -> None:
    write_picture(tmp_path / "1.png", smooth_picture(4, 4, 1))
    before = open_clip(str(tmp_path)).mark()
    assert open_clip(str(tmp_path)).mark() == before
    for name in ("2.png", "3.png"):
        write_picture(tmp_path / name, smooth_picture(4, 4, 1))
    three = open_clip(str(tmp_path)).mark()
    assert three != before
    os.utime(tmp_path / "2.png", (0, 0))  # one in the middle
    assert open_clip(str(tmp_path)).mark() != three


def test_a_frame_of_another_size_is_named(tmp_path: Path) -> None:
    write_picture(tmp_path / "1.png", smooth_picture(4, 6, 1))
    write_picture(tmp_path / "2.png", smooth_picture(4, 7, 1))
    with pytest.raises(ValueError, match=r"one size: 1\.png of .* has 6x4 pixels, 2\.png has 7x4"):
        list(open_clip(str(tmp_path)).frames())


def test_a_video_whose_size_changes_is_refused(tmp_path: Path) -> None:
    streams = []
    for width in (32, 48):
        path = tmp_path / f"{width}.m1v"
        with av.open(str(path), "w", format="mpeg1video") as container:
            video = container.add_stream("mpeg1video", 25)
            video.width, video.height, video.pix_fmt = width, 32, "yuv420p"
            pixels = np.zeros((32, width, 3), np.uint8)
            for _ in range(2):
                container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
            container.mux(video.encode(None))
        streams.append(path.read_bytes())
    (tmp_path / "clip.mpg").write_bytes(b"".join(streams))
    with pytest.raises(ValueError, match=r"frame 1 of .* has 32x32 pixels, frame \d has 48x32"):
        list(open_clip(str(tmp_path / "clip.mpg")).frames())


def test_a_clip_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="There is no picture or folder"):
        open_clip(str(tmp_path / "none.mp4"))
