"""What is kept of the terms."""

import math
from itertools import pairwise

import pytest
import torch

from stylelightning.live.curve import MOST, Curve


def add(curve: Curve, step: int, value: float) -> None:
    curve.add(step, {"a": torch.tensor(value), "b": torch.tensor(2 * value)})


def test_the_columns_are_the_steps_the_terms_and_their_total(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stylelightning.live.curve.EVERY", 0.0)
    curve = Curve()
    add(curve, 1, 4.0)
    add(curve, 2, 1.5)
    assert curve.columns() == {
        "step": [1, 2],
        "a": [4.0, 1.5],
        "b": [8.0, 3.0],
        "total": [12.0, 4.5],
    }


def test_a_term_that_changes_in_place_is_kept_as_it_was() -> None:
    curve, term = Curve(), torch.tensor(3.0)
    curve.add(1, {"a": term})
    term.zero_()
    assert curve.columns()["a"] == [3.0]


def test_json_has_no_word_for_what_is_no_number() -> None:
    curve = Curve()
    add(curve, 1, math.inf)
    assert curve.columns() == {"step": [1], "a": [None], "b": [None], "total": [None]}


def test_steps_that_come_too_soon_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("stylelightning.live.curve.monotonic", lambda: now)
    curve = Curve()
    for step in range(1, 101):
        add(curve, step, 1.0)
        now += 0.0101
    assert curve.columns()["step"] == [*range(1, 101, 5)]  # every 50 ms is every fifth step


def test_a_long_run_keeps_as_many_points_as_a_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("stylelightning.live.curve.monotonic", lambda: now)
    curve = Curve()
    for step in range(1, 5001):
        add(curve, step, 1.0)
        now += 0.0501
    steps = curve.columns()["step"]
    assert MOST / 2 <= len(steps) <= MOST
    assert steps[0] == 1
    # 5000 are thinned to every 16th: 400 * 2^4 is the first that is enough
    gaps = {later - former for former, later in pairwise(steps)}  # type: ignore[operator]
    assert gaps == {16}
