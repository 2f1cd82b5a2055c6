"""Animations, read back by the programs that wrote them."""

from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from stylelightning.images import check_video, write_gif, write_mp4

COLOURS = ["red", "lime", "blue", "gray"]


def flat(*colours: str, size: tuple[int, int] = (32, 24)) -> list[Image.Image]:
    return [Image.new("RGB", size, colour) for colour in colours]


def worst(one: Image.Image, other: Image.Image) -> int:
    first, second = (np.asarray(each.convert("RGB"), dtype=int) for each in (one, other))
    return int(abs(first - second).max())


def decoded(path: Path) -> list[Image.Image]:
    with av.open(path) as container:
        return [
            Image.fromarray(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]


def test_a_gif_holds_its_frames_and_their_times(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.gif"
    frames = flat(*COLOURS)
    write_gif(path, frames, 8, hold=1.5)
    with Image.open(path) as gif:
        found = [
            (each.convert("RGB"), each.info["duration"]) for each in ImageSequence.Iterator(gif)
        ]
        assert gif.info["loop"] == 0
    # by hand: 1000 / 8 is 125 ms, in hundredths 120; the last one 1500 more
    assert [time for _, time in found] == [120, 120, 120, 1620]
    assert [worst(*pair) for pair in zip((image for image, _ in found), frames, strict=True)] == [
        0, 0, 0, 0
    ]  # fmt: skip


def test_a_gif_of_few_colours_is_exact(tmp_path: Path) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (16, 3), dtype=np.uint8)
    places = np.random.default_rng(1).integers(0, 16, (90, 150))
    picture = Image.fromarray(levels[places])
    write_gif(tmp_path / "a.gif", [picture], 10, 0)
    with Image.open(tmp_path / "a.gif") as gif:
        assert worst(gif, picture) == 0


def test_a_gif_is_not_shown_faster_than_viewers_can(tmp_path: Path) -> None:
    write_gif(tmp_path / "a.gif", flat("red", "blue"), 1000, 0)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.info["duration"] == 20


def test_an_mp4_holds_its_frames(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.mp4"
    write_mp4(path, flat(*COLOURS), 8, hold=0.5)
    with av.open(path) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 8
        assert (stream.width, stream.height) == (32, 24)
        assert stream.codec_context.pix_fmt == "yuv420p"
    found = decoded(path)
    wanted = flat(*COLOURS, *["gray"] * 4)  # half a second more of the last one
    assert len(found) == len(wanted)
    assert max(worst(*pair) for pair in zip(found, wanted, strict=True)) <= 6  # of 255, the codec's


def test_a_rate_need_not_be_whole(tmp_path: Path) -> None:
    write_mp4(tmp_path / "a.mp4", flat(*COLOURS), 12.5, hold=0)
    with av.open(tmp_path / "a.mp4") as container:
        assert float(container.streams.video[0].average_rate or 0) == 12.5


@pytest.mark.parametrize("write", [write_gif, write_mp4])
def test_the_file_before_stays_when_writing_fails(tmp_path: Path, write: object) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"before")
    assert callable(write)
    broken = [*flat("red"), Image.new("RGB", (0, 0))]
    with pytest.raises(Exception, match=r".") as caught:
        write(path, broken, 10, 0)
    assert caught.type is not AssertionError
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_without_its_package_a_video_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylelightning.images.video_encoding.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'stylelightning\[video\]'"):
        check_video()
    with pytest.raises(ValueError, match=r"pip install 'stylelightning\[video\]'"):
        write_mp4("a.mp4", flat("red"), 10, 0)


def test_a_video_is_of_a_format_that_players_know(tmp_path: Path) -> None:
    write_mp4(tmp_path / "a.mp4", flat("red"), 10, 0)
    head = (tmp_path / "a.mp4").read_bytes()[:12]
    assert BytesIO(head).read()[4:8] == b"ftyp"  # ISO/IEC 14496-12, section 4.3
