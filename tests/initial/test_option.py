"""`model.init` on the command line and in YAML."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stylelightning.images import read_picture, write_picture
from tests.conftest import ROOT, TINY, Run, smooth_picture

Capture = pytest.CaptureFixture[str]

PLASMA = '''
import torch

from stylelightning.initial import InitialPicture


class Plasma(InitialPicture):
    """Waves of colour.

    Args:
        waves: How many cross the picture.
    """

    def __init__(self, waves: float = 2.0):
        self.waves = waves

    def draw(self, pictures, size):
        rows, columns = (torch.linspace(0, 6.28 * self.waves, side) for side in size)
        phases = torch.arange(3)[:, None, None]
        return (0.5 + 0.5 * torch.sin(rows[:, None] + columns + phases))[None]


class Abstract(InitialPicture):
    """Draws nothing."""
'''
NO_STEP = "--trainer.max_steps=0"  # the result is then the initial picture


@pytest.fixture
def plasma(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "waves_of_colour.py").write_text(PLASMA)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)


def init_of(folder: Path) -> object:
    return yaml.safe_load((folder / "config.yaml").read_text())["model"]["init"]


def result(folder: Path) -> bytes:
    return read_picture(folder / "result.png").pixels.numpy().tobytes()


def test_a_picture_of_ones_own_needs_a_file_in_the_working_folder(
    tmp_path: Path, content: Path, style: Path
) -> None:
    (tmp_path / "waves_of_colour.py").write_text(PLASMA)
    shutil.copy(TINY, tmp_path / "tiny.yaml")
    command = [sys.executable, "-m", "stylelightning", "fit", "--config", "tiny.yaml"]
    command += ["--data.content", content.name, "--data.style", style.name, NO_STEP]
    command += ["--model.init", "waves_of_colour.Plasma", "--model.init.waves", "3"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "runs").glob("*/version_0")
    options = {"waves": 3.0}
    assert init_of(folder) == {"class_path": "waves_of_colour.Plasma", "init_args": options}


@pytest.mark.usefixtures("plasma")
def test_a_picture_of_ones_own_is_kept_in_the_picture(run: Run, tmp_path: Path) -> None:
    spec = {"class_path": "waves_of_colour.Plasma", "init_args": {"waves": 1.0}}
    (tmp_path / "waves.yaml").write_text(yaml.safe_dump({"model": {"init": spec}}))
    folder = run(NO_STEP, "--config", "waves.yaml")
    assert init_of(folder) == spec
    by_options = run(NO_STEP, "--model.init", "waves_of_colour.Plasma", "--model.init.waves", "1")
    again = run("--config", str(folder / "result.png"))
    assert result(folder) == result(by_options) == result(again)
    other = run(NO_STEP, "--config", str(folder / "result.png"), "--model.init.waves", "2")
    assert result(other) != result(folder)
    gray = run(NO_STEP, "--config", str(folder / "result.png"), "--model.init", "gray")
    assert init_of(gray) == "gray"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("content", "InitialContent"),
        ("style", "InitialStyle"),
        ("noise", "InitialNoise"),
        ("gray", "InitialGray"),
    ],
)
def test_a_word_stays_a_word_and_gives_what_its_class_gives(run: Run, word: str, name: str) -> None:
    by_word, by_name = (run(NO_STEP, f"--model.init={each}") for each in (word, name))
    assert init_of(by_word) == word
    assert init_of(by_name) == {"class_path": f"stylelightning.initial.{name}"}
    assert result(by_word) == result(by_name)


@pytest.mark.parametrize("name", ["start.png", "./start.png", "start.txt", "waves_of_colour.png"])
@pytest.mark.usefixtures("plasma")
def test_a_path_is_a_path_whatever_it_looks_like(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "start.py").write_text("raise SystemExit(9)")  # nobody imports it
    write_picture(tmp_path / "start.png", smooth_picture(24, 32, seed=3))
    for copy in ("start.txt", "waves_of_colour.png"):  # what a file is, its bytes say
        shutil.copy(tmp_path / "start.png", tmp_path / copy)
    folder = run(NO_STEP, f"--model.init={name}", "--model.schedule.min_size=null")
    assert init_of(folder) == name
    assert result(folder) == read_picture(tmp_path / "start.png").pixels.numpy().tobytes()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nosie"], "got 'nosie' (did you mean noise?): "),
        (["missing.png"], "must be content, style, noise, gray or the path of a picture, got 'm"),
        (["missing.txt"], "must be content, style, noise, gray or the path of a picture, got 'm"),
        (["waves_of_color.Plasma"], "or the path of a picture, got 'waves_of_color.Plasma'"),
        (["waves_of_colour.Plasmo"], "model.init: there is no 'Plasmo' to import."),
        (["waves_of_colour.Abstract"], "must be WordOrPath or InitialPicture, got waves_of_col"),
        (["torch.nn.ReLU"], "must be WordOrPath or InitialPicture, got torch.nn.ReLU."),
        (["waves_of_colour.Plasma", "--model.init.wave=3"], "Plasma has no option 'wave'. Did you"),
        (["{class_path: waves_of_colour.Plasma, init_args: {wave: 3}}"], "has no option 'wave'."),
        (["InitialFile"], "model.init: path must be given."),
    ],
)
@pytest.mark.usefixtures("plasma")
def test_a_mistake_gets_one_line(run: Run, capsys: Capture, args: list[str], words: str) -> None:
    run("--model.init", *args, code=2)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert words in line


@pytest.mark.parametrize("name", ["InitialNoise", "waves_of_colour.Plasma"])
@pytest.mark.usefixtures("plasma")
def test_help_names_the_options_of_a_class(run: Run, capsys: Capture, name: str) -> None:
    run(f"--model.init.help={name}")
    said = capsys.readouterr().out
    assert f"{name}" in said
    assert ("How many cross the picture." in said) == (name != "InitialNoise")


@pytest.mark.parametrize(
    "args",
    [["--model.init=start.png"], ["--model.init=InitialFile", "--model.init.path=start.png"]],
)
def test_output_never_replaces_the_initial_picture(
    run: Run, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_picture(tmp_path / "start.png", smooth_picture(24, 32, seed=3))
    run(*args, "--output=start.png", code=2)
    assert "`output` would replace `model.init`" in capsys.readouterr().err
