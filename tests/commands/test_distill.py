"""`distill` trains a student, goes on where it was, and refuses mistakes."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from lightning.pytorch import Callback, Trainer
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from stylelightning.__main__ import main
from stylelightning.backbones.slim_vgg import SlimVGG
from stylelightning.distillation.finish import Explained, finish
from stylelightning.distillation.lenses import lenses_of
from stylelightning.distillation.module import Distillation
from stylelightning.images import write_picture
from tests.conftest import smooth_picture
from tests.distillation.conftest import CHANNELS

Capture = pytest.CaptureFixture[str]
Distill = Callable[..., Path]


class Press(Callback):
    """Presses Ctrl-C in the middle of the third step."""

    def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
        if trainer.global_step == 2:
            signal.raise_signal(signal.SIGINT)


class Terminate(Callback):
    """Sends SIGTERM in the middle of the third step."""

    def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
        if trainer.global_step == 2:
            signal.raise_signal(signal.SIGTERM)


class Fail(Callback):
    """Fails at the start of a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        if trainer.global_step == self.step:
            raise OSError("the disk is gone")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config with a teacher's topology, two folders of pictures, and four steps."""
    for seed, name in enumerate(("photographs", "textures", "held_out")):
        (tmp_path / name).mkdir()
        for n in range(2):
            write_picture(tmp_path / name / f"{n}.png", smooth_picture(24, 40, 10 * seed + n))
    path = tmp_path / "tiny.yaml"
    settings = {
        "name": "tiny",
        "data": {
            "pictures": {str(tmp_path / "photographs"): 0.6, str(tmp_path / "textures"): 0.3},
            "noise_share": 0.1,
            "held_out": {"pictures": str(tmp_path / "held_out")},
            "side": 16,
            "batch_size": 2,
            "fit_batches": 2,
            "measure_batches": 1,
        },
        "model": {
            "teacher": {"class_path": "VGG16", "init_args": {"weights": None}},
            "channels": [3, 3, 4],
            "deepest": "relu3_1",
            "warmup": 2,
        },
        "trainer": {
            "accelerator": "cpu",
            "max_steps": 4,
            "val_check_interval": 2,
            "log_every_n_steps": 1,
        },
    }
    path.write_text(yaml.safe_dump(settings))
    return path


