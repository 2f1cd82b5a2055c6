"""Sections, keys and options that a config leaves empty or gives twice."""

from pathlib import Path

import pytest

from stylelightning.cli.class_change import keep_options_on_class_change
from stylelightning.cli.config import kept_config, run_parser
from stylelightning.cli.parser import Parser
from tests.conftest import TINY, Run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def parser() -> Parser:
    return run_parser()


@pytest.mark.parametrize(
    "text",
    [
        "callbacks:", "callbacks:\n", "trainer:\n\n", "data: null", "model:", "model: {losses: }",
        "model: {schedule: }", "model:\n  backbone:\n    init_args:\n",
        "callbacks:\n  log:\n    init_args:\n    dict_kwargs:\n", "\ufefftrainer:\ndata:\n",
    ],
)  # fmt: skip
def test_an_empty_section_is_as_if_absent(parser: Parser, tmp_path: Path, text: str) -> None:
    (tmp_path / "empty.yaml").write_text(text, encoding="utf-8")
    config = parser.parse_args(["--config", str(TINY)])
    emptied = parser.parse_args(["--config", str(TINY), "--config", str(tmp_path / "empty.yaml")])
    assert kept_config(parser, emptied) == kept_config(parser, config)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name:", "`name` must be str, got null"),
        ("seed_everything:", "`seed_everything` must be bool or int, got null"),
        ("trainer: {max_steps: }", "`trainer.max_steps` must be int, got null"),
        ("data: {style_scale: }", "`data.style_scale` must be float, got null"),
        ("model: {optimizer: }", "`model.optimizer` must be Callable, got null"),
        ("model: {losses: {style: {init_args: {weight: }}}}", "GramLoss's weight must be float, g"),
        ("callbacks: {log: {init_args: {every_n_steps: }}}", "LossLog's every_n_steps must be int"),
        ("model: {optimizer: {class_path: Adam, init_args: {eps: }}}", "Adam's eps must be float"),
        ("model: {schedule: 3}", "`model.schedule` must have keys, got 3"),
        ("trainer: []", "`trainer` must have keys, got []"),
        ("model: x", "model must be the path of a YAML file with its keys, got x"),
        ("callbacks: []", "callbacks must be dict, got []"),
        ("data: {size: 16}\nname: x\ndata: {size: 32}", "'data' is there twice, in lines 1 and 3"),
        ("data:\n  size: 16\n  size: 32", "'size' is there twice, in lines 2 and 3"),
        ("model: {losses: {tv: null, tv: null}}", "'tv' is there twice, in lines 1 and 1"),
        ("", "holds no keys with values"),
        ("a: b\n---\nc: d\n", "is no YAML"),
        ("[" * 5000, "is no YAML"),
    ],
)
def test_what_is_not_clear_is_one_line(
    run: Run, capsys: Capture, tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "odd.yaml").write_text(text)
    run("--config", str(tmp_path / "odd.yaml"), code=2)
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_a_key_that_is_merged_in_is_not_there_twice(parser: Parser, tmp_path: Path) -> None:
    (tmp_path / "merged.yaml").write_text(
        "callbacks:\n  a: &a {class_path: LossLog}\n  b: {<<: *a, class_path: ImageSnapshot}\n"
    )
    paths = ["--config", str(TINY), "--config", str(tmp_path / "merged.yaml")]
    assert parser.parse_args(paths).callbacks["b"].class_path.endswith(".ImageSnapshot")


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("Adam", "--model.optimizer=Adam"),
        ("RandomMultiscale", "--model.backbone=RandomMultiscale"),
        ("GramLoss", "--model.losses.style=GramLoss"),
        ("LossLog", "--callbacks={log: LossLog}"),
        ("ContentToStyle", "--data.colours=ContentToStyle"),
        ("StepLR", "--model.lr_scheduler={class_path: StepLR, init_args: {step_size: 1}}"),
        ("auto", "--trainer.accelerator=auto"),
        (
            "EarlyStopping",
            "--trainer.callbacks={class_path: EarlyStopping, init_args: {monitor: a}}",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_file_of_the_same_name_is_not_read(
    parser: Parser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    option: str,
    kind: str,
) -> None:

    keep_options_on_class_change()
    expected = parser.parse_args(["--config", str(TINY), option])
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    path.mkdir() if kind == "folder" else path.write_text("class_path: torch.optim.SGD\n")
    found = parser.parse_args(["--config", str(TINY), option])
    assert kept_config(parser, found) == kept_config(parser, expected)


def test_an_option_is_read_from_a_file_named_as_a_config(parser: Parser, tmp_path: Path) -> None:
    path = tmp_path / "network.yaml"
    path.write_text("class_path: Pixels\n")
    config = parser.parse_args(["--config", str(TINY), f"--model.backbone={path}"])
    assert config.model.backbone.class_path == "stylelightning.backbones.Pixels"
