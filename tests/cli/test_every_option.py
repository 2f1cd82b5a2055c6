"""Every option of `fit` with wrong values: one line and exit code 2."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonargparse._typehints import ActionTypeHint

from stylelightning.cli.config import run_parser
from stylelightning.cli.errors import UsageError
from stylelightning.cli.process import set_up_process
from tests.conftest import Run

Capture = pytest.CaptureFixture[str]

MINIMUM = ["--model.backbone=Pixels", "--model.losses={tv: TotalVariationLoss}"]
NOTHING = "no-such"
JUNK = [NOTHING, "[1, x]", "{a: b}", "", "nan", "[[", "3.5", "-1"]
"""Values of which most are wrong for most types."""

TEXTS = {
    "trainer.accelerator": NOTHING,
    "trainer.strategy": NOTHING,
    "trainer.devices": NOTHING,
    "trainer.max_time": NOTHING,
    "trainer.val_check_interval": NOTHING,
    "trainer.gradient_clip_algorithm": NOTHING,
    "trainer.profiler": NOTHING,
    "trainer.default_root_dir": "s3://bucket",
    "model.init": NOTHING,
    "data.content": NOTHING,
    "data.content_masks": NOTHING,
    "data.style": NOTHING,
    "output": NOTHING,
    "name": "a/b",
    "ckpt_path": NOTHING,
}
"""Options that take any text, and a text that is wrong for each."""
ANY_TEXT = {"trainer.model_registry"}
"""Where no text is wrong: a warning says that the option has no effect."""

NAMED_BY_VALUE = {"data.content", "data.content_masks", "data.style", "output"}
"""Where the line names the file."""

RANGES = {
    "seed_everything": "-1",
    "live": "-1",
    "trainer.num_nodes": "0",
    "trainer.max_epochs": "5",
    "trainer.min_epochs": "5",
    "trainer.max_steps": "-2",
    "trainer.min_steps": "-2",
    "trainer.fast_dev_run": "2",
    "trainer.limit_train_batches": "0.5",
    "trainer.limit_val_batches": "-1",
    "trainer.limit_test_batches": "-1",
    "trainer.limit_predict_batches": "-1",
    "trainer.overfit_batches": "1",
    "trainer.num_sanity_val_steps": "-2",
    "trainer.log_every_n_steps": "-1",
    "trainer.accumulate_grad_batches": "0",
    "trainer.gradient_clip_val": "nan",
    "trainer.barebones": "true",
    "trainer.reload_dataloaders_every_n_epochs": "-1",
    "model.schedule.steps": "0",
    "model.schedule.min_size": "0",
    "model.schedule.factor": "nan",
    "model.averaging": "1",
    "model.calibrate": "{no-such: 1}",
    "data.size": "0",
    "data.style_scale": "nan",
    "data.aspect_ratio": "-1",
    "data.regions.content": "{no-such: -1}",
}
"""Options that take numbers or keys of a range, and a value outside of it."""


def options() -> Iterator[ActionTypeHint]:
    """Return the options of `fit` that take a value."""
    set_up_process()
    for action in run_parser()._actions:
        if isinstance(action, ActionTypeHint):
            yield action


def test_every_option_says_in_one_line_what_is_wrong_with_its_type() -> None:
    set_up_process()
    parser = run_parser()
    refused: dict[str, dict[str, str]] = {}
    for option in options():
        for value in JUNK:
            try:
                parser.parse_args([*MINIMUM, f"--{option.dest}={value}"])
            except UsageError as error:
                refused.setdefault(option.dest, {})[value] = error.line
    for key, lines in refused.items():
        for line in lines.values():
            assert line.startswith(key)
            assert "\n" not in line
            # no word of the parser's own
            assert not re.search("Subtypes|Expected|<class|object at|Parser key", line)
    names = {option.dest for option in options()}
    assert names == {key for key in refused if NOTHING in refused[key]} | set(TEXTS) | ANY_TEXT


@pytest.mark.parametrize(("key", "value"), [*TEXTS.items(), *RANGES.items()])
def test_an_option_outside_of_its_range_is_refused(
    run: Run, capsys: Capture, tmp_path: Path, key: str, value: str
) -> None:
    free = ["--data.content=null", "--model.losses.content=null", "--model.init=noise"]
    run(*(free if key == "data.aspect_ratio" else []), f"--{key}={value}", code=2)
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert key.rpartition(".")[2] in error or key in NAMED_BY_VALUE
    assert value.strip("{: 1}") in error
    assert not (tmp_path / "runs").exists()


def test_every_option_of_numbers_has_a_value_outside_of_its_range() -> None:
    numbers = {each.dest for each in options() if re.search("int|float", str(each._typehint))}
    others = {"trainer.devices", "trainer.precision", "trainer.max_time", "trainer.callbacks"}
    others |= {"trainer.val_check_interval", "trainer.check_val_every_n_epoch", "model.losses"}
    others |= {"trainer.strategy", "trainer.accelerator", "trainer.plugins", "trainer.profiler"}
    assert {each for each in numbers - others if re.search(r"\bint\b|float", _type(each))} <= set(
        RANGES
    )


def _type(key: str) -> str:
    return next(str(each._typehint) for each in options() if each.dest == key)
