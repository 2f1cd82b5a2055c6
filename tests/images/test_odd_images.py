"""The embedded default on images that are unlike any painting."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from stylelightning.__main__ import main
from stylelightning.images import read_picture, write_picture
from tests.conftest import ROOT, smooth_picture

IMAGES: dict[str, Tensor] = {
    "ordinary": smooth_picture(24, 32, seed=1),
    "smaller": smooth_picture(12, 10, seed=2),
    "much larger": smooth_picture(300, 400, seed=3),
    "wide": smooth_picture(40, 80, seed=4),
    "tall": smooth_picture(80, 40, seed=5),
    "flat": torch.tensor([0.8, 0.2, 0.1]).view(1, 3, 1, 1).repeat(1, 1, 24, 32),
    "gray": smooth_picture(24, 32, seed=6).mean(1, keepdim=True).repeat(1, 3, 1, 1),
    "black": torch.zeros(1, 3, 24, 32),
}


def paint(folder: Path, content: str, style: str, *options: str) -> int:
    for name in (content, style):
        write_picture(folder / f"{name}.png", IMAGES[name])
    return main(
        [
            "fit",
            f"--config={ROOT / 'configs' / 'quickstart.yaml'}",
            f"--data.content={folder / content}.png",
            f"--data.style={folder / style}.png",
            f"--output={folder / 'out.png'}",
            f"--trainer.default_root_dir={folder}",
            "--trainer.accelerator=cpu",
            "--data.size=32",
            "--model.schedule.min_size=32",
            "--model.schedule.steps=30",
            "--model.lr_scheduler.T_max=30",
            *options,
        ]
    )


@pytest.mark.parametrize("style", IMAGES)
def test_any_style_image_gives_a_picture_that_is_nearer_to_it(tmp_path: Path, style: str) -> None:
    assert paint(tmp_path, "ordinary", style) == 0
    mean = IMAGES[style].mean((2, 3))
    made = read_picture(tmp_path / "out.png").pixels
    assert made.shape == (1, 3, 24, 32)
    before = (IMAGES["ordinary"].mean((2, 3)) - mean).norm()
    assert (made.mean((2, 3)) - mean).norm() <= before + 0.02


@pytest.mark.parametrize("content", ["flat", "gray", "black", "wide"])
@pytest.mark.parametrize("colours", ["ContentToStyle", "StyleToContent", "LuminanceOnly"])
def test_any_content_image_works_with_any_treatment_of_colours(
    tmp_path: Path, content: str, colours: str
) -> None:
    options = ["--model.schedule.steps=2", f"--data.colours={colours}"]
    assert paint(tmp_path, content, "ordinary", *options) == 0
    assert read_picture(tmp_path / "out.png").pixels.isfinite().all()


def test_an_image_smaller_than_a_patch_is_refused_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert paint(tmp_path, "ordinary", "wide", "--model.losses.strokes.size=17") == 2
    error = capsys.readouterr().err
    assert "the losses of this run need at least 17 px on every side, of both images" in error
    assert "the smallest that works is --data.size 34" in error  # by hand: half of 34 is 17
    assert not (tmp_path / "out.png").exists()
