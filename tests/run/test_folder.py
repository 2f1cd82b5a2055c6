"""What a run's folder holds, and that nobody else knows by what name."""

import ast
import re
from pathlib import Path

import pytest

import stylelightning
from stylelightning.run.folder import (
    MadeFolders,
    RunFolder,
    create_run_folder,
    last_checkpoint,
    newest_run,
)

PACKAGE = Path(stylelightning.__file__).parent
OWNERS = ("folder.py", "sweep_folder.py")
NAMES = re.compile(
    r"(?:^|/)(?:config\.yaml|result\.png|losses\.csv|metrics\.json|run\.json|last\.ckpt|timelapse\..*"
    r"|results\.csv|report\.html|sweep\.lock|point\.json|(?:step|version)_(?:[^a-z].*)?)$"
)


def names_in(code: str) -> list[str]:
    """Return the strings with a file's name, but for prose: a string with a space."""
    constants = [each.value for each in ast.walk(ast.parse(code)) if isinstance(each, ast.Constant)]
    words = [each for each in constants if isinstance(each, str) and " " not in each]
    return [each for each in words if NAMES.search(each)]


def test_the_names_of_files_stand_in_one_place() -> None:
    found = {path: names_in(path.read_text()) for path in PACKAGE.rglob("*.py")}
    assert {path.name for path, names in found.items() if names} == set(OWNERS)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('folder / "result.png"', ["result.png"]),
        ('f"{folder}/losses.csv"', ["/losses.csv"]),
        ('Path(folder, "grams", f"step_{step:06d}.png")', ["step_"]),
        ('"""Writes ``result.png``."""', []),
    ],
)
def test_a_name_is_found_in_code_and_not_in_prose(code: str, found: list[str]) -> None:
    assert names_in(code) == found


def test_the_folder_of_a_checkpoint_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path / "run")
    assert RunFolder.of_checkpoint(run.checkpoint) == run
    run.checkpoint.parent.mkdir(parents=True)
    monkeypatch.chdir(run.checkpoint.parent)
    assert RunFolder.of_checkpoint(run.checkpoint.name) == run


def test_the_newest_run_is_that_of_the_highest_number(tmp_path: Path) -> None:
    assert newest_run(tmp_path, "a") is None
    runs = [create_run_folder(tmp_path, "a", MadeFolders()) for _ in range(11)]
    assert newest_run(tmp_path, "a") == runs[10]  # 10 comes after 9, not after 1
    assert last_checkpoint(tmp_path, "a") is None
    for run in (runs[2], runs[9]):
        run.checkpoint.parent.mkdir()
        run.checkpoint.touch()
    assert last_checkpoint(tmp_path, "a") == runs[9].checkpoint


def test_the_last_gram_picture_of_each_layer_is_found(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert run.last_grams() == {}
    for layer, step in (("b", 9), ("b", 10), ("a", 1), ("sky/a", 2)):
        path = run.gram(f"style/{layer}", step)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (run.grams / "style" / "a" / "step_of_another_kind.png").touch()
    assert run.last_grams() == {
        "style/a": (1, run.gram("style/a", 1)),
        "style/b": (10, run.gram("style/b", 10)),
        "style/sky/a": (2, run.gram("style/sky/a", 2)),
    }
