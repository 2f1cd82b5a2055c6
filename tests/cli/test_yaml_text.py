"""A text comes back as the text that it was."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stylelightning.__main__ import main
from stylelightning.cli.config import kept_config, run_parser
from stylelightning.cli.parser import Parser
from stylelightning.cli.yaml_text import dump_yaml, load_yaml
from stylelightning.images import read_config
from tests.conftest import TINY, Run
from tests.sweep.conftest import Sweep, rows, sweep, sweep_file  # noqa: F401 - fixtures

Capture = pytest.CaptureFixture[str]

TEXTS = [
    "1e5", "1.5", "007", "0x10", "0b1", "1_000", "12:30", "00:00:00:30", "2020-01-01", "yes", "no",
    "on", "y", "true", "True", "null", "Null", "~", ".inf", ".nan", "-", "=", "<<", "naïve 😀",
    "日本", "a: b", "a:", "{a}", "[a]", "# a", "'a'", '"a"', "&a", "*a", "!a", "%a", "@a", "`a`",
    " a ",
]  # fmt: skip
"""Texts that YAML 1.1 or 1.2 takes for something else, or writes with marks around them."""


@pytest.fixture(scope="module")
def parser() -> Parser:
    return run_parser()


@given(st.dictionaries(st.text() | st.sampled_from(TEXTS), st.text() | st.floats() | st.none()))
def test_what_is_dumped_is_loaded_alike(value: dict[str, object]) -> None:
    text = dump_yaml(value)
    # oracle: JSON, which knows no NaN but writes it; and PyYAML, for texts
    assert json.dumps(load_yaml(f"{text}\n")) == json.dumps(value)
    texts = {key: each for key, each in value.items() if isinstance(each, str)}
    assert yaml.safe_load(dump_yaml(texts)) == texts


@pytest.mark.parametrize(
    "text",
    ["12:30", "007", "0x10", "0b1", "2020-01-01", "yes", "No", "on", "y", "00:00:00:30", "1_000"],
)
def test_a_text_without_quotes_is_no_other_thing(text: str) -> None:
    assert load_yaml(f"a: {text}\n") == {"a": text}


@pytest.mark.parametrize("text", TEXTS)
def test_an_option_of_text_comes_back_from_its_config(
    parser: Parser, tmp_path: Path, text: str
) -> None:
    keys = ["name", "output", "data.content", "trainer.default_root_dir", "trainer.profiler"]
    config = parser.parse_args(["--config", str(TINY), *(f"--{key}={text}" for key in keys)])
    if text not in ("null", "Null", "~"):  # all but `name` may be null
        assert [config[key] for key in keys] == [text] * len(keys)
    assert config.name == text
    (tmp_path / "config.yaml").write_text(kept_config(parser, config, ()), encoding="utf-8")
    again = parser.parse_args(["--config", str(tmp_path / "config.yaml")])
    assert [again[key] for key in keys] == [config[key] for key in keys]
    assert kept_config(parser, again) == kept_config(parser, config)


@pytest.mark.parametrize("name", ["1e5", "naïve 😀", "12:30"])
def test_a_run_is_made_again_from_its_picture(run: Run, name: str) -> None:
    folder = run("--name", name, "--trainer.max_steps=1")
    assert read_config(folder / "result.png") == (folder / "config.yaml").read_text("utf-8")
    again = run("--config", str(folder / "result.png"))
    assert again == folder.with_name("version_1")
    assert again.parent.name == name
    assert (again / "result.png").read_bytes() == (folder / "result.png").read_bytes()


def test_a_name_of_a_callback_or_a_loss_comes_back(run: Run) -> None:
    folder = run("--callbacks.1e5=Timelapse", "--callbacks.on=null", "--trainer.max_steps=1")
    again = run("--config", str(folder / "config.yaml"))
    callbacks = load_yaml((again / "config.yaml").read_text("utf-8"))["callbacks"]
    assert {"1e5", "on"} <= callbacks.keys()


def test_a_text_comes_back_from_the_records_of_a_sweep(sweep: Sweep, content: Path) -> None:  # noqa: F811
    paths = [content.with_name(name) for name in ("1e5", "12:30")]
    for path in paths:
        path.write_bytes(content.read_bytes())
    axes = {"data.content": [str(path) for path in paths]}
    folder = sweep("--trainer.max_steps=1", axes=axes)
    assert [row["data.content"] for row in rows(folder)] == [str(path) for path in paths]
    assert {row["status"] for row in rows(folder)} == {"done"}
    for row in rows(folder):
        config = load_yaml((folder / row["folder"] / "config.yaml").read_text("utf-8"))
        assert config["data"]["content"] == row["data.content"]
        known = json.loads((folder / row["point"] / "point.json").read_text())
        assert known["place"] == {"data.content": row["data.content"]}


def test_a_number_for_a_text_says_how_it_is_written(
    run: Run, capsys: Capture, tmp_path: Path
) -> None:
    (tmp_path / "number.yaml").write_text("name: 2024\n")
    run("--config", str(tmp_path / "number.yaml"), code=2)
    assert "name must be str, got 2024. Put it in quotes" in capsys.readouterr().err


def test_a_time_needs_no_quotes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "time.yaml").write_text("trainer:\n  max_time: 00:01:00:00\n")
    folder = run("--config", str(tmp_path / "time.yaml"), "--trainer.max_steps=1")
    config = load_yaml((folder / "config.yaml").read_text())
    assert config["trainer"]["max_time"] == "00:01:00:00"


def test_a_printed_config_can_be_run(content: Path, style: Path, capsys: Capture) -> None:
    pictures = [f"--data.content={content}", f"--data.style={style}", "--trainer.max_steps=1"]
    root = f"--trainer.default_root_dir={content.parent / 'runs'}"
    assert main(["fit", "--config", str(TINY), *pictures, root, "--print_config"]) == 0
    printed = content.with_name("mine.yaml")
    printed.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["fit", "--config", str(printed)]) == 0
    assert (content.parent / "runs" / "tiny" / "version_0" / "result.png").is_file()


def test_what_is_read_twice_may_be_changed_in_between() -> None:
    first = load_yaml("a: [1]\n")
    first["a"].append(2)
    first["b"] = 3
    assert load_yaml("a: [1]\n") == {"a": [1]}
