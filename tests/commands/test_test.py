"""`test` measures pictures, checkpoints and whatever they are beside."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from stylelightning.__main__ import main
from stylelightning.cli.finished_pictures import Measurement, picture_of_checkpoint
from stylelightning.commands.test import table
from stylelightning.images import read_picture, write_picture
from stylelightning.metrics import PictureMetrics
from tests.conftest import Run, smooth_picture

Capture = pytest.CaptureFixture[str]

NAMES = [
    "style_distance", "patch_distance", "gram", *(f"gram/level{n}" for n in range(1, 5)),
    "ssim", "structure", "total_variation",
]  # fmt: skip


def answered(capsys: Capture, *args: object) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["test", "--json", *map(str, args)]) == 0
    measurements: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return measurements


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    write_picture(path, smooth_picture(24, 32, seed=3))
    return path


# pictures beside named images


def test_the_numbers_are_those_of_the_files(
    picture: Path, content: Path, style: Path, capsys: Capture
) -> None:
    (found,) = answered(capsys, "--image", picture, "--content", content, "--style", style)
    pixels = [read_picture(path).pixels for path in (picture, content, style)]
    expected = PictureMetrics().measure(pixels[0], pixels[1], [pixels[2]])
    assert found["metrics"] == expected
    assert (found["picture"], found["width"], found["height"]) == (str(picture), 32, 24)


def test_images_themselves_are_the_ends_of_the_scale(
    content: Path, style: Path, capsys: Capture
) -> None:
    # by definition: 1 for the content image, 0 for the style image
    first, second = answered(
        capsys, "--image", content, "--image", style, "--content", content, "--style", style
    )
    for name in ("style_distance", "gram", "gram/level4", "ssim", "structure"):
        assert first["metrics"][name] == pytest.approx(1, abs=1e-5)
    assert second["metrics"]["style_distance"] == second["metrics"]["gram"] == 0


def test_the_table_has_a_column_for_each_picture(
    picture: Path, content: Path, style: Path, capsys: Capture
) -> None:
    options = ["--image", picture, "--image", content, "--content", content, "--style", style]
    measurements = answered(capsys, *options)
    assert main(["test", *map(str, options)]) == 0
    out, err = capsys.readouterr()
    head, size, *rows = out.splitlines()
    assert head.split() == [str(picture), str(content)]
    assert size.split() == ["compared", "at", "32x24", "32x24"]
    assert [row.split()[0] for row in rows] == NAMES
    for row in rows:
        name, *cells = row.split()
        assert cells == [f"{each['metrics'][name]:.4f}" for each in measurements]
    assert len({len(line) for line in out.splitlines()}) == 1
    assert err.startswith("note: lpips is left out: LPIPS needs alexnet-owt-7be5be79.pth")
    assert len(err.splitlines()) == 1


def test_a_number_that_one_picture_lacks_is_a_dash() -> None:
    measurements = [
        Measurement("a.png", 32, 24, {"ssim": 0.5, "total_variation": 0.25}, {}),
        Measurement("longer.png", 320, 240, {"total_variation": 1.0}, {"ssim": "no"}),
    ]
    assert table(measurements) == (
        "                  a.png  longer.png\n"
        "compared at       32x24     320x240\n"
        "ssim             0.5000           -\n"
        "total_variation  0.2500      1.0000\n"
    )


def test_without_a_content_image_its_numbers_are_left_out(
    picture: Path, style: Path, capsys: Capture
) -> None:
    (found,) = answered(capsys, "--image", picture, "--style", style)
    assert list(found["metrics"]) == ["patch_distance", "total_variation"]
    assert found["left_out"]["ssim"] == "there is no content image"


def test_a_content_image_of_another_shape_is_stretched_and_that_is_said(
    picture: Path, style: Path, capsys: Capture
) -> None:
    assert main(["test", "--image", str(picture), "--content", str(style)]) == 0
    err = capsys.readouterr().err
    assert f"note: The content image is stretched from 32x32 px to the 32x24 px of {picture}" in err


def test_a_content_image_of_another_size_is_resized(
    picture: Path, content: Path, tmp_path: Path, capsys: Capture
) -> None:
    double = torch.nn.functional.interpolate(read_picture(content).pixels, scale_factor=2)
    write_picture(tmp_path / "double.png", double)
    (small,) = answered(capsys, "--image", picture, "--content", content)
    (large,) = answered(capsys, "--image", picture, "--content", tmp_path / "double.png")
    assert large["metrics"]["ssim"] == pytest.approx(small["metrics"]["ssim"], abs=0.05)


def test_nothing_is_said_of_an_image_that_is_enlarged(
    picture: Path, content: Path, style: Path, capsys: Capture
) -> None:
    args = ["--image", picture, "--content", content, "--style", style, "--size", 64]
    assert main(["test", *map(str, args)]) == 0
    assert all(line.startswith("note: lpips") for line in capsys.readouterr().err.splitlines())


def test_pictures_of_several_sizes_are_compared_at_one(
    picture: Path, content: Path, style: Path, tmp_path: Path, capsys: Capture
) -> None:
    double = torch.nn.functional.interpolate(read_picture(picture).pixels, scale_factor=2)
    write_picture(tmp_path / "double.png", double)
    options = ["--image", picture, "--image", tmp_path / "double.png", "--size", 24]
    small, large = answered(capsys, *options, "--content", content, "--style", style)
    assert (small["width"], small["height"]) == (large["width"], large["height"]) == (24, 18)
    assert small["metrics"] == pytest.approx(large["metrics"], abs=0.1)


# pictures of this program, and checkpoints


def test_a_picture_brings_its_own_images(run: Run, capsys: Capture) -> None:
    folder = run("--callbacks.measure", "FinalMetrics")
    (found,) = answered(capsys, "--image", folder / "result.png")
    recorded = json.loads((folder / "metrics.json").read_text())
    # the file is rounded to 8 bits
    assert found["metrics"] == pytest.approx(recorded, abs=0.01)


@pytest.mark.parametrize("averaging", ["null", "0.9"])
@pytest.mark.parametrize("treatment", ["null", "LuminanceOnly"])
def test_a_checkpoint_is_measured_as_its_run_was(
    run: Run, averaging: str, treatment: str, capsys: Capture
) -> None:
    folder = run(
        "--callbacks.measure", "FinalMetrics", "--model.averaging", averaging,
        "--data.colours", treatment,
    )  # fmt: skip
    (found,) = answered(capsys, "--ckpt_path", folder / "checkpoints" / "last.ckpt")
    assert found["metrics"] == json.loads((folder / "metrics.json").read_text())


def test_several_styles_and_their_scale_are_the_runs(
    run: Run, style: Path, content: Path, capsys: Capture
) -> None:
    styles = f"[{{path: {style}, weight: 2}}, {{path: {content}, scale: 0.5}}]"
    folder = run("--callbacks.measure", "FinalMetrics", "--data.style", styles)
    (found,) = answered(capsys, "--ckpt_path", folder / "checkpoints" / "last.ckpt")
    assert found["metrics"] == json.loads((folder / "metrics.json").read_text())


def test_images_that_are_named_win_over_the_config(
    run: Run, content: Path, capsys: Capture
) -> None:
    folder = run()
    options = ["--image", folder / "result.png", "--ckpt_path", folder / "checkpoints/last.ckpt"]
    for found in answered(capsys, *options, "--content", content):
        assert {"ssim", "structure", "total_variation"} == found["metrics"].keys()


def test_the_picture_of_a_checkpoint_is_the_average(run: Run) -> None:
    folder = run("--model.averaging", "0.9")
    picture = picture_of_checkpoint(folder / "checkpoints" / "last.ckpt")
    shown = read_picture(folder / "result.png").pixels
    torch.testing.assert_close(picture, shown, rtol=0, atol=0.51 / 255)


# mistakes


@pytest.mark.parametrize(
    ("args", "error"),
    [
        pytest.param("", "There is nothing to measure: give --image PATH", id="nothing"),
        pytest.param("--image none.png", "there is no such file", id="no such picture"),
        pytest.param("--image {picture}", "carries no config", id="no config"),
        pytest.param("--image {picture} --content no.png", "there is no such file", id="content"),
        pytest.param("--image {text} --content {picture}", "not a picture", id="no picture"),
        pytest.param("--ckpt_path none.ckpt", "There is no checkpoint", id="no checkpoint"),
        pytest.param("--ckpt_path {picture}", "is not a whole checkpoint", id="picture as one"),
        pytest.param("--image {picture} --size 0", "Argument --size: it must be", id="size"),
        pytest.param("--picture {picture}", "Unrecognized arguments: --picture", id="option"),
        pytest.param("--image", "Argument --image: expected one argument", id="no value"),
    ],
)
def test_a_mistake_is_one_line(args: str, error: str, picture: Path, capsys: Capture) -> None:
    text = picture.with_name("text.png")
    text.write_text("no picture")
    assert main(["test", *args.format(picture=picture, text=text).split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert len(err.splitlines()) == 1
    assert error in err


def test_an_image_of_the_config_that_is_gone_is_named_with_the_way_out(
    run: Run, content: Path, capsys: Capture
) -> None:
    folder = run()
    content.unlink()
    capsys.readouterr()
    assert main(["test", "--image", str(folder / "result.png")]) == 2
    err = capsys.readouterr().err
    assert str(content) in err
    assert "give --content PATH and --style PATH." in err
    assert len(err.splitlines()) == 1


def test_a_checkpoint_beside_named_images_needs_those_of_its_config_no_more(
    run: Run, content: Path, style: Path, tmp_path: Path, capsys: Capture
) -> None:
    folder = run()
    moved = content.rename(tmp_path / "moved.png")
    args = ["--ckpt_path", folder / "checkpoints" / "last.ckpt", "--content", moved]
    (found,) = answered(capsys, *args, "--style", style)
    assert list(found["metrics"]) == NAMES


@pytest.mark.parametrize("text", ["{}", "data: 3", "data: {contents: a.png}", "[1]", "{"])
def test_a_config_without_images_is_named(
    run: Run, text: str, tmp_path: Path, capsys: Capture
) -> None:
    folder = run()
    (folder / "config.yaml").write_text(text)
    capsys.readouterr()
    assert main(["test", "--ckpt_path", str(folder / "checkpoints" / "last.ckpt")]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: The config of {folder / 'config.yaml'} has no `data` that can")
    assert len(err.splitlines()) == 1


def test_a_checkpoint_apart_from_its_run_is_named(
    run: Run, tmp_path: Path, capsys: Capture
) -> None:
    folder = run()
    apart = tmp_path / "a" / "b" / "last.ckpt"
    apart.parent.mkdir(parents=True)
    shutil.copy(folder / "checkpoints" / "last.ckpt", apart)
    capsys.readouterr()
    assert main(["test", "--ckpt_path", str(apart)]) == 2
    assert f"There is no {tmp_path / 'a' / 'config.yaml'} beside" in capsys.readouterr().err


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STYLELIGHTNING_DEBUG", "1")
    with pytest.raises(ValueError, match="There is nothing to measure"):
        main(["test"])


def test_its_help_does_not_wait_for_torch() -> None:
    code = (
        "import sys; from stylelightning.__main__ import main; assert main(['test', '-h']) == 0; "
        "assert not {'torch', 'lightning', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--ckpt_path" in done.stdout
    assert done.stderr == ""
