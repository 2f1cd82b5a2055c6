"""The animation of a run, decoded again."""

import signal
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from lightning.pytorch import Callback, Trainer
from PIL import Image, ImageSequence

from stylelightning import Schedule, StyleTransferData
from stylelightning.callbacks import StepEndStop, Timelapse
from stylelightning.callbacks.timelapse import even_size
from stylelightning.images import read_picture, write_picture
from tests.conftest import Run, smooth_picture
from tests.runs import fit, make_module, make_trainer


def frames_of(path: Path) -> list[Image.Image]:
    with Image.open(path) as gif:
        return [each.convert("RGB") for each in ImageSequence.Iterator(gif)]


def mean_difference(image: Image.Image, path: Path) -> float:
    picture = read_picture(path).pixels[0].permute(1, 2, 0).numpy()
    return float(abs(np.asarray(image, dtype=float) / 255 - picture).mean())


def test_the_run_becomes_a_gif_and_an_mp4(run: Run) -> None:
    folder = run(
        "--callbacks.lapse=Timelapse", "--callbacks.lapse.every_n_steps=2",
        "--callbacks.lapse.formats=[gif, mp4]", "--callbacks.lapse.hold=1",
    )  # fmt: skip
    gif = frames_of(folder / "timelapse.gif")
    assert len(gif) == 5  # 0, 2, 4 and 6, and the end of the first scale, 3
    assert {frame.size for frame in gif} == {(32, 24)}  # both scales at the last one's size
    with av.open(folder / "timelapse.mp4") as container:
        video = [
            Image.fromarray(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]
    assert len(video) == 15  # a second more of the last one, at 10 a second
    assert {frame.size for frame in video} == {(32, 24)}
    # 768 pixels in 256 colours; half the colour resolution in a video, of noise
    assert mean_difference(gif[-1], folder / "result.png") < 0.05
    assert mean_difference(video[-1], folder / "result.png") < 0.08
    assert mean_difference(gif[0], folder / "images" / "step_000006.png") > 0.06


def test_frames_of_an_odd_picture_have_even_sides(tmp_path: Path, style: Path) -> None:
    write_picture(tmp_path / "odd.png", smooth_picture(21, 31, 1))
    data = StyleTransferData(str(tmp_path / "odd.png"), str(style), size=31)
    fit(tmp_path, data, Timelapse(1, formats=["gif", "mp4"]), schedule=Schedule(steps=2))
    assert frames_of(tmp_path / "timelapse.gif")[0].size == (30, 20)
    with av.open(tmp_path / "timelapse.mp4") as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (30, 20)


@pytest.mark.parametrize(
    ("size", "longest", "even"),
    [((24, 32), 512, (24, 32)), ((24, 32), 16, (12, 16)), ((1, 33), 33, (2, 32))],
)
def test_frames_fit_and_are_not_enlarged(
    size: tuple[int, int], longest: int, even: tuple[int, int]
) -> None:
    assert even_size(size, longest) == even


@pytest.mark.parametrize(
    ("most", "kept"),
    # by hand: more than 4 of 0, 2, ..., 20 leaves those of 4, then 8; the last one stays
    [(100, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20]), (4, [0, 8, 16, 20]), (2, [0, 20])],
)
def test_frames_are_thinned_out_evenly(most: int, kept: list[int]) -> None:
    lapse = Timelapse(2, max_frames=most)
    for step in range(0, 21, 2):
        steps = lapse._keep(step)
        assert len(steps) <= most
    assert sorted(steps) == kept


def test_no_more_frames_are_held_than_asked_for(tmp_path: Path, data: StyleTransferData) -> None:
    held: list[int] = []

    class Count(Timelapse):
        def on_train_batch_end(self, *args: Any, **kwargs: Any) -> None:
            super().on_train_batch_end(*args, **kwargs)
            self.writer.finish()
            held.append(len(self._frames))

    fit(tmp_path, data, Count(1, max_frames=3), schedule=Schedule(steps=9))
    assert max(held) == 3
    assert len(frames_of(tmp_path / "timelapse.gif")) == 3


def test_an_interrupted_run_leaves_its_animation(tmp_path: Path, data: StyleTransferData) -> None:
    class Press(Callback):
        def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
            if trainer.global_step == 2:
                signal.raise_signal(signal.SIGINT)

    module = make_module(schedule=Schedule(steps=9))
    with pytest.raises(SystemExit):  # Lightning's answer to Ctrl-C
        make_trainer(tmp_path, Press(), Timelapse(2), StepEndStop()).fit(module, data)
    frames = frames_of(tmp_path / "timelapse.gif")
    assert len(frames) == 3  # 0, 2 and where it stopped, 3
    write_picture(tmp_path / "stopped.png", module.picture)
    assert mean_difference(frames[-1], tmp_path / "stopped.png") < 0.05


def test_a_run_that_fails_tells_its_own_error(
    tmp_path: Path, data: StyleTransferData, capsys: pytest.CaptureFixture[str]
) -> None:
    class Fail(Callback):
        def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
            (tmp_path / "timelapse.gif").mkdir()
            raise RuntimeError("its own")

    with pytest.raises(RuntimeError, match="its own"):
        fit(tmp_path, data, Fail(), Timelapse(1))
    assert "The timelapse could not be written either" in capsys.readouterr().err


def test_a_run_that_never_started_leaves_nothing(tmp_path: Path, data: StyleTransferData) -> None:
    class Fail(Callback):
        def setup(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
            raise RuntimeError("its own")

    with pytest.raises(RuntimeError, match="its own"):
        fit(tmp_path, data, Timelapse(1), Fail())
    assert not (tmp_path / "timelapse.gif").exists()


def test_it_does_not_change_the_run(tmp_path: Path, data: StyleTransferData) -> None:
    pictures = []
    for callbacks in ([], [Timelapse(1)]):
        torch.manual_seed(0)
        pictures.append(fit(tmp_path, data, *callbacks).canvas.decode())
    assert torch.equal(*pictures)


def test_without_its_package_an_mp4_ends_the_program_before_the_run(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("stylelightning.images.video_encoding.find_spec", lambda name: None)
    run("--callbacks.lapse=Timelapse", "--callbacks.lapse.formats=[mp4]", code=2)
    error = capsys.readouterr().err
    assert "pip install 'stylelightning[video]'" in error
    assert error.count("\n") == 1
    assert run("--callbacks.lapse=Timelapse").joinpath("timelapse.gif").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every_n_steps": 0}, "`every_n_steps` of Timelapse must be at least 1, got 0"),
        ({"size": 1}, "`size` of Timelapse must be at least 2, got 1"),
        ({"max_frames": 1}, "`max_frames` of Timelapse must be at least 2, got 1"),
        (
            {"frames_per_second": 0},
            "`frames_per_second` of Timelapse must be from 0.01 to 100, got 0",
        ),
        ({"hold": -1}, "`hold` of Timelapse must be from 0 to 500, got -1"),
        ({"formats": []}, r"`formats` of Timelapse must be gif, mp4 or both, got \[\]"),
        ({"formats": ["avi"]}, r"must be gif, mp4 or both, got \['avi'\]"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Timelapse(**options)
