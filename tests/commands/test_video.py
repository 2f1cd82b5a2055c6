"""`video` paints a clip, goes on where it was, and refuses mistakes."""

import os
import shutil
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from stylelightning import StyleTransfer
from stylelightning.__main__ import main
from stylelightning.commands.video import long_names
from stylelightning.images import VideoFile, read_picture, write_picture
from tests.conftest import ROOT, TINY, smooth_picture
from tests.video.clips import panned, sounds, write_clip, write_frames

Capture = pytest.CaptureFixture[str]
Video = Callable[..., Path]
COUNT = 4


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_frames(tmp_path / "clip", [panned(number) for number in range(COUNT)])


def options(clip: Path, style: Path, output: Path) -> list[str]:
    given = ["video", "--config", str(TINY), "--content", str(clip), "--style", str(style)]
    given += ["--output", str(output), "--data.size=null", "--video.steps=2"]
    return [*given, "--model.losses.temporal=TemporalLoss", "--model.losses.temporal.weight=1000"]


@pytest.fixture
def video(tmp_path: Path, clip: Path, style: Path) -> Video:
    """Run ``video`` on the tiny config and return the output; its exit code must be right."""

    def make(*args: str, code: int = 0, output: str = "out", content: Path = clip) -> Path:
        assert main([*options(content, style, tmp_path / output), *args]) == code
        return tmp_path / output

    return make


def frames(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("frame_*.png"))]


def work(output: Path) -> Path:
    return output.with_name(f"{output.name}.frames")


def test_a_folder_becomes_a_folder(video: Video, capsys: Capture) -> None:
    output = video()
    said = capsys.readouterr().out
    assert [path.name for path in sorted(output.iterdir())] == [
        f"frame_{number:06d}.png" for number in range(1, COUNT + 1)
    ]
    assert read_picture(output / "frame_000001.png").pixels.shape == (1, 3, 24, 32)
    assert "4 frames in 1 shot" in said
    assert "temporal error 0." in said
    assert "the clip's own 0." in said
    assert {path.name for path in work(output).iterdir()} == {
        "pass_1", "settings.yaml", "survey.json", "temporal.csv", "temporal.png",
    }  # fmt: skip
    assert len((work(output) / "temporal.csv").read_text().splitlines()) == COUNT
    # nothing of one picture's run: neither folder nor snapshots
    assert not list(output.parent.glob("runs*"))


def test_a_video_keeps_its_rate_its_size_and_its_sound(video: Video, tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", COUNT, 10, sound=True)
    output = video(output="out.mp4", content=source)
    made = VideoFile(output)
    assert made.rate == 10
    pictures = list(made.frames())
    assert [each.size for each in pictures] == [(32, 24)] * COUNT
    assert sounds(output) == sounds(source)


class KeepStart(Callback):
    """Keeps the picture that each frame starts from."""

    starts: ClassVar[list[torch.Tensor]] = []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, StyleTransfer)
        self.starts.append(pl_module.canvas.picture.clone())


def test_every_frame_starts_from_the_same_seed(video: Video, tmp_path: Path) -> None:
    pair = write_frames(tmp_path / "pair", [smooth_picture(24, 32, seed) for seed in (5, 6)])
    KeepStart.starts.clear()
    video("--video.cut=1", f"--callbacks.start={__name__}.KeepStart", content=pair)
    first, second = KeepStart.starts  # both from noise
    assert torch.equal(first, second)


def test_a_still_clip_does_not_drift(video: Video, tmp_path: Path) -> None:
    still = write_frames(tmp_path / "still", [panned(0)] * COUNT)
    first, *others = frames(video(content=still))
    assert others == [first] * (COUNT - 1)
    drifting = frames(video("--video.still=0", content=still, output="drifting"))
    assert drifting[0] == first
    assert first not in drifting[1:]


def test_what_moves_is_painted_beside_what_stands_still(video: Video, tmp_path: Path) -> None:
    clip = [panned(0) for _ in range(3)]
    for number, frame in enumerate(clip):
        frame[..., 24:] = smooth_picture(24, 8, number)
    output = video("--video.cut=0", content=write_frames(tmp_path / "half", clip))
    first, *others = [read_picture(path).pixels for path in sorted(output.iterdir())]
    for each in others:
        change = (each - first).abs()
        assert float(change[..., :14].max()) == 0  # farther than a stroke and the mean reach
        assert float(change[..., 24:].mean()) > 1 / 255


def test_a_term_that_holds_frames_makes_them_steadier(video: Video) -> None:
    errors = []
    for weight in ("0", "1e6"):
        output = video(f"--model.losses.temporal.weight={weight}", "--overwrite")
        rows = (work(output) / "temporal.csv").read_text().splitlines()[1:]
        errors.append(sum(float(row.split(",")[2]) for row in rows))
    assert errors[1] < errors[0]