@pytest.fixture
def distill(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> Distill:
    """Run ``distill`` with a tiny teacher and return the run's folder."""
    monkeypatch.setattr("stylelightning.backbones.vgg.CHANNELS", CHANNELS)

    def run(*args: str, code: int = 0) -> Path:
        folder = tmp_path / "runs"
        given = ["distill", "--config", str(config), "--trainer.default_root_dir", str(folder)]
        assert main([*given, *args]) == code
        versions = folder.glob("*/version_*")
        return max(versions, key=lambda path: path.stat().st_mtime, default=folder)

    return run


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# what a run leaves behind


def test_a_run_writes_what_it_promises(distill: Distill, capsys: Capture) -> None:
    folder = distill()
    said = capsys.readouterr().out
    (events,) = folder.glob("events.out.tfevents.*")
    assert {
        "config.yaml",
        "explained.json",
        "student.safetensors",
        "checkpoints/last.ckpt",
        events.name,
    } <= files(folder)
    assert not any(Path(name).name.startswith(".") for name in files(folder))  # half written
    explained = json.loads((folder / "explained.json").read_text())
    assert list(explained) == ["pictures", "noise"]
    for name, part in explained["pictures"].items():
        assert any(line.split()[:2] == [name, f"{part:.3f}"] for line in said.splitlines()), name
    assert f"wrote {folder / 'student.safetensors'}" in said
    assert "step 2: explains" in said


def test_tensorboard_has_the_errors_and_the_measures(distill: Distill) -> None:
    accumulator = EventAccumulator(str(distill()))
    accumulator.Reload()
    tags = set(accumulator.Tags()["scalars"])
    layers = ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1")
    assert {f"error/{name}" for name in (*layers, "total")} <= tags
    assert {f"explained_{kind}/{name}" for kind in ("pictures", "noise") for name in layers} <= tags
    assert len(accumulator.Scalars("explained_noise/relu1_1")) == 2  # after steps 2 and 4


def test_the_kept_config_makes_the_same_file(distill: Distill, tmp_path: Path) -> None:
    first = distill("--data.seed=3")
    kept = first / "config.yaml"
    assert main(["distill", "--config", str(kept)]) == 0
    again = first.parent / "version_1"
    assert again.joinpath("config.yaml").read_bytes() == kept.read_bytes()
    name = "student.safetensors"
    assert again.joinpath(name).read_bytes() == first.joinpath(name).read_bytes()


def test_the_network_has_the_lengths_and_angles_that_were_learnt(
    distill: Distill, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules: list[Distillation] = []

    def spy(module: Distillation, *args: Any) -> Explained:
        modules.append(module)
        return finish(module, *args)

    monkeypatch.setattr("stylelightning.commands.distill.finish", spy)
    network = SlimVGG(str(distill() / "student.safetensors"))
    student = modules[0].student
    image = smooth_picture(16, 24, seed=5)
    found = network(image, student.learnt)
    assert list(found) == ["relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1"]
    lenses = lenses_of(student)
    with torch.no_grad():
        own = student(image)
    for name, x in own.items():
        expected = torch.einsum("dc,bchw->bdhw", lenses[name], x)
        # half precision has 11 bits
        torch.testing.assert_close(
            found[name], expected, rtol=0.01, atol=0.01 * float(expected.std())
        )


def test_the_trainers_switches_leave_out_bar_and_checkpoint(distill: Distill) -> None:
    folder = distill("--trainer.enable_progress_bar=false", "--trainer.enable_checkpointing=false")
    assert "student.safetensors" in files(folder)
    assert "checkpoints/last.ckpt" not in files(folder)


# going on


@pytest.mark.parametrize(("callback", "code"), [("Press", 130), ("Terminate", 143)])
def test_an_interrupted_run_resumes_to_the_same_file(
    distill: Distill, capsys: Capture, callback: str, code: int
) -> None:
    whole = distill()
    stopped = distill(f"--callbacks.stop={__name__}.{callback}", code=code)
    assert {"config.yaml", "checkpoints/last.ckpt"} <= files(stopped)
    assert "student.safetensors" not in files(stopped)
    assert "stopped after step 3; --ckpt_path last goes on" in capsys.readouterr().out
    resumed = distill("--ckpt_path=last")
    assert "cutting" not in capsys.readouterr().out
    for name in ("student.safetensors", "explained.json", "config.yaml"):
        assert (resumed / name).read_bytes() == (whole / name).read_bytes(), name


def test_without_a_checkpoint_the_last_is_the_first_step(distill: Distill, capsys: Capture) -> None:
    folder = distill("--ckpt_path=last")
    assert "There is no checkpoint yet" in capsys.readouterr().err
    assert (folder / "student.safetensors").is_file()


def test_a_checkpoint_can_be_named(distill: Distill, capsys: Capture) -> None:
    first = distill("--trainer.max_steps=2")
    capsys.readouterr()
    distill(f"--ckpt_path={first / 'checkpoints' / 'last.ckpt'}")
    said = capsys.readouterr().out
    assert "cutting" not in said
    assert "step 4: explains" in said
    assert "step 2: explains" not in said


# mistakes


def the_error(capsys: Capture) -> str:
    """Return the one line that is said of a mistake, beside warnings."""
    said = capsys.readouterr().err.splitlines()
    (error,) = (line for line in said if not line.startswith("warning: "))
    assert error.startswith("error: ")
    return error


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--data.pictures={/nowhere: 1.0}"], "`data.pictures`: there are no pictures in /nowhere"),
        (["--data.held_out={x: /nowhere}"], "`data.held_out`: there are no pictures in /nowhere"),
        (["--data.pictures={/nowhere: -1.0}"], "The shares of `pictures` must be above 0"),
        (["--data.pictures={/nowhere: x}"], "data.pictures"),
        (["--data.noise_share=-0.5"], "`noise_share` at least 0"),
        (["--data.side=20"], "`side` must be a multiple of 16 pixels, got 20"),
        (["--trainer.max_steps=-1"], "`trainer.max_steps` must be at least 1, got -1"),
        (["--trainer.precision=8"], "trainer.precision"),
        (["--trainer.devices=abc"], "`trainer`: "),
        (["--ckpt_path=nowhere.ckpt"], "`ckpt_path`: there is no checkpoint "),
        (["--config=no.yaml"], "There is no config file"),
        (["--model.channels=[3]"], "`channels` must be 3 numbers from 1"),
        (["--model.deepest=pool3"], "`deepest` must be a layer such as relu5_1, got 'pool3'"),
        (["--model.lr=0"], "`lr` and `variance_floor` must be above 0"),
        (["--model.teacher=RandomMultiscale"], "`teacher` must be a VGG, got RandomMultiscale"),
        (["--model.teacher=VGG61"], "Did you mean VGG19, VGG16?"),
        (["--model.techer=VGG16"], "Did you mean model.teacher"),
        (["--data.sise=16"], "Did you mean data.side"),
        (["--name=../x"], "`name` must be the name of one folder, got '../x'"),
        (["--trainer.default_root_dir=/proc/nowhere"], "Give another one with --trainer.def"),
        (["--callbacks.checkpoint=TrainingCheckpiont"], "TrainingCheckpiont"),
        (["--trainer.max_epochs=3"], "`trainer.max_epochs` must be -1, got 3: there are no epochs"),
    ],
)
def test_a_mistake_gets_one_line(
    distill: Distill, capsys: Capture, tmp_path: Path, args: list[str], words: str
) -> None:
    distill(*args, code=2)
    assert words in the_error(capsys)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [", "YAML"), ("trainer: 3", "`trainer` must have keys, got 3"), ("x: 1", "'x'")],
)
def test_a_config_that_is_none_gets_one_line(
    distill: Distill, capsys: Capture, tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    distill("--config", str(path), code=2)
    assert words in the_error(capsys)


@pytest.mark.parametrize("content", ["text", "weights", "torn"])
def test_a_file_that_is_no_checkpoint_is_refused(
    distill: Distill, capsys: Capture, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "some.ckpt"
    torch.save({"conv1_1.weight": torch.ones(2)}, path)
    if content != "weights":
        path.write_bytes(path.read_bytes()[:300] if content == "torn" else b"no checkpoint")
    distill(f"--ckpt_path={path}", code=2)
    assert f"{path} is not a whole checkpoint" in the_error(capsys)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "args",
    [["--model.channels=[3,3,5]"], ["--model.channels=[3,3]", "--model.deepest=relu2_2"]],
    ids=["channels", "layers"],
)
def test_a_checkpoint_of_another_student_is_refused(
    distill: Distill, capsys: Capture, args: list[str]
) -> None:
    first = distill("--trainer.max_steps=2")
    capsys.readouterr()
    distill("--ckpt_path=last", *args, code=2)
    assert "The checkpoint holds no student with these layers and channels" in the_error(capsys)
    assert list(first.parent.iterdir()) == [first]


def test_a_config_must_say_what_is_learnt(capsys: Capture) -> None:
    assert main(["distill"]) == 2
    assert "must be given" in the_error(capsys)


@pytest.mark.parametrize("step", [0, 1])
def test_a_run_that_fails_before_its_first_step_leaves_no_folder(
    distill: Distill, tmp_path: Path, step: int
) -> None:
    args = [f"--callbacks.fail={__name__}.Fail", f"--callbacks.fail.step={step}"]
    distill(*args, code=2)
    assert (tmp_path / "runs").exists() is (step == 1)


def test_help_names_the_options(capsys: Capture) -> None:
    assert main(["distill", "--help"]) == 0
    text = capsys.readouterr().out
    assert "Trains a slim network on the features of a large one." in text
    assert all(name in text for name in ("--model.teacher", "--data.held_out", "--ckpt_path"))


def test_the_config_can_be_printed(distill: Distill, capsys: Capture, tmp_path: Path) -> None:
    distill("--print_config")
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["model"]["channels"] == [3, 3, 4]
    assert printed["trainer"]["max_steps"] == 4
    assert not (tmp_path / "runs").exists()
