"""Where a run is on its plan, which shortens as scales end early."""

import pytest
import torch

from stylelightning.run.position import Position
from stylelightning.run.stop_rule import StopRule
from stylelightning.schedule import Plan, Scale

PLAN = Plan((Scale(16, 10), Scale(32, 5)))
SIZES = [(12, 16), (24, 32)]


def a_position(rule: StopRule | None = None) -> Position:
    position = Position(rule)
    position.start(PLAN)
    return position


def still_after(position: Position, step: int) -> None:
    position.end_if_still(lambda: torch.ones(()), lambda: torch.ones(1, 3, 2, 2), step)


def ended_early() -> Position:
    """Return one whose first scale of 10 steps was over after 4: two windows were alike."""
    position = a_position(StopRule(total=0.5, window=2))
    for step in range(1, 5):
        still_after(position, step)
    return position


def test_a_scale_that_is_still_ends_at_that_step() -> None:
    position = ended_early()
    assert position.plan.ends == [4, 9]
    position.scale = 1
    assert position.steps_here(6) == 2


def test_without_a_rule_nothing_is_looked_at() -> None:
    position = a_position()

    def unasked() -> torch.Tensor:
        raise AssertionError

    position.end_if_still(unasked, unasked, 1)
    assert position.plan == PLAN


def test_a_resumed_run_has_the_scales_that_were_left() -> None:
    before = ended_early()
    before.scale = 1
    checkpoint = {**before.state(), "global_step": 6, "picture": torch.zeros(1, 3, *SIZES[1])}
    after = a_position(StopRule(total=0.5, window=2))
    after.go_on_from(checkpoint, SIZES)
    assert (after.scale, after.plan) == (1, before.plan)


@pytest.mark.parametrize(
    ("scale", "step", "size", "message"),
    [
        (1, 6, (16, 16), "picture of 16x16 px at scale 2, but the scales of this run are 16x12 px"),
        (2, 9, (48, 64), "picture of 64x48 px at scale 3"),
        (0, 9, (12, 16), "at step 9 in scale 1 of 2, but this run's schedule is elsewhere by then"),
    ],
)
def test_a_place_off_the_plan_is_refused_and_nothing_is_changed(
    scale: int, step: int, size: tuple[int, int], message: str
) -> None:
    picture = torch.zeros(1, 3, *size)
    checkpoint = {"scale": scale, "ended": {0: 4}, "global_step": step, "picture": picture}
    position = a_position()
    with pytest.raises(ValueError, match=message):
        position.go_on_from(checkpoint, SIZES)
    assert (position.scale, position.plan) == (0, PLAN)


def test_a_new_run_has_its_whole_plan_again() -> None:
    position = ended_early()
    position.start(PLAN)
    assert position.plan == PLAN
    assert position.state()["ended"] == {}
