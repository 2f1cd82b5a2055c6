"""A mistake gets one line and exit code 2, and leaves nothing behind."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from stylelightning.__main__ import main
from tests.conftest import ROOT, TINY, Run

SWEEP = ROOT / "configs" / "sweeps" / "start.yaml"
TRAINING = ROOT / "configs" / "distillation" / "slim.yaml"

Capture = pytest.CaptureFixture[str]


def test_a_wrong_treatment_of_colours_is_one_line(run: Run, capsys: Capture) -> None:
    run("--data.colours=LuminanceOnyl", code=2)
    assert "Did you mean LuminanceOnly?" in capsys.readouterr().err
    run("--data.colours=ContentToStyle", "--data.colours.strength=2", code=2)
    assert "`strength` of ContentToStyle must be from 0 to 1, got 2.0" in capsys.readouterr().err
    run("--data.colours=ContentToStyle", "--data.content=null", code=2)
    assert "`data.colours` needs a content image and a style image" in capsys.readouterr().err


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
        (["--model.losses.styl.weight", "3"], "no entry 'styl' to change. Did you mean style?"),
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
        (["--model.optimizer=LBFGS", "--model.optimizer.tolerance_grad=nan"],
         "LBFGS's tolerance_grad must be float, got nan."),
        (["--model.optimizer", "SparseAdam"], "SparseAdam can't optimise a picture"),
        (["--model.lr_scheduler", "StepLR"], "model.lr_scheduler: step_size must be given"),
        (["--model.lr_scheduler", "ReduceLROnPlateau"], "Give the full class path"),
        (["--model.lr_scheduler=OneCycleLR", "--model.lr_scheduler.max_lr=0.1",
          "--model.lr_scheduler.total_steps=0"],
         "`model.lr_scheduler` can't be made with these options"),
        (["--model.stop_rule.window", "null"], "StopRule's window must be int, got null"),
        (["--model.stop_rule.window", "1"], "`model.stop_rule.window` must be at least 2, got 1"),
        (["--model.stop_rule.total", "null"], "must name `total` or `picture`, got neither"),
        (["--model.stop_rule.picture", "0"], "`model.stop_rule.picture` must be above 0, got 0"),
        (["--model.stop_rule.windw", "3"], "StopRule has no option 'windw'. Did you mean window?"),
        (["--model.stop_rule="], "model.stop_rule: there is no class ''"),
        (["--model.compile", "stp"], "model.compile must be bool or default, reduce-overhead, max"),
        (["--model.losses.style", "GaussianWassersteinLoss", "--model.losses.style.method", "x"],
         "GaussianWassersteinLoss's method must be eigenvalues, iteration or null, got x"),
        (["--model.losses.forward", "TotalVariationLoss"], "not taken, got 'forward'"),
        (["--model.losses.total", "TotalVariationLoss"], "not taken, got 'total'"),
        (["--model.losses.style.layers", "[level1, level1]"], "names a layer twice"),
        (["--model.losses.help", "GramLos"], "Did you mean GramLoss?"),
        (["--callbacks.snap.every_n_steps", "3"], "give its class first, such as --callbacks.sn"),
        (["--callbacks.log.every_n_steps", "0"], "`every_n_steps` of LossLog must be at least 1"),
        (["--trainer.min_steps", "100"], "`trainer.min_steps` 100 is more than the 6 steps"),
        (["--trainer.accumulate_grad_batches", "2"], "accumulate_grad_batches` must be 1, got 2"),
        (["--trainer.devices", "2"], "One picture is made by one process, got 2"),
        (["--trainer.devices", "0"], "`trainer.devices` must be at least 1, got 0"),
        (["--trainer.devices", "abc"], "`trainer.devices` must be a whole number, auto or"),
        (["--name", "../x"], "`name` must be the name of one folder, got '../x'"),
        (["--averaging", "3"], "Did you mean model.averaging?"),
        (["--config", "configs"], "is a folder: give a YAML file"),
        (["--config", "nowhere.yaml"], "There is no config file"),
        (["--ckpt_path", "nowhere.ckpt"], "There is no checkpoint"),
        (["--output", "out.gif"], "its name must end in one of .jpeg, .jpg, .png"),
        (["--output", "/proc/nowhere/out.png"], "/proc/nowhere/out.png"),
        (["--trainer.default_root_dir", "/proc/nowhere"], "Give another one with --trainer.def"),
        (["--seed_everything", "-1"], "`seed_everything` must be from 0 to 4294967295, got -1"),
        (["--model.optimizer.lr", ".inf"], "`model.optimizer.lr` must be a finite number, got inf"),
        (["--model.optimizer.lr", "0"], "`model.optimizer.lr` must be above 0, got 0"),
        (["--model.backbone.seed", "99999999999999999999"], "`seed` must be a whole number of 64"),
        (["--name", "x" * 300], "`name` must have at most 255 bytes"),
        (["--name", "é" * 200], "`name` must have at most 255 bytes, as file systems want it, got"),
        (["--name", "a\0b"], "`name` must be the name of one folder"),
        (["--output", "s3://b/x.png"], "`output` must be a path on this machine, got the address"),
        (["--data.content", "https://b/x.png"], "`data.content` must be a path on this machine"),
        (["--data.style", "[http://b/x.png]"], "`data.style` must be a path on this machine"),
        (["--model.init", "http://b/x.png"], "`model.init` must be a path on this machine"),
        (["--ckpt_path", "s3://b/x.ckpt"], "`ckpt_path` must be a path on this machine"),
        (["--trainer.default_root_dir", "s3://b"], "`trainer.default_root_dir` must be a path on"),
        (["--trainer.barebones", "true"], "`trainer.barebones` must be false, got true: a run ke"),
        (["--trainer.fast_dev_run", "3"], "`trainer.fast_dev_run` must be false, got 3: use --tr"),
        (["--trainer.limit_train_batches", "0"], "must be 1.0, or a whole number of steps, at lea"),
        (["--trainer.limit_train_batches", "2.5"], "after which callbacks such as EarlyStopping"),
        (["--trainer.overfit_batches", "1"], "`trainer.overfit_batches` must be 0, got 1"),
        (["--trainer.max_epochs", "0"], "`trainer.max_epochs` must be -1, got 0: there are no ep"),
        (["--trainer.gradient_clip_val", "-1"], "`trainer.gradient_clip_val` must be above 0"),
        (["--data.style_scale", "1e9"], "No image of a run may be longer than 65536 px"),
        (["--data.style", "[{path: s.png, weight: -1}]"], "The weight of the style image s.png m"),
        (["--data.style", "[{path: s.png, scale: 0}]"], "The scale of the style image s.png m"),
        (["--data.style", "[{path: s.png, weight: .nan}]"], "must be at least 0, got nan"),
        (["--model.losses.style", "LossLog"], "LossLog is a class of another kind"),
        (["--model.losses.style", "{class_path: GramLoss, init_arg: {}}"], "there may be `init_a"),
        (["--model.losses.style", "{class_path: 3}"], "`class_path`, a text, and `init_args`"),
        (["--model.backbone", "[1]"], "model.backbone must name a class, a Backbone, got [1]"),
        (["--model.lr_scheduler", "[1]"], "model.lr_scheduler must name a class or a function, go"),
        (["--model.lr_scheduler", "StepLr"], "Did you mean StepLR?"),
        (["--callbacks.stop", "EarlyStoping"], "Did you mean EarlyStopping?"),
        (["--trainer.logger", "CSVLoger"], "Did you mean CSVLogger?"),
        (["--data", "null"], "data must be the path of a YAML file with its keys, got null"),
        (["--model", "a\0b"], "A path has a null character in it"),
        (["--data.content", "a\0b"], "`data.content` must be a path, got 'a\\x00b'"),
        (["--config", str(SWEEP)], "start.yaml is that of a sweep: give it to `sweep`"),
        (["--config", str(TRAINING)], "slim.yaml is that of a training: give it to `distill`"),
        (["--model.init", "contnt"], "must be content, style, noise, gray or the path"),
    ],
)  # fmt: skip
def test_a_mistake_gets_one_line(
    run: Run, capsys: Capture, tmp_path: Path, args: list[str], words: str
) -> None:
    run(*args, code=2)
    said = capsys.readouterr().err.splitlines()
    # what the optimizer that can't work did not take over is said when the config is read
    # and so is that an image is enlarged when it is read
    before = ("warning: model.optimizer: ", "warning: The style image is 32 px and is enlarged")
    (error,) = (line for line in said if not line.startswith(before))
    assert words in error
    assert error.startswith("error: ")
    assert "Namespace(" not in error
    assert not (tmp_path / "runs").exists()


def test_output_never_replaces_an_input(run: Run, capsys: Capture, content: Path) -> None:
    before = content.read_bytes()
    run("--output", str(content), code=2)
    assert "`output` would replace `data.content`" in capsys.readouterr().err
    assert content.read_bytes() == before


def test_a_failed_command_leaves_no_folder_of_its_output(run: Run, tmp_path: Path) -> None:
    run("--output", str(tmp_path / "new" / "deep" / "x.png"), "--data.size=0", code=2)
    assert not (tmp_path / "new").exists()


def test_a_null_that_switches_nothing_off_is_said(run: Run, capsys: Capture) -> None:
    run("--model.losses.contnt=null")
    assert "model.losses.contnt is null, and content stays" in capsys.readouterr().err


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
) -> None:
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
    assert "configs/quickstart.yaml downloads none" in error


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


def test_an_option_without_effect_is_said(run: Run, capsys: Capture) -> None:
    run("--trainer.limit_val_batches=3", "--trainer.max_steps=1")
    assert "trainer.limit_val_batches has no effect" in capsys.readouterr().err


def test_a_folder_that_is_made_is_said(run: Run, capsys: Capture, tmp_path: Path) -> None:
    root = f"--trainer.default_root_dir={tmp_path / 'more'}"
    run(f"--output={tmp_path / 'new' / 'x.png'}", root, "--trainer.max_steps=1")
    out = capsys.readouterr().out
    assert f"made the folder {tmp_path / 'new'}\n" in out
    assert f"made the folder {tmp_path / 'more'}\n" in out
    run(f"--output={tmp_path / 'new' / 'x.png'}", root, "--trainer.max_steps=1")
    assert "made the folder" not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["sweep", "distill"])
def test_the_config_of_a_run_is_named_where_another_is_wanted(
    capsys: Capture, command: str
) -> None:
    assert main([command, "--config", str(TINY)]) == 2
    error = capsys.readouterr().err
    assert "tiny.yaml is that of one run: give it to `fit`" in error
    assert error.count("\n") == 1


def test_a_run_that_ended_before_its_last_step_says_so(run: Run, capsys: Capture) -> None:
    run("--trainer.max_time=00:00:00:01", "--model.schedule.steps=9999")
    assert "of 19998: `trainer.max_time` or a callback stopped it" in capsys.readouterr().err