def test_the_backbone_is_made_once(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    from stylelightning.backbones import RandomMultiscale

    made: list[object] = []
    init = RandomMultiscale.__init__

    def counted(self: RandomMultiscale, *args: object, **options: object) -> None:
        made.append(self)
        init(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(RandomMultiscale, "__init__", counted)
    video()
    assert len(made) == 1


class CountRuns(Callback):
    """Counts the runs before this one that are still in memory."""

    runs: ClassVar[list[weakref.ref[LightningModule]]] = []
    alive: ClassVar[list[int]] = []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.alive.append(sum(each() is not None for each in self.runs))
        self.runs.append(weakref.ref(pl_module))


def test_no_runs_pile_up(video: Video) -> None:
    CountRuns.runs.clear()
    CountRuns.alive.clear()
    video(f"--callbacks.count={__name__}.CountRuns")
    assert CountRuns.alive == [0] * COUNT


CALIBRATED = "--model.calibrate={style: 3, content: 1}"


class Weights(Callback):
    """Notes what the terms of every run weigh at its end."""

    seen: ClassVar[list[dict[str, float]]] = []

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, StyleTransfer)
        self.seen.append({name: float(x) for name, x in pl_module.objective.weights.items()})


def test_terms_weigh_in_all_frames_what_the_first_was_calibrated_to(video: Video) -> None:
    Weights.seen.clear()
    video(CALIBRATED, f"--callbacks.weights={__name__}.Weights")
    first, *later = Weights.seen
    assert later == [first] * (COUNT - 1)
    assert first["content"] != 100  # the config's


KILL_AFTER = 2


@pytest.mark.parametrize("more", [[], [CALIBRATED]], ids=["weights", "calibrated"])
def test_a_clip_that_was_killed_goes_on_and_is_the_same(
    video: Video, clip: Path, style: Path, tmp_path: Path, more: list[str]
) -> None:
    whole = video(*more, output="whole")
    output = tmp_path / "killed"
    command = [sys.executable, "-m", "stylelightning", *options(clip, style, output), *more]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while len(list(work(output).glob("pass_1/frame_*.png"))) < KILL_AFTER:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    assert not output.exists()
    before = {path: path.stat().st_mtime_ns for path in work(output).glob("pass_1/frame_*.png")}
    assert KILL_AFTER <= len(before) < COUNT
    video(*more, output="killed")
    assert frames(output) == frames(whole)
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.usefixtures("heard_ctrl_c")
def test_ctrl_c_leaves_frames_and_says_what_goes_on(
    video: Video, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    from stylelightning.cli.frame_runs import FrameRuns
    from stylelightning.video.painting import FrameTask

    whole = frames(video(output="whole"))
    paint = FrameRuns.paint

    def interrupted(self: FrameRuns, task: FrameTask) -> torch.Tensor:
        if task.number == 2:
            signal.raise_signal(signal.SIGINT)
        return paint(self, task)

    monkeypatch.setattr(FrameRuns, "paint", interrupted)
    output = video(code=130)
    said = capsys.readouterr().out
    assert "stopped: 2 painted frames are in" in said
    assert f"--output {output}" in said.splitlines()[-1]
    assert not output.exists()
    monkeypatch.setattr(FrameRuns, "paint", paint)
    assert frames(video()) == whole


def test_an_output_is_replaced_only_if_asked(video: Video, capsys: Capture) -> None:
    before = frames(video())
    capsys.readouterr()
    output = video(code=2)
    assert "is there already: give another name, or --overwrite" in one_line(capsys)
    assert frames(output) == before
    video("--overwrite", "--model.optimizer.lr=0.1")
    assert frames(output) != before
    (output / "mine.txt").write_text("mine")
    video("--overwrite", code=2)
    assert "holds mine.txt, which is no frame" in one_line(capsys)


def test_frames_of_other_settings_are_not_gone_on_with(
    video: Video, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    output = video()
    for path in output.iterdir():
        path.unlink()
    output.rmdir()
    capsys.readouterr()
    video("--model.optimizer.lr=0.1", code=2)
    assert "painted with other settings (model.optimizer" in one_line(capsys)
    video()  # with the same it is written again
    assert len(frames(output)) == COUNT


def test_frames_of_another_style_are_not_gone_on_with(
    video: Video, style: Path, capsys: Capture
) -> None:
    video()
    write_picture(style, smooth_picture(24, 24, 9))  # the same name
    capsys.readouterr()
    video(code=2)
    assert "painted with other settings (the clip, or a file of its config)" in one_line(capsys)


def test_the_same_frames_are_written_at_another_rate(video: Video) -> None:
    output = video("--codec=ffv1", output="out.mkv")
    before = [path.stat().st_mtime_ns for path in sorted(work(output).glob("pass_1/*"))]
    output.unlink()
    assert VideoFile(video("--video.frames_per_second=12.5", output="out.mkv")).rate == 12.5
    after = [path.stat().st_mtime_ns for path in sorted(work(output).glob("pass_1/*"))]
    assert after == before


def test_a_link_to_a_folder_is_followed(video: Video, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    assert len(frames(video(output="link"))) == COUNT
    assert (tmp_path / "link").is_symlink()
    assert work(tmp_path / "disk").is_dir()


def test_a_run_that_can_not_begin_leaves_nothing(video: Video, capsys: Capture) -> None:
    output = video("--model.losses.content.layers=[nope]", code=2)
    assert "nope" in one_line(capsys)
    assert not work(output).exists()
    video()  # other settings are not in its way


def test_passes_are_made_and_only_the_last_is_kept(video: Video) -> None:
    output = video("--video.passes=2")
    assert {path.name for path in work(output).glob("pass_*")} == {"pass_2"}
    before = frames(output)
    assert len(before) == COUNT
    shutil.rmtree(output)
    assert frames(video("--video.passes=2")) == before  # out of what is kept


def one_line(capsys: Capture) -> str:
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    return error


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--content=none.mp4"], "There is no picture or folder"),
        (["--style=none.jpg"], "there is no such file"),
        (["--content=~nobody9/clip.mp4"], "There is no picture or folder"),
        (["--output=/"], "The output / is the root of all folders"),
        (["--trainer.max_steps=1"], "The run of frame 1 ended at 16x12 px, before its last scale"),
        (["--data.content=null"], "A clip is missing: give --content FILE"),
        (["--output=null"], "`output` must be given: --output out.mp4"),
        (["--output=out.xyz"], "must end with .mp4, .mov, .mkv, .webm"),
        (["--output=out.mp4", "--codec=nope"], "encoder nope (there is no such encoder)"),
        (["--seed_everything=true"], "`seed_everything` must be a number for a clip, the same"),
        (["--ckpt_path=last"], "`ckpt_path` is an option of one picture's run"),
        (["--live"], "`live` is an option of one picture's run"),
        (["--model.schedule.draft=true"], "`model.schedule.draft` is for one picture"),
        (["--video.steps=0"], "`video.steps` must be at least 1, got 0"),
        (["--data.colours=LuminanceOnly"], "LuminanceOnly does not: take ContentToStyle"),
        (["--video.later={model.nope: 1}"], "model.nope"),
    ],
)
def test_mistakes_are_one_line(
    video: Video, args: list[str], message: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    output = video(*args, code=2)
    assert message in one_line(capsys)
    assert not work(output).exists()
    assert not output.exists()


def test_without_a_temporal_term_it_is_said(video: Video, capsys: Capture) -> None:
    video("--model.losses.temporal=null")
    assert "No term holds a frame to the one before" in capsys.readouterr().err


def test_the_output_is_not_the_clip(tmp_path: Path, style: Path, capsys: Capture) -> None:
    source = write_clip(tmp_path / "clip.mp4", 2)
    before = source.read_bytes()
    assert main([*options(source, style, source), "--overwrite"]) == 2
    assert "`output` would replace the clip" in one_line(capsys)
    assert source.read_bytes() == before


def test_the_output_takes_no_style_image_away(video: Video, capsys: Capture) -> None:
    output = video()
    frame = output / "frame_000002.png"
    before = frame.read_bytes()
    capsys.readouterr()
    video("--overwrite", f"--data.style={frame}", "--model.optimizer.lr=0.1", code=2)
    assert f"`output` would replace {frame}, which the clip is made from" in one_line(capsys)
    assert frame.read_bytes() == before


def test_a_folder_called_like_the_work_is_not_removed(
    video: Video, clip: Path, tmp_path: Path, capsys: Capture
) -> None:
    output = tmp_path / "other"
    mine = write_picture_in(work(output))
    video(output="other", code=2)
    assert "holds mine.png, which is no part of a clip" in one_line(capsys)
    assert mine.is_file()
    source = clip.rename(tmp_path / "pan.frames")
    before = sorted(source.iterdir())
    video("--overwrite", output="pan", content=source, code=2)
    assert "in which its frames would be painted: give another --output" in one_line(capsys)
    assert sorted(source.iterdir()) == before
    painted = work(video(content=source)) / "pass_1"
    capsys.readouterr()
    video("--overwrite", content=painted, code=2)
    assert "in which its frames would be painted" in one_line(capsys)
    assert len(frames(painted)) == COUNT


def write_picture_in(folder: Path) -> Path:
    write_picture(folder / "mine.png", panned(0))
    return folder / "mine.png"


def test_names_are_long(tmp_path: Path) -> None:
    assert long_names(["--content=a", "--style", "b", "--output", "--content"]) == [
        "--data.content=a", "--data.style", "b", "--output", "--data.content",
    ]  # fmt: skip


def test_the_preset_is_painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for number in range(2):
        write_picture(tmp_path / "clip" / f"{number}.png", panned(number, height=32, width=32))
    args = ["video", "--content", str(tmp_path / "clip"), "--output", str(tmp_path / "out.mp4")]
    args += ["--model.schedule.steps=2", "--video.steps=2"]
    assert main(args) == 0
    assert len(list(VideoFile(tmp_path / "out.mp4").frames())) == 2
