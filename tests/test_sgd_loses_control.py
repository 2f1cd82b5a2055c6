"""SGD that holds with few layers loses control with more, and both ways out work."""

import csv
import re
import shlex
from pathlib import Path

import pytest

from stylelightning.images import read_picture
from tests.conftest import Run

FEW = "{level3: 1.0, level4: 1.0}"
MORE = "{level1: 1.0, level2: 1.0, level3: 1.0, level4: 1.0}"
# the rate is too large for the finest levels, which noise excites most
SETTINGS = (
    "--model.backbone.levels=4",
    "--model.schedule.min_size=null",
    "--model.schedule.steps=12",
    "--model.optimizer=SGD",
    "--model.optimizer.lr=1.0",
    "--model.optimizer.momentum=0.9",
)


def totals(folder: Path) -> list[float]:
    with (folder / "losses.csv").open() as file:
        return [float(row["total"]) for row in csv.DictReader(file)]


def way_out(error: str) -> tuple[str, list[str]]:
    """Return the smaller rate and the other optimizer's options that the line names."""
    (line,) = [line for line in error.splitlines() if line.startswith("error: ")]
    found = re.search(r"\(--model\.optimizer\.lr (\S+); it is 1\), .* or (--model.*)\.$", line)
    assert found is not None, line
    return found[1], shlex.split(found[2])


def test_sgd_holds_with_few_layers(run: Run) -> None:
    values = totals(run(*SETTINGS, f"--model.losses.style.layers={FEW}"))
    assert values[-1] < 0.5 * values[0]


def test_both_ways_out_that_the_line_names_recover(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    more = (*SETTINGS, f"--model.losses.style.layers={MORE}")
    capsys.readouterr()
    lost = run(*more, code=1)
    rate, other = way_out(capsys.readouterr().err)
    assert max(totals(lost)) > 10 * totals(lost)[0]
    assert read_picture(lost / "result.png").pixels.std() > 0.05  # not all one colour

    for options in ([f"--model.optimizer.lr={rate}"], other):
        values = totals(run(*more, *options))
        assert values[-1] < 0.5 * values[0]


def test_a_rate_far_too_large_needs_more_than_one_tenth(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    more = (*SETTINGS, f"--model.losses.style.layers={MORE}")
    run(*more, "--model.optimizer.lr=10", code=1)
    assert "--model.optimizer.lr 1; it is 10), smaller still if that" in capsys.readouterr().err


def test_a_run_with_adam_is_not_told_to_use_adam(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    # from the content image the first total is its total variation alone: a leap is ten times that
    run(
        *SETTINGS, "--model.init=content", "--model.losses.style=null", "--model.optimizer=Adam",
        "--model.optimizer.lr=0.5", code=1,
    )  # fmt: skip
    error = capsys.readouterr().err
    assert "(--model.optimizer.lr 0.05; it is 0.5), smaller still if that diverges too.\n" in error
