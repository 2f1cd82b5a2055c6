"""The program before any command, and commands of one's own."""

import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from stylelightning import commands
from stylelightning.__main__ import COMMANDS, USAGE, command, main
from tests.conftest import TINY

Capture = pytest.CaptureFixture[str]


def test_version_and_help_do_not_wait_for_torch() -> None:
    code = (
        "import sys; from stylelightning.__main__ import main; "
        "main(['--version']); main(['--help']); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "stylelightning 0." in done.stdout
    assert "--config quickstart" in done.stdout


def test_the_module_and_the_console_script_are_the_same(tmp_path: Path) -> None:
    script = Path(sys.executable).parent / "stylelightning"
    for program in ([str(script)], [sys.executable, "-m", "stylelightning"]):
        done = subprocess.run([*program, "fot"], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 2
        assert "fot" in done.stderr


def test_every_command_of_the_table_is_a_file() -> None:
    folder = Path(commands.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(COMMANDS)
    for name in COMMANDS:
        assert list(inspect.signature(command(name)).parameters) == ["args"]
        assert f"\n  {name} " in USAGE


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["--model.losses.help", "GramLoss"],
        ["--config", str(TINY), "--print_config"],
    ],
    ids=lambda args: args[-1],
)
def test_what_only_prints_says_nothing_else(args: list[str], capsys: Capture) -> None:
    assert main(["fit", *args]) == 0
    out, err = capsys.readouterr()
    assert "done in" not in out
    assert err == ""
    if args[-1] == "--print_config":
        assert yaml.safe_load(out).keys() >= {"model", "data", "trainer", "callbacks"}


# commands of one's own

OWN = """
import sys
from stylelightning import commands
from stylelightning.__main__ import COMMANDS, USAGE, command, main

def sizes(args):
    for size in (16, 24):
        code = main(["fit", *args, f"--data.size={size}", f"--name=size{size}"])
        if code:
            return code

def answer(args):
    sys.stdout.write(" ".join(args))
    return 3

def mistake(args):
    raise ValueError(f"no such {args[0]},\\ntry another")

def leave(args):
    sys.exit("enough")

number = 3
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module in the working folder, which comes first on the path of ``python -m``."""
    (tmp_path / "own_commands.py").write_text(OWN)
    (tmp_path / "needy_commands.py").write_text("import not_there_at_all\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("own_commands", None)


def test_a_command_of_ones_own_is_a_function_in_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "own_commands.py").write_text(OWN)
    line = [sys.executable, "-m", "stylelightning", "own_commands.answer", "--a", "b"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "--a b", "")


def test_the_installed_program_finds_modules_in_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "own_commands.py").write_text(OWN)
    script = str(Path(sys.executable).parent / "stylelightning")
    done = subprocess.run(
        [script, "own_commands.answer", "--a", "b"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "--a b", "")


def test_a_file_is_utf_8_whatever_the_locale(tmp_path: Path, content: Path, style: Path) -> None:
    content.rename(tmp_path / "été.png")
    (tmp_path / "accents.yaml").write_text("name: naïve\ndata: {content: été.png}\n", "utf-8")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "stylelightning", "fit", "--config", str(TINY), "--config",
         "accents.yaml", "--data.style", str(style), "--output=né.png", "--trainer.max_steps=1"],
        cwd=tmp_path, env=environment, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "né.png").is_file()
    assert "runs/naïve/version_0/result.png, né.png" in done.stdout.decode()
    config = tmp_path / "runs" / "naïve" / "version_0" / "config.yaml"
    assert "content: été.png" in config.read_text("utf-8")


@pytest.mark.usefixtures("own")
def test_a_command_of_ones_own_may_make_runs(tmp_path: Path, content: Path, style: Path) -> None:
    pictures = [f"--data.content={content}", f"--data.style={style}"]
    root = f"--trainer.default_root_dir={tmp_path / 'runs'}"
    assert main(["own_commands.sizes", "--config", str(TINY), *pictures, root]) == 0
    found = {path.parts[-3] for path in (tmp_path / "runs").glob("*/version_0/result.png")}
    assert found == {"size16", "size24"}


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (["own_commands.mistake", "size"], 2, "error: no such size, try another\n"),
        (["own_commands.mistake"], 2, "error: IndexError: list index out of range. STYLELIGHTN"),
        (["own_commands.leave"], 1, "error: enough\n"),
        (["own_commands.nothing"], 2, "error: There is no command 'own_commands.nothing': own_"),
        (["own_commands.number"], 2, "own_commands has no function 'number'.\n"),
        (["absent_commands.run"], 2, "there is no module 'absent_commands' in the working folder"),
        (["needy_commands.run"], 2, "error: ModuleNotFoundError: No module named 'not_there_at_a"),
        (
            ["own_commands."],
            2,
            "error: There is no command 'own_commands.'. There are paint, fit, pl",
        ),
        (
            ["fot"],
            2,
            "error: There is no command 'fot'. Did you mean fit? There are paint, fit, pl",
        ),
        (["tset"], 2, "Did you mean test? There are"),
        (["fti"], 2, "Did you mean fit? There are"),
        (["own_commands.anwser"], 2, "has no function 'anwser'. Did you mean answer?\n"),
        (["fit", "--name=\udcff"], 2, "error: '--name=\\udcff' has bytes that are no UTF-8"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_that_is_not_there_or_fails_is_one_line(
    line: list[str], code: int, words: str, capsys: Capture
) -> None:
    assert main(line) == code
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_ctrl_c_before_a_run_is_one_word(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def interrupted(args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("stylelightning.commands.list.run", interrupted)
    assert main(["list"]) == 130
    assert capsys.readouterr().err == "stopped\n"
