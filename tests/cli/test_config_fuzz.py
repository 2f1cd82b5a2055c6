"""2,000 damaged configs: each runs or ends in one line, and none in a traceback."""

import contextlib
import io
import random
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import yaml

from stylelightning.__main__ import main
from stylelightning.cli.kinds import import_components
from tests.conftest import TINY

CONFIGS = 2000
PATIENCE = 60
"""Seconds that one run may take."""
DOWNLOADS = {"VGG16", "VGG19", "TorchvisionModel", "LPIPS"}

VALUES: list[Any] = [
    None, True, False, -1, 0, 1, 2, 7, 3.5, -2.5, 1e300, float("inf"), float("nan"), 10**30, "",
    "abc", "12:30", "a/b", "..", "a\0b", "é", " ", "null", "1e5", "content.png", "nowhere.png", [],
    [1], ["abc"], [[]], [None], {}, {"a": 1}, {"class_path": "Nothing"}, {"class_path": 3},
    {"init_args": {"a": 1}}, {"class_path": "torch.optim.SGD", "init_args": None},
]  # fmt: skip

Place = tuple[Any, Any]
"""A mapping or a list, and a key or an index of it."""


def places(value: Any) -> Iterator[Place]:
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


def misspelt(word: str, numbers: random.Random) -> str:
    at = numbers.randrange(len(word) + 1)
    return numbers.choice([word[:at] + word[at + 1 :], word[:at] + "x" + word[at:], word[::-1]])


def drop(config: Any, place: Place, numbers: random.Random) -> None:
    del place[0][place[1]]


def replace(config: Any, place: Place, numbers: random.Random) -> None:
    place[0][place[1]] = deepcopy(numbers.choice(VALUES))


def empty(config: Any, place: Place, numbers: random.Random) -> None:
    sections = [each for each in places(config) if isinstance(each[0][each[1]], dict)] or [place]
    holder, key = numbers.choice(sections)
    holder[key] = numbers.choice([None, {}, [], ""])


def misspell(config: Any, place: Place, numbers: random.Random) -> None:
    holder, key = place
    if isinstance(holder, dict):
        holder[misspelt(str(key), numbers)] = holder.pop(key)
    elif isinstance(holder[key], str):
        holder[key] = misspelt(holder[key], numbers)


def move(config: Any, place: Place, numbers: random.Random) -> None:
    holder, key = numbers.choice(list(places(config)))
    holder[key] = deepcopy(place[0][place[1]])


def other_class(config: Any, place: Place, numbers: random.Random) -> None:
    named = [each for each in places(config) if each[1] == "class_path"] or [place]
    holder, key = numbers.choice(named)
    names = sorted({*import_components(), "Adam", "SGD", "LBFGS", "StepLR", "Timer"} - DOWNLOADS)
    holder[key] = numbers.choice(names)


MUTATIONS: list[Callable[[Any, Place, random.Random], None]] = [
    drop, replace, replace, empty, misspell, move, other_class,
]  # fmt: skip


def damaged_text(text: str, numbers: random.Random) -> str:
    at, lines = numbers.randrange(len(text)), text.splitlines()
    line = numbers.randrange(len(lines))
    twice = [*lines[: line + 1], lines[line], *lines[line + 1 :]]
    indented = [*lines[:line], f" {lines[line]}", *lines[line + 1 :]]
    sign = numbers.choice([*list("[]{}:,&*!|>'\"%@`#\t\n\x00-?"), "\ufeff", "é", "<<"])
    return numbers.choice(
        ["\n".join(twice), "\n".join(indented), text[:at], text[:at] + sign + text[at:]]
    )


def mutated(numbers: random.Random) -> str:
    config = yaml.safe_load(TINY.read_text())
    config["data"] |= {"content": "content.png", "style": "style.png"}
    config["model"]["lr_scheduler"] = {"class_path": "StepLR", "init_args": {"step_size": 2}}
    for _ in range(numbers.choice([1, 1, 2, 3])):
        if there := list(places(config)):
            numbers.choice(MUTATIONS)(config, numbers.choice(there), numbers)
    text = yaml.safe_dump(config, sort_keys=False)
    return damaged_text(text, numbers) if numbers.random() < 0.25 else text


class TooLongError(BaseException):
    """A run took too long; no code of the program catches it."""


def too_long(number: int, frame: FrameType | None) -> None:
    raise TooLongError


def outcome(path: Path) -> tuple[str, str]:
    """Return how a run of a config ends, and what it said."""
    said = io.StringIO()
    signal.alarm(PATIENCE)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            code = main(["fit", "--config", str(path), "--trainer.max_steps=1"])
    except TooLongError:
        return "too long", said.getvalue()
    except BaseException as error:
        return "traceback", f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    errors = [line for line in said.getvalue().splitlines() if line.startswith("error: ")]
    if code == 0 and not errors:
        return "ran", ""
    last = said.getvalue().splitlines()[-1:]
    if "STYLELIGHTNING_DEBUG" in said.getvalue():
        return "one line that explains nothing", said.getvalue()
    if len(errors) == 1 and errors == last and code in (1, 2):
        return f"one line, exit {code}", errors[0]
    return "many lines", said.getvalue()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_no_damaged_config_ends_in_a_traceback(
    tmp_path: Path, content: Path, style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = signal.signal(signal.SIGALRM, too_long)
    outcomes, wrong = Counter[str](), list[str]()
    for seed in range(CONFIGS):
        path = tmp_path / "fuzzed.yaml"
        path.write_text(mutated(random.Random(seed)), encoding="utf-8")
        how, what = outcome(path)
        outcomes[how] += 1
        if how not in ("ran", "one line, exit 1", "one line, exit 2"):
            wrong.append(f"{seed}: {how}: {what}")
        shutil.rmtree(tmp_path / "runs", ignore_errors=True)
    signal.signal(signal.SIGALRM, before)
    table = "\n".join(f"{number:6} {how}" for how, number in outcomes.most_common())
    print(f"\n{table}")  # noqa: T201 - `pytest -rP` shows it
    assert not wrong, "\n".join([table, *wrong])
