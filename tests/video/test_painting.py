"""Frames painted in order, by a painter that is quick."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.video.clip import open_clip
from stylelightning.video.folder import ClipFolder, Survey, read_frame
from stylelightning.video.motion import motion
from stylelightning.video.options import ClipOptions
from stylelightning.video.painting import ClipPainting, FrameTask
from stylelightning.video.survey import survey_clip
from stylelightning.video.temporal import draw_chart, steadiness, write_table
from tests.conftest import smooth_picture
from tests.video.clips import panned, write_frames


class Quiet:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.begun = (0, 0)
        self.numbers: list[int] = []

    def begin(self, total: int, done: int) -> None:
        self.begun = (total, done)

    def painting(self, number: int, first: bool) -> None:
        self.numbers.append(number)

    def painted(self) -> None:
        pass


def dimmed(task: FrameTask) -> Tensor:
    """Paint a frame as the mean of where it starts and half as bright a frame."""
    return (task.content / 2 + (task.content if task.start is None else task.start)) / 2


Surveyed = tuple[ClipFolder, Survey]


@pytest.fixture
def pan(tmp_path: Path) -> Surveyed:
    """A clip of two shots: three frames of a pan, two of another scene."""
    other = [smooth_picture(24, 32, seed).flip(3) for seed in (8, 8)]
    write_frames(tmp_path / "clip", [*(panned(number) for number in range(3)), *other])
    folder = ClipFolder(tmp_path / "work")
    return folder, survey_clip(open_clip(str(tmp_path / "clip")), folder, None, 0.3)


def paint(
    surveyed: Surveyed,
    options: ClipOptions,
    paint: Callable[[FrameTask], Tensor] = dimmed,
) -> Quiet:
    listener = Quiet()
    ClipPainting(*surveyed, options, paint, listener).run()
    return listener


def test_a_cut_begins_a_shot(pan: Surveyed) -> None:
    _, survey = pan
    assert survey.shots == [range(3), range(3, 5)]
    assert survey.reliable[3] < 0.3 < min(survey.reliable[1], survey.reliable[2])
    assert survey.changes[4] == pytest.approx(0, abs=1e-6)


def test_the_first_frame_of_a_shot_starts_as_the_config_says(pan: Surveyed) -> None:
    tasks: list[FrameTask] = []

    def keep(task: FrameTask) -> Tensor:
        tasks.append(task)
        return dimmed(task)

    paint(pan, ClipOptions(distances=[1, 2]), keep)
    assert [task.number for task in tasks] == [0, 1, 2, 3, 4]
    assert [task.start is None for task in tasks] == [True, False, False, True, False]
    assert [len(task.held) for task in tasks] == [0, 1, 2, 0, 1]  # none from another shot


def test_a_frame_starts_from_the_one_before_moved_to_its_place(pan: Surveyed) -> None:
    folder, _ = pan
    tasks: list[FrameTask] = []

    def keep(task: FrameTask) -> Tensor:
        tasks.append(task)
        return dimmed(task)

    paint(pan, ClipOptions(distances=[1, 2], still=0), keep)
    frames = [read_frame(folder.content_frame(number)) for number in range(3)]
    last = read_frame(folder.painted_frame(1, 1))
    near, far = motion(frames[2], frames[1]), motion(frames[2], frames[0])
    assert tasks[2].start is not None
    assert torch.equal(tasks[2].start, near.moved(last, frames[2]))
    first, second = tasks[2].held
    assert torch.equal(first.weights, near.trust)
    assert torch.equal(second.weights, F.closest_first([near.trust, far.trust])[1])
    assert torch.equal(second.pixels, far.moved(read_frame(folder.painted_frame(1, 0)), frames[2]))


def test_a_still_clip_stays_as_it_is(tmp_path: Path) -> None:
    frame = smooth_picture(24, 32, 1)
    write_frames(tmp_path / "clip", [frame] * 5)
    folder = ClipFolder(tmp_path / "work")
    survey = survey_clip(open_clip(str(tmp_path / "clip")), folder, None, 0.3)
    assert survey.starts == [0]

    def hold(task: FrameTask) -> Tensor:
        """Go where the frames before are, which is where it starts."""
        if task.start is None:
            return task.content.flip(3)
        for each in task.held:
            assert float((each.weights * (task.start - each.pixels).abs()).max()) < 1e-5
        return task.start

    paint((folder, survey), ClipOptions(), hold)
    painted = [read_frame(folder.painted_frame(1, number)) for number in range(5)]
    assert all(torch.equal(each, painted[0]) for each in painted)
    found = steadiness(folder, survey, 1)
    assert found.means == pytest.approx((0, 0), abs=1e-6)


def test_what_is_painted_is_not_painted_again_and_the_rest_is_the_same(
    pan: Surveyed, tmp_path: Path
) -> None:
    folder, _ = pan
    paint(pan, ClipOptions())
    whole = [folder.painted_frame(1, number).read_bytes() for number in range(5)]
    for number in (2, 4):
        folder.painted_frame(1, number).unlink()
    (folder.painted(1) / ".half.part").write_bytes(b"half")  # what a kill may leave
    again = paint(pan, ClipOptions())
    assert again.begun == (5, 3)
    assert again.numbers == [2, 4]
    assert [folder.painted_frame(1, number).read_bytes() for number in range(5)] == whole


def test_passes_alternate_and_blend(pan: Surveyed) -> None:
    folder, _ = pan
    tasks: list[FrameTask] = []

    def keep(task: FrameTask) -> Tensor:
        tasks.append(task)
        return dimmed(task)

    paint(pan, ClipOptions(passes=2), keep)
    assert [task.number for task in tasks] == [0, 1, 2, 3, 4, 2, 1, 0, 4, 3]
    own = read_frame(folder.painted_frame(1, 1))
    frames = [read_frame(folder.content_frame(number)) for number in (1, 2)]
    back = motion(*frames)
    moved = back.moved(read_frame(folder.painted_frame(2, 2)), own)
    expected = (own + back.trust * moved) / (1 + back.trust)
    start = next(task.start for task in tasks[5:] if task.number == 1)
    assert start is not None
    torch.testing.assert_close(start, expected)
    # the last frame of a shot is the first of the second pass: it goes on from itself
    assert tasks[5].start is not None
    assert torch.equal(tasks[5].start, read_frame(folder.painted_frame(1, 2)))
    assert tasks[5].held == ()


def test_no_more_frames_are_held_than_the_distances_need(
    pan: Surveyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    import weakref

    alive: list[weakref.ref[Tensor]] = []
    most: list[int] = []

    def read(path: Path) -> Tensor:
        frame = read_frame(path)
        alive.append(weakref.ref(frame))
        most.append(sum(each() is not None for each in alive))
        return frame

    monkeypatch.setattr("stylelightning.video.painting.read_frame", read)
    paint(pan, ClipOptions(distances=[1]))
    assert max(most) <= 4
    assert len(alive) > 12


def test_the_survey_is_made_once(pan: Surveyed, tmp_path: Path) -> None:
    folder, survey = pan

    def frames() -> None:
        raise AssertionError("read again")

    clip = open_clip(str(tmp_path / "clip"))
    clip.frames = frames  # type: ignore[method-assign, assignment]
    assert survey_clip(clip, folder, None, 0.3) == survey


@pytest.mark.parametrize(
    ("count", "side", "message"),
    [
        (0, None, "at least two frames, .* has none: a picture is made by `paint` and `fit`"),
        (1, None, "at least two frames, .* has 1"),
        (2, 8, "sides of at least 12 pixels, here 8x6: give a larger --data.size"),
    ],
)
def test_a_clip_that_is_none_is_refused(
    tmp_path: Path, count: int, side: int | None, message: str
) -> None:
    (tmp_path / "clip").mkdir()
    write_frames(tmp_path / "clip", [smooth_picture(24, 32, 1)] * count)
    with pytest.raises(ValueError, match=message):
        survey_clip(open_clip(str(tmp_path / "clip")), ClipFolder(tmp_path / "work"), side, 0.3)


def test_the_table_and_the_chart_have_every_frame_with_one_before_it(
    pan: Surveyed, tmp_path: Path
) -> None:
    folder, survey = pan
    paint(pan, ClipOptions())
    found = steadiness(folder, survey, 1)
    write_table(folder.table, found)
    lines = folder.table.read_text().splitlines()
    assert lines[0] == "frame,reliable,painted_error,clip_error"
    assert [line.split(",")[0] for line in lines[1:]] == ["2", "3", "5"]  # counted from 1
    # by hand of frame 3, which has number 2
    frames = [read_frame(folder.content_frame(number)) for number in (2, 1)]
    painted = [read_frame(folder.painted_frame(1, number)) for number in (2, 1)]
    there = motion(*frames)
    change = (painted[0] - F.warp(painted[1], there.flow)).abs().mean(1, keepdim=True)
    expected = float((there.trust * change).sum() / there.trust.sum())
    assert float(lines[2].split(",")[2]) == pytest.approx(expected, abs=1e-6)
    chart = draw_chart(found)
    assert {(190, 80, 40), (66, 113, 158)} <= {colour for _, colour in chart.getcolors(2**16) or ()}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": 0}, r"`video\.steps` must be at least 1, got 0"),
        ({"passes": 0}, r"`video\.passes` must be at least 1, got 0"),
        ({"distances": [2, 1]}, r"`video\.distances` must be .*, got \[2, 1\]"),
        ({"distances": []}, r"`video\.distances` must be .*, got \[\]"),
        ({"cut": 2.0}, r"`video\.cut` must be from 0 to 1, got 2\.0"),
        ({"frames_per_second": 0.0}, r"`video\.frames_per_second` must be from 0\.01 to 1000"),
        ({"frames_per_second": 2e9}, r"`video\.frames_per_second` must be from 0\.01 to 1000"),
    ],
)
def test_bad_options_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ClipOptions(**values)  # type: ignore[arg-type]
