"""What a run leaves behind."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image

from stylelightning.__main__ import main
from stylelightning.images import read_config, read_picture, write_picture
from tests.conftest import GRAMS, TINY, Run, smooth_picture

Capture = pytest.CaptureFixture[str]


def test_a_run_writes_what_it_promises(run: Run) -> None:
    folder = run(GRAMS)
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {
        "config.yaml",
        "result.png",
        "losses.csv",
        "checkpoints/last.ckpt",
        "images/step_000000.png",
        "images/step_000003.png",  # the end of the first scale
        "images/step_000006.png",
        "grams/style/level1/step_000001.png",
    } <= names
    assert any("events.out.tfevents" in name for name in names)
    assert not any(Path(name).name.startswith(".") for name in names)  # half written
    assert read_picture(folder / "result.png").pixels.shape == (1, 3, 24, 32)


def test_the_loss_of_every_term_falls(run: Run) -> None:
    folder = run("--model.schedule.steps", "12")
    with (folder / "losses.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [rows[0]["step"], rows[-1]["step"]] == ["1", "24"]
    for term in ("content", "style", "tv", "total"):
        assert float(rows[-1][term]) < float(rows[0][term]), term
    total = sum(float(rows[-1][term]) for term in ("content", "style", "tv"))
    assert total == pytest.approx(float(rows[-1]["total"]))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tiff"])
def test_output_is_written_too_and_can_be_run_again(run: Run, tmp_path: Path, suffix: str) -> None:
    output = tmp_path / "new" / f"out{suffix}"
    folder = run("--output", str(output))
    assert read_picture(output).pixels.shape == (1, 3, 24, 32)
    assert read_config(output) == (folder / "config.yaml").read_text()
    assert main(["fit", "--config", str(output)]) == 0
    again = folder.parent / "version_1"
    assert (again / "result.png").read_bytes() == (folder / "result.png").read_bytes()


def test_the_saved_config_is_whole_and_makes_the_same_run(run: Run) -> None:
    folder = run("--model.losses.tv.weight", "0.5", "--model.averaging", "0.9")
    assert main(["fit", "--config", str(folder / "config.yaml")]) == 0
    again = folder.parent / "version_1"
    assert (again / "config.yaml").read_text() == (folder / "config.yaml").read_text()
    assert (again / "result.png").read_bytes() == (folder / "result.png").read_bytes()


def test_the_saved_config_keeps_untrained_weights_untrained(run: Run) -> None:
    layers = ["--model.losses.content.layers=[relu1_1]", "--model.losses.style.layers=[relu1_1]"]
    folder = run(
        "--model.backbone=VGG16", "--model.backbone.weights=null", "--trainer.max_steps=1", *layers
    )
    assert (
        yaml.safe_load((folder / "config.yaml").read_text())["model"]["backbone"]["init_args"][
            "weights"
        ]
        is None
    )


def test_every_run_gets_a_folder_of_its_own(run: Run) -> None:
    assert [run(f"--seed_everything={n}").name for n in (1, 2)] == ["version_0", "version_1"]


def test_a_run_without_a_logger_still_writes_its_files(run: Run) -> None:
    folder = run("--trainer.logger", "false")
    assert (folder / "result.png").is_file()
    assert (folder / "checkpoints" / "last.ckpt").is_file()
    assert (folder / "images" / "step_000006.png").is_file()


def test_opacity_is_kept_on_output(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    alpha = torch.ones(1, 1, 24, 32)
    alpha[..., :16] = 0
    write_picture(path, smooth_picture(24, 32, 5), alpha=alpha)
    folder = run("--data.content", str(path))
    result = read_picture(folder / "result.png")
    assert result.alpha is not None
    torch.testing.assert_close(result.alpha, alpha)


def test_a_sideways_photograph_comes_out_upright(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "phone.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90 degrees
    Image.new("RGB", (64, 48), (90, 120, 60)).save(path, exif=exif)
    folder = run("--data.content", str(path))
    assert read_picture(folder / "result.png").pixels.shape == (1, 3, 32, 24)


@pytest.mark.parametrize(
    "picture",
    [
        lambda: Image.new("L", (32, 24), 128),  # gray and of one colour
        lambda: Image.new("RGB", (32, 24), (0, 0, 0)),
        lambda: Image.new("P", (32, 24), 3),
        lambda: Image.new("CMYK", (32, 24), (0, 90, 40, 10)),
        lambda: Image.new("1", (32, 24), 1),
    ],
    ids=["gray", "black", "palette", "cmyk", "bilevel"],
)
@pytest.mark.parametrize("kind", ["content", "style"])
def test_any_kind_of_picture_gives_a_finite_result(
    run: Run, tmp_path: Path, picture: Callable[[], Image.Image], kind: str
) -> None:
    path = tmp_path / "any.tif"
    picture().save(path)
    folder = run(f"--data.{kind}", str(path))
    with (folder / "losses.csv").open() as file:
        assert all(float(row["total"]) < float("inf") for row in csv.DictReader(file))


@pytest.mark.parametrize(("height", "width"), [(17, 31), (8, 72), (23, 24)])
def test_any_shape_comes_out_at_its_exact_size(
    run: Run, tmp_path: Path, height: int, width: int
) -> None:
    write_picture(tmp_path / "odd.png", smooth_picture(height, width, 4))
    folder = run(
        "--data.content", str(tmp_path / "odd.png"), "--data.size", str(max(height, width))
    )
    assert read_picture(folder / "result.png").pixels.shape == (1, 3, height, width)


def test_a_texture_has_any_aspect_ratio(run: Run) -> None:
    folder = run("--data.content=null", "--data.aspect_ratio=0.5", "--model.losses.content=null")
    assert read_picture(folder / "result.png").pixels.shape == (1, 3, 32, 16)


def test_a_config_without_callbacks_still_leaves_picture_and_checkpoint(
    run: Run, tmp_path: Path
) -> None:
    off = [f"--callbacks.{name}=null" for name in yaml.safe_load(TINY.read_text())["callbacks"]]
    folder = run(*off)
    assert (folder / "result.png").is_file()
    assert (folder / "checkpoints" / "last.ckpt").is_file()


@pytest.mark.parametrize(
    "switch", ["--trainer.enable_progress_bar=false", "--trainer.enable_checkpointing=false"]
)
def test_trainers_own_switches_drop_the_matching_callbacks(run: Run, switch: str) -> None:
    folder = run(switch)
    kept = "checkpointing" not in switch
    assert (folder / "checkpoints" / "last.ckpt").is_file() is kept


@pytest.mark.parametrize("precision", ["64-true", "bf16-mixed"])
def test_other_precisions_run_and_resume(run: Run, precision: str) -> None:
    run(f"--trainer.precision={precision}", "--trainer.max_steps=4")
    resumed = run(f"--trainer.precision={precision}", "--ckpt_path=last")
    whole = run(f"--trainer.precision={precision}")
    assert (resumed / "result.png").read_bytes() == (whole / "result.png").read_bytes()


@pytest.mark.parametrize("args", [["--trainer.max_steps=0"], ["--trainer.max_time=00:00:00:00"]])
def test_a_run_of_no_step_says_so_and_writes_its_picture(
    run: Run, capsys: Capture, args: list[str]
) -> None:
    folder = run(*args)
    assert "No step was left to run" in capsys.readouterr().err
    assert (folder / "result.png").is_file()


def test_a_picture_too_large_for_its_format_is_kept_in_another(
    run: Run, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run(
        "--output",
        str(tmp_path / "wide.webp"),
        "--data.size=17000",
        "--trainer.max_steps=0",
        "--data.content",
        str(thin_picture(tmp_path)),
        "--model.schedule.min_size=null",
        code=2,
    )
    (spare,) = tmp_path.glob("stylelightning-*/wide.png")
    assert read_picture(spare).width == 17000


def thin_picture(folder: Path) -> Path:
    write_picture(folder / "thin.png", smooth_picture(8, 2000, 3))
    return folder / "thin.png"


def test_a_run_of_any_length_takes_less_than_20_lines_of_a_file(run: Run, capsys: Capture) -> None:
    folder = run("--model.schedule.steps=100", "--callbacks.log.every_n_steps=1")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 20
    assert lines[1].startswith("200 steps  16x12 to 32x24 px  cpu  ")
    assert lines[-3].startswith(f"{folder / 'result.png'}  32x24 px after step 200")
    assert lines[-2] == f"tensorboard --logdir {folder}"
    assert re.fullmatch(r"done in \d+ s", lines[-1])
