"""Videos written, decoded again, and refused."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from stylelightning.images import Encoding, VideoFile, try_encoding, write_video
from stylelightning.images.video_encoding import even
from tests.video.clips import sounds, write_clip

GRAYS = range(10, 250, 40)


def frames(size: tuple[int, int] = (32, 24)) -> Iterator[Image.Image]:
    return (Image.new("RGB", size, (gray, gray, gray)) for gray in GRAYS)


def grays(path: Path) -> list[float]:
    return [float(np.asarray(each).mean()) for each in VideoFile(path).frames()]


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", None), ("a.mp4", "mpeg4"), ("a.webm", None), ("a.mov", None), ("a.mkv", "ffv1")],
)
def test_a_video_has_its_frames_in_order(tmp_path: Path, name: str, codec: str | None) -> None:
    path = tmp_path / "new" / name
    write_video(path, frames(), Encoding(Fraction(25), codec))
    assert grays(path) == pytest.approx(list(GRAYS), abs=3)
    assert VideoFile(path).rate == 25
    assert [each.name for each in path.parent.iterdir()] == [name]  # nothing half written


def test_ffv1_loses_nothing(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    write_video(tmp_path / "a.mkv", [Image.fromarray(noise)], Encoding(Fraction(25), "ffv1"))
    (frame,) = VideoFile(tmp_path / "a.mkv").frames()
    assert np.array_equal(np.asarray(frame), noise)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_colours_are_those_that_a_player_shows(tmp_path: Path, name: str) -> None:
    colours = [(230, 30, 20), (20, 180, 60), (40, 60, 220)]
    pictures = [Image.new("RGB", (32, 24), each) for each in colours]
    write_video(tmp_path / name, pictures, Encoding(Fraction(25)))
    with av.open(str(tmp_path / name)) as container:
        assert {frame.colorspace for frame in container.decode(video=0)} == {1}  # BT.709
    for colour, frame in zip(colours, VideoFile(tmp_path / name).frames(), strict=True):
        assert np.asarray(frame)[12, 16].tolist() == pytest.approx(colour, abs=6)


def test_the_default_needs_no_encoder_under_the_gpl(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", frames(), Encoding(Fraction(25)))
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "vp9"


@pytest.mark.parametrize(
    ("size", "written"), [((33, 24), (32, 24)), ((31, 25), (30, 24)), ((1, 3), (2, 2))]
)
def test_sides_become_even(size: tuple[int, int], written: tuple[int, int]) -> None:
    assert even(Image.new("RGB", size)).size == written


def test_the_sound_is_copied_as_it_is(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", count=5, sound=True)
    write_video(tmp_path / "a.mkv", frames(), Encoding(Fraction(10), sound=source))
    assert sounds(tmp_path / "a.mkv") == sounds(source)
    assert len(sounds(source)) > 5
    assert len(grays(tmp_path / "a.mkv")) == len(GRAYS)


def test_a_picture_turned_by_its_file_is_upright(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", count=2)
    turned = tmp_path / "turned.mp4"
    with av.open(str(source)) as clip, av.open(str(turned), "w") as out:
        stream = out.add_stream_from_template(clip.streams.video[0])
        for packet in clip.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    data = turned.read_bytes()
    # the matrix of the track's header, which says a quarter turn
    straight = b"\0\1\0\0" + bytes(12) + b"\0\1\0\0" + bytes(12) + b"\x40\0\0\0"
    quarter = bytes(4) + b"\0\1\0\0" + bytes(4) + b"\xff\xff\0\0" + bytes(16) + b"\x40\0\0\0"
    place = data.index(straight, data.index(b"tkhd"))
    turned.write_bytes(data[:place] + quarter + data[place + 36 :])
    upright, turned_frame = (next(VideoFile(each).frames()) for each in (source, turned))
    assert turned_frame.size == upright.size[::-1]
    # shown a quarter turn clockwise
    rotated = np.rot90(np.asarray(upright), -1)
    assert np.abs(rotated.astype(int) - np.asarray(turned_frame)).max() == 0


@pytest.mark.parametrize(
    ("name", "codec", "message"),
    [
        ("a.mp4", "nope", r"encoder nope \(there is no such encoder\): take libvpx-vp9"),
        ("a.mp4", "aac", r"encoder aac \(it encodes no pictures\)"),
        ("a.webm", "mpeg4", "'webm' format does not support 'mpeg4' codec"),
        ("a.xyz", None, r"a\.xyz must end with \.mp4, \.mov, \.mkv, \.webm"),
    ],
)
def test_what_can_not_be_written_is_refused(
    tmp_path: Path, name: str, codec: str | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        try_encoding(tmp_path / name, (32, 24), Encoding(Fraction(25), codec))
    assert not list(tmp_path.iterdir())


def test_sound_that_does_not_go_into_a_file_is_refused(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", count=2, sound=True)
    with pytest.raises(ValueError, match=r"with the sound of .*clip\.mp4 \('webm' format does not"):
        try_encoding(tmp_path / "a.webm", (32, 24), Encoding(Fraction(25), sound=source))


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(ValueError, match=r"Can't read the video .*text\.mp4 \(Invalid data"):
        VideoFile(tmp_path / "text.mp4")
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", 48000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        silence.sample_rate = 48000
        container.mux(stream.encode(silence))
        container.mux(stream.encode(None))
    with pytest.raises(ValueError, match=r"no picture in .*sound alone"):
        VideoFile(tmp_path / "sound.mp4")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        VideoFile(tmp_path / "none.mp4")
