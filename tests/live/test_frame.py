"""When a picture is encoded, and for whom."""

import threading
from io import BytesIO

import pytest
import torch
from PIL import Image

from stylelightning.live.frame import Frames
from tests.conftest import smooth_picture


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time, which a test sets."""
    now = [100.0]
    monkeypatch.setattr("stylelightning.live.frame.monotonic", lambda: now[0])
    return now


def encode(frames: Frames, step: int) -> None:
    frames.begin()
    frames.encode(smooth_picture(24, 32, step), None, step)


def test_a_picture_is_due_for_four_seconds_after_somebody_asked(clock: list[float]) -> None:
    frames = Frames(64)
    assert not frames.due()
    frames.end()  # so that nobody waits
    frames.newer("")
    clock[0] += 3.9
    assert frames.due()
    clock[0] += 0.2
    assert not frames.due()


def test_there_is_at_most_one_a_second_and_one_on_its_way(clock: list[float]) -> None:
    frames = Frames(64)
    encode(frames, 1)
    frames.newer("")
    clock[0] += 0.9
    assert not frames.due()
    clock[0] += 0.2
    assert frames.due()
    frames.begin()
    clock[0] += 2
    assert not frames.due()
    frames.encode(smooth_picture(24, 32, 2), None, 2)
    assert frames.due()


def test_whoever_asks_waits_for_a_newer_one() -> None:
    frames = Frames(64)
    encode(frames, 1)
    first = frames.newer("")
    assert first is not None
    later = threading.Timer(0.05, encode, (frames, 2))
    later.start()
    newer = frames.newer(first.tag)
    assert newer is not None
    assert (first.step, newer.step) == (1, 2)
    later.join()


def test_the_first_picture_of_a_run_is_not_the_last_of_the_one_before() -> None:
    frames = Frames(64)
    encode(frames, 5)
    before = frames.newer("")
    frames.start()
    encode(frames, 0)
    after = frames.newer("")
    assert before is not None
    assert after is not None
    assert after.tag != before.tag
    assert after.step == 0


def test_a_frame_is_the_picture() -> None:
    frames = Frames(64)
    encode(frames, 1)
    frame = frames.newer("")
    assert frame is not None
    image = Image.open(BytesIO(frame.data))
    levels = torch.tensor(list(image.tobytes())).view(24, 32, 3)
    expected = smooth_picture(24, 32, 1)[0].permute(1, 2, 0)
    torch.testing.assert_close(levels / 255, expected, rtol=0, atol=0.51 / 255)  # rounding


def test_a_large_picture_is_made_smaller() -> None:
    frames = Frames(16)
    encode(frames, 1)
    frame = frames.newer("")
    assert frame is not None
    assert Image.open(BytesIO(frame.data)).size == (16, 12)


def test_a_picture_that_is_lost_is_left_out() -> None:
    frames = Frames(64)
    encode(frames, 1)
    frames.begin()
    frames.encode(torch.full((1, 3, 8, 8), torch.nan), None, 2)
    frame = frames.newer("")
    assert frame is not None
    assert (frame.step, frames.encoded) == (1, 1)
