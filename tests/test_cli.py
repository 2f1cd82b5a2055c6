"""The command line as a user meets it."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image

from stylelightning.__main__ import main
from stylelightning.images import read_config, read_picture, write_picture
from tests.conftest import TINY, Run, smooth_picture

Capture = pytest.CaptureFixture[str]


# what a run leaves behind


def test_a_run_writes_what_it_promises(run: Run) -> None:
    folder = run()
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


def test_opacity_is_kept_on_output(run: Run, tmp_path: Path) -> None:  # I3
    path = tmp_path / "clear.png"
    alpha = torch.ones(1, 1, 24, 32)
    alpha[..., :16] = 0
    write_picture(path, smooth_picture(24, 32, 5), alpha=alpha)
    folder = run("--data.content", str(path))
    result = read_picture(folder / "result.png")
    assert result.alpha is not None
    torch.testing.assert_close(result.alpha, alpha)


def test_a_sideways_photograph_comes_out_upright(run: Run, tmp_path: Path) -> None:  # I1
    path = tmp_path / "phone.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90 degrees
    Image.new("RGB", (64, 48), (90, 120, 60)).save(path, exif=exif)
    folder = run("--data.content", str(path))
    assert read_picture(folder / "result.png").pixels.shape == (1, 3, 32, 24)


@pytest.mark.parametrize(
    "picture",
    [
        lambda: Image.new("L", (32, 24), 128),  # I6: gray and of one colour
        lambda: Image.new("RGB", (32, 24), (0, 0, 0)),
        lambda: Image.new("P", (32, 24), 3),  # I4
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
) -> None:  # S1, S3
    write_picture(tmp_path / "odd.png", smooth_picture(height, width, 4))
    folder = run(
        "--data.content", str(tmp_path / "odd.png"), "--data.size", str(max(height, width))
    )
    assert read_picture(folder / "result.png").pixels.shape == (1, 3, height, width)


# layers of configs


def test_a_later_config_changes_only_the_losses_that_it_names(run: Run, tmp_path: Path) -> None:
    top = tmp_path / "top.yaml"
    top.write_text(
        "model:\n  losses:\n    style:\n      init_args:\n        weight: 7\n    tv: null\n"
    )
    folder = run("--config", str(top))
    losses = yaml.safe_load((folder / "config.yaml").read_text())["model"]["losses"]
    assert losses["content"]["init_args"]["weight"] == 100
    assert losses["style"]["class_path"] == "stylelightning.losses.GramLoss"
    assert losses["style"]["init_args"]["weight"] == 7
    assert losses["tv"] is None


def test_a_loss_is_changed_added_and_removed_on_the_command_line(run: Run) -> None:
    folder = run(
        "--model.losses.style.weight=5",
        "--model.losses.tv=null",
        "--model.losses.smooth=TotalVariationLoss",
        "--model.losses.smooth.exponent=1",
    )
    header = (folder / "losses.csv").read_text().splitlines()[0]
    assert header.startswith("step,scale,size,content,style,smooth,total")


def test_another_optimizer_forgets_the_options_of_the_first(run: Run) -> None:
    # jsonargparse would hand Adam's lr 0.02 to LBFGS; this fails too when its hook is gone
    folder = run("--model.optimizer", "LBFGS")
    optimizer = yaml.safe_load((folder / "config.yaml").read_text())["model"]["optimizer"]
    assert optimizer["class_path"] == "torch.optim.LBFGS"
    assert optimizer["init_args"]["lr"] == 1


def test_colours_are_named_in_the_config_and_shown_in_every_picture(
    run: Run, content: Path
) -> None:
    folder = run("--data.colours=LuminanceOnly", "--data.colours.match=false")
    colours = yaml.safe_load((folder / "config.yaml").read_text())["data"]["colours"]
    assert colours == {
        "class_path": "stylelightning.colours.LuminanceOnly",
        "init_args": {"match": False},
    }
    # oracle: I of YIQ is the content image's, in the result and in the last snapshot
    chroma = torch.tensor([0.596, -0.274, -0.322])
    expected = torch.einsum("bchw,c->bhw", read_picture(content).pixels, chroma)
    for path in (folder / "result.png", folder / "images" / "step_000006.png"):
        shown = torch.einsum("bchw,c->bhw", read_picture(path).pixels, chroma)
        assert (shown - expected).abs().median() < 0.01  # some are cut to [0, 1]


def test_a_texture_has_any_aspect_ratio(run: Run) -> None:
    folder = run("--data.content=null", "--data.aspect_ratio=0.5", "--model.losses.content=null")
    assert read_picture(folder / "result.png").pixels.shape == (1, 3, 32, 16)


def test_a_wrong_treatment_of_colours_is_one_line(run: Run, capsys: Capture) -> None:
    run("--data.colours=LuminanceOnyl", code=2)
    assert "Did you mean LuminanceOnly?" in capsys.readouterr().err
    run("--data.colours=ContentToStyle", "--data.colours.strength=2", code=2)
    assert "`strength` of ContentToStyle must be from 0 to 1, got 2.0" in capsys.readouterr().err
    run("--data.colours=ContentToStyle", "--data.content=null", code=2)
    assert "`data.colours` needs a content image and a style image" in capsys.readouterr().err


def test_a_loss_of_ones_own_is_one_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "warmth.py").write_text(
        "from stylelightning.losses import Loss\n\n\n"
        "class Warmth(Loss):\n"
        "    def prepare(self, references):\n"
        "        pass\n\n"
        "    def forward(self, features):\n"
        "        red, _, blue = features['image'].mean((0, 2, 3))\n"
        "        return (1 + blue - red).square()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    folder = run(
        "--model.losses.warm=warmth.Warmth",
        "--model.losses.warm.weight=50",
        "--model.losses.warm.layers=[image]",
    )
    assert "warm" in (folder / "losses.csv").read_text().splitlines()[0]


RESNET = [
    "--model.backbone=TorchvisionModel",
    "--model.backbone.network=resnet18",
    "--model.backbone.weights=null",
    "--model.losses.content.layers=[layer1.0.relu]",
]


@pytest.mark.parametrize(
    "layers", ["[conv1, layer1.0.relu]", "{conv1: 1.0, layer1.0.relu: 0.5}"], ids=["list", "map"]
)
@pytest.mark.parametrize("where", ["option", "file"])
def test_layers_with_dots_in_their_names(run: Run, tmp_path: Path, layers: str, where: str) -> None:
    top = tmp_path / "top.yaml"
    top.write_text(f"model: {{losses: {{style: {{init_args: {{layers: {layers}}}}}}}}}\n")
    given = {"option": f"--model.losses.style.layers={layers}", "file": f"--config={top}"}
    folder = run(given[where], *RESNET)
    assert read_picture(folder / "result.png").pixels.shape == (1, 3, 24, 32)
    assert (folder / "grams" / "style" / "layer1.0.relu" / "step_000006.png").is_file()
    style = yaml.safe_load((folder / "config.yaml").read_text())["model"]["losses"]["style"]
    assert style["init_args"]["layers"] == yaml.safe_load(layers)
    assert main(["fit", "--config", str(folder / "result.png")]) == 0  # the picture made again
    again = folder.parent / "version_1" / "result.png"
    assert again.read_bytes() == (folder / "result.png").read_bytes()


def test_gram_matrices_of_a_residual_network_are_said_unless_smoothed(
    run: Run, capsys: Capture
) -> None:
    layers = "--model.losses.style.layers=[conv1]"
    warning = (
        "warning: The loss 'style' takes Gram matrices of a residual network, which carry a style "
        "badly (Wang, Li and Vasconcelos, CVPR 2021): try --model.backbone.softmax_smoothing true."
    )
    run(*RESNET, layers, "--trainer.max_steps=1")
    assert warning in capsys.readouterr().err.splitlines()
    run(*RESNET, layers, "--trainer.max_steps=1", "--model.backbone.softmax_smoothing=true")
    run(*RESNET, "--model.losses.style=null", "--trainer.max_steps=1")
    run("--trainer.max_steps=1")
    assert "residual" not in capsys.readouterr().err


# bad input: one line, exit code 2, nothing left behind


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--model.backbone", "RandomMultiscal"], "Did you mean RandomMultiscale?"),
        (["--model.backbone", "my_nets.Net"], "no 'my_nets' to import"),
        (["--model.losses.style", "GramLos"], "Did you mean GramLoss?"),
        (["--model.losses.style", "stylelightning.losses.Foo"], "no 'Foo' to import"),
        (["--model.optimizer", "Adm"], "Did you mean Adam"),
        (["--model.optimizer", "Muon"], "can't optimise a picture: Muon only supports 2D"),
        (["--model.losses.style.wieght", "3"], "no option 'wieght'. Did you mean weight?"),
        (["--model.losses.styl.weight", "3"], "an entry of the value {'weight': '3'} names no"),
        (["--model.losses.style.normalization", "x"], "must be none, hw, chw, gatys, got x"),
        (["--model.losses.style.layers", "[level9]"], "Near ones: level"),
        (["--model.losses.style.weight", "-1"], "must be a number of at least 0, got -1"),
        (["--model.losses.content=null", "--model.losses.style=null", "--model.losses.tv=null"],
         "must name at least one loss"),
        (["--data.sise", "3"], "no option 'data.sise'. Did you mean data.size"),
        (["--trainer.max_step", "3"], "Did you mean trainer.max_steps"),
        (["--data.size", "-3"], "`data.size` must be at least 1 pixel, got -3"),
        (["--data.size", "abc"], "data.size must be int or null, got abc"),
        (["--model.schedule.steps", "x"], "model.schedule.steps must be int or list[int], got x"),
        (["--model.schedule.factor", "1"], "`model.schedule.factor` must be above 1"),
        (["--trainer.precision", "16-true"], "use bf16-mixed"),
        (["--data.size="], "data.size must be int or null, got ''"),
        (["--data.style_scale", "0.01"], "the smallest that works is --data.size"),
        (["--data.style_scale", "1e-9"], "too small for any size up to 65536 px"),
        (["--model.optimizer.lrr", "1"], "Adam has no option 'lrr'. Did you mean lr?"),
        (["--model.optimizer", "SparseAdam"], "SparseAdam can't optimise a picture"),
        (["--model.lr_scheduler", "StepLR"], "model.lr_scheduler: step_size must be given"),
        (["--model.lr_scheduler", "ReduceLROnPlateau"], "Give the full class path"),
        (["--model.lr_scheduler=OneCycleLR", "--model.lr_scheduler.max_lr=0.1",
          "--model.lr_scheduler.total_steps=0"],
         "`model.lr_scheduler` can't work"),
        (["--model.losses.forward", "TotalVariationLoss"], "not taken, got 'forward'"),
        (["--model.losses.total", "TotalVariationLoss"], "not taken, got 'total'"),
        (["--model.losses.style.layers", "[level1, level1]"], "names a layer twice"),
        (["--model.losses.help", "GramLos"], "Did you mean GramLoss?"),
        (["--callbacks.snap.every_n_steps", "3"], "names no class"),
        (["--callbacks.log.every_n_steps", "0"], "`every_n_steps` of LossLog must be at least 1"),
        (["--trainer.min_steps", "100"], "`trainer.min_steps` 100 is more than the 6 steps"),
        (["--trainer.accumulate_grad_batches", "2"], "accumulate_grad_batches must be 1, got 2"),
        (["--trainer.devices", "2"], "One picture is made by one process, got 2"),
        (["--trainer.devices", "abc"], "`trainer`: "),
        (["--name", "../x"], "`name` must be the name of one folder, got '../x'"),
        (["--averaging", "3"], "Did you mean model.averaging?"),
        (["--config", "configs"], "is a folder: give a YAML file"),
        (["--config", "nowhere.yaml"], "There is no config file"),
        (["--ckpt_path", "nowhere.ckpt"], "There is no checkpoint"),
        (["--output", "out.gif"], "its name must end in one of .jpeg, .jpg, .png"),
        (["--output", "/proc/nowhere/out.png"], "/proc/nowhere/out.png"),
        (["--trainer.default_root_dir", "/proc/nowhere"], "Give another one with --trainer.def"),
        (["--model.init", "contnt"], "must be content, style, noise, gray or the path"),
    ],
)  # fmt: skip
def test_a_mistake_gets_one_line(
    run: Run, capsys: Capture, tmp_path: Path, args: list[str], words: str
) -> None:
    run(*args, code=2)
    said = capsys.readouterr().err.splitlines()
    # what the optimizer that can't work did not take over is said when the config is read
    (error,) = (line for line in said if not line.startswith("warning: model.optimizer: "))
    assert words in error
    assert error.startswith("error: ")
    assert not (tmp_path / "runs").exists()


def test_output_never_replaces_an_input(run: Run, capsys: Capture, content: Path) -> None:
    before = content.read_bytes()
    run("--output", str(content), code=2)
    assert "`output` would replace `data.content`" in capsys.readouterr().err
    assert content.read_bytes() == before


def test_several_style_images_are_one_option_and_none_is_replaced(
    run: Run, style: Path, content: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blend = f"[{{path: {style}, weight: 3}}, {content}]"
    folder = run("--data.style", blend)
    config = yaml.safe_load((folder / "config.yaml").read_text())
    first = {"path": str(style), "weight": 3.0, "scale": 1.0}
    assert config["data"]["style"] == [first, str(content)]
    again = run("--config", str(folder / "config.yaml"), "--data.style", blend)
    pictures = [read_picture(each / "result.png").pixels for each in (folder, again)]
    assert torch.equal(*pictures)
    run("--data.style", blend, "--output", str(style), code=2)
    assert "`output` would replace `data.style`" in capsys.readouterr().err


def test_a_failed_command_leaves_no_folder_of_its_output(run: Run, tmp_path: Path) -> None:
    run("--output", str(tmp_path / "new" / "deep" / "x.png"), "--data.size=0", code=2)
    assert not (tmp_path / "new").exists()


def test_a_null_that_switches_nothing_off_is_said(run: Run, capsys: Capture) -> None:
    run("--model.losses.contnt=null")
    assert "model.losses.contnt is null, and content stays" in capsys.readouterr().err


@pytest.mark.parametrize("section", ["data", "model", "trainer"])
def test_an_empty_section_gets_one_line(
    run: Run, capsys: Capture, tmp_path: Path, section: str
) -> None:
    (tmp_path / "empty.yaml").write_text(f"{section}: null\n")
    assert main(["fit", "--config", str(TINY), "--config", str(tmp_path / "empty.yaml")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("source", "words"), [("class L(:\n", "invalid syntax"), ("raise OSError('boom')", "boom")]
)
def test_a_broken_module_of_ones_own_says_what_is_broken(
    run: Run,
    capsys: Capture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    words: str,
) -> None:
    (tmp_path / f"broken_{words[:4]}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    run(f"--model.losses.mine=broken_{words[:4]}.L", code=2)
    assert words in capsys.readouterr().err


def test_a_config_without_an_optimizer_can_be_run_again(run: Run, tmp_path: Path) -> None:
    tiny = yaml.safe_load(TINY.read_text())
    del tiny["model"]["optimizer"]
    (tmp_path / "plain.yaml").write_text(yaml.safe_dump(tiny))
    images = [f"--data.{kind}={tmp_path / kind}.png" for kind in ("content", "style")]
    root = f"--trainer.default_root_dir={tmp_path / 'runs'}"
    assert main(["fit", "--config", str(tmp_path / "plain.yaml"), *images, root]) == 0
    first = tmp_path / "runs" / "tiny" / "version_0"
    assert main(["fit", "--config", str(first / "result.png")]) == 0
    assert (first / "result.png").read_bytes() == (
        first.parent / "version_1" / "result.png"
    ).read_bytes()


def test_one_callbacks_option_is_changed_by_its_name(run: Run, tmp_path: Path) -> None:
    folder = run("--callbacks.snapshots.every_n_steps=1", "--callbacks.grams=null")
    assert (folder / "images" / "step_000001.png").is_file()
    assert not (folder / "grams").exists()
    assert (folder / "losses.csv").is_file()


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


@pytest.mark.parametrize("args", [["--trainer.max_steps=0"], ["--trainer.limit_train_batches=0"]])
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


def bad_picture(folder: Path, kind: str) -> Path:
    path = folder / "bad.jpg"
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("hello")
    elif kind == "empty":
        path.touch()
    elif kind == "truncated":
        Image.effect_noise((64, 64), 50).save(path)
        path.write_bytes(path.read_bytes()[:600])
    elif kind == "bomb":
        path = folder / "bomb.png"
        Image.new("1", (20000, 20000)).save(path)
    elif kind == "1x1":
        Image.new("RGB", (1, 1)).save(path)
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "there is no such file"),
        ("folder", "it is a folder"),
        ("text", "not a picture"),
        ("empty", "empty"),
        ("truncated", "ends early"),
        ("bomb", "400"),
    ],
)
@pytest.mark.parametrize("image", ["content", "style"])
def test_a_file_that_is_no_picture_gets_one_line(
    run: Run, capsys: Capture, tmp_path: Path, kind: str, words: str, image: str
) -> None:  # I7, I8
    path = bad_picture(tmp_path, kind)
    run(f"--data.{image}", str(path), code=2)
    error = capsys.readouterr().err
    assert str(path) in error
    assert words in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_a_picture_of_one_pixel_works_or_names_the_smallest(
    run: Run, capsys: Capture, tmp_path: Path
) -> None:
    run("--data.content", str(bad_picture(tmp_path, "1x1")))  # enlarged to 32x32
    run("--data.size", "1", code=2)
    assert "the smallest that works is --data.size" in capsys.readouterr().err


def test_weights_that_cannot_be_fetched_are_named(
    run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*args: object, **kwargs: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("socket.getaddrinfo", no_network)
    run("--model.backbone", "VGG19", code=2)
    error = capsys.readouterr().err
    assert "vgg19-dcbb9e9d.pth" in error
    assert "configs/quickstart.yaml needs none" in error


def test_weights_of_another_network_are_named(run: Run, capsys: Capture, tmp_path: Path) -> None:
    torch.save({"features.0.weight": torch.zeros(3, 3)}, tmp_path / "other.pth")
    run("--model.backbone=VGG19", f"--model.backbone.weights={tmp_path / 'other.pth'}", code=2)
    assert "features.0.weight" in capsys.readouterr().err


def test_a_config_that_is_no_yaml_gets_one_line(run: Run, capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("data: [\n")
    run("--config", str(tmp_path / "bad.yaml"), code=2)
    error = capsys.readouterr().err
    assert "bad.yaml" in error
    assert error.count("\n") == 1


def test_a_picture_without_a_config_cannot_be_run(run: Run, capsys: Capture, content: Path) -> None:
    run("--config", str(content), code=2)
    error = capsys.readouterr().err
    assert "content.png" in error
    assert error.count("\n") == 1


def test_no_config_at_all_says_where_to_start(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        raise SystemExit(main(["fit"]))
    assert "model.backbone, model.losses must be given" in capsys.readouterr().err


# failed and interrupted runs: the picture is there


def test_a_full_disk_ends_the_run_in_one_line(
    run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace

    def full(source: str, target: str) -> None:
        if "step_000003" in str(target):  # of the snapshots
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    folder = run(code=1)
    error = capsys.readouterr().err
    assert "No space left on device" in error
    assert "Traceback" not in error
    assert read_picture(folder / "result.png").pixels.isfinite().all()
    assert not [path for path in folder.rglob(".*") if path.is_file()]  # what is half written


def test_a_result_that_cannot_be_written_goes_elsewhere(
    run: Run, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.png"
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    real = os.replace

    def refuse(source: str, target: str) -> None:
        if Path(target) == output:
            raise PermissionError(13, "Permission denied")
        real(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    folder = run("--output", str(output), code=1)
    (spare,) = tmp_path.glob("stylelightning-*/out.png")
    assert spare.read_bytes() == (folder / "result.png").read_bytes()
    assert f"the picture is in {spare}" in capsys.readouterr().err


def test_a_diverging_run_stops_and_keeps_its_best_picture(run: Run, capsys: Capture) -> None:
    folder = run(
        "--model.optimizer=SGD", "--model.optimizer.lr=1e8",
        "--model.schedule.steps=20", code=1,
    )  # fmt: skip
    error = capsys.readouterr().err
    assert "The run diverged at step" in error
    assert "--model.optimizer.lr 1e+07; it is 1e+08" in error
    assert "Traceback" not in error
    assert read_picture(folder / "result.png").pixels.std() > 0.05  # not all one colour
    # a lost picture is neither shown nor kept for a resume
    checkpoint = folder / "checkpoints" / "last.ckpt"
    state = torch.load(checkpoint, weights_only=True)["state_dict"]
    assert state["canvas.parametrization.image"].isfinite().all()


def test_a_lost_picture_that_nobody_watches_is_written_in_gray(run: Run, capsys: Capture) -> None:
    folder = run(
        "--model.losses.style.weight=1e39", "--callbacks.divergence=null",
        "--callbacks.checkpoint=null", "--trainer.enable_checkpointing=false",
    )  # fmt: skip
    assert "not numbers; they are gray" in capsys.readouterr().err
    assert (folder / "result.png").is_file()


def test_an_unexpected_error_keeps_its_traceback_and_the_picture(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.py").write_text(
        "from stylelightning.losses import TotalVariationLoss\n\n\n"
        "class Broken(TotalVariationLoss):\n"
        "    calls = 0\n\n"
        "    def forward(self, features):\n"
        "        self.calls += 1\n"
        "        return super().forward(features) / (0 if self.calls > 2 else 1.0)[0]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TypeError, match="not subscriptable"):
        run("--model.losses.broken=broken.Broken")
    assert (tmp_path / "runs" / "tiny" / "version_0" / "result.png").is_file()


def test_debug_shows_the_traceback_of_every_error(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STYLELIGHTNING_DEBUG", "1")
    with pytest.raises(ValueError, match=r"`data.size` must be"):
        run("--data.size", "0")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
def test_a_stopped_run_leaves_its_picture(
    tmp_path: Path, content: Path, style: Path, number: signal.Signals, code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "stylelightning", "fit", "--config", str(TINY),
         "--data.content", str(content), "--data.style", str(style),
         "--model.schedule.steps", "100000", "--output", "out.png"],
        cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    table = tmp_path / "runs" / "tiny" / "version_0" / "losses.csv"
    deadline = time.monotonic() + 60
    while not (table.is_file() and len(table.read_text().splitlines()) > 3):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in error
    assert (tmp_path / "out.png").read_bytes() == (table.parent / "result.png").read_bytes()


# before torch is imported


def test_version_and_help_do_not_wait_for_torch() -> None:
    code = (
        "import sys; from stylelightning.__main__ import main; "
        "main(['--version']); main(['--help']); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "stylelightning 0." in done.stdout
    assert "--config configs/quickstart.yaml" in done.stdout


def test_help_of_a_class_comes_from_its_docstring(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as stop:
        raise SystemExit(main(["fit", "--model.losses.help", "GramLoss"]))
    assert stop.value.code == 0
    assert "What a matrix is divided by" in capsys.readouterr().out


def test_the_module_and_the_console_script_are_the_same(tmp_path: Path) -> None:
    script = Path(sys.executable).parent / "stylelightning"
    for command in ([str(script)], [sys.executable, "-m", "stylelightning"]):
        done = subprocess.run([*command, "fot"], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 2
        assert "fot" in done.stderr
