"""How long the rest of a run will take."""

import pytest

from stylelightning.run.step_costs import StepTimes, cost_at
from stylelightning.schedule import Plan, Scale

SIDES = (96, 192, 384)
PLAN = Plan(tuple(Scale(side, 50) for side in SIDES))
PIXELS = [side * side for side in SIDES]


def run(seconds: list[float], start: float = 0.0) -> list[tuple[float | None, float]]:
    """Return what was said to be left and what was, after each step.

    Args:
        seconds: Time of a step at each scale.
        start: What the first step of a scale takes more.
    """
    times, now, said = StepTimes(PIXELS), 0.0, []
    for step in range(PLAN.total_steps):
        scale = PLAN.index_at(step)
        now += seconds[scale] + (start if step in (0, *PLAN.ends) else 0.0)
        times.add(scale, now)
        said.append((times.left(PLAN, step + 1, PLAN.total_steps), now))
    return [(left, now - at) for left, at in said]


KINDS = pytest.mark.parametrize(
    "seconds",
    [
        [0.01, 0.04, 0.16],  # in proportion to the pixels
        [0.03, 0.05, 0.13],  # with a part that is always the same
        [0.04, 0.06, 0.18],  # small pictures don't fill the processor
        [0.01, 0.05, 0.25],  # large ones don't fit its cache
    ],
)


@KINDS
def test_at_the_first_scale_the_time_left_is_right_within_a_factor(
    seconds: list[float],
) -> None:
    for left, truth in run(seconds, start=0.5)[1:50]:
        assert left is not None
        assert 0.4 < left / truth < 2.5  # in proportion to the pixels it would be up to 3.1


@KINDS
def test_the_time_left_is_right_within_a_factor_from_the_second_scale_on(
    seconds: list[float],
) -> None:
    for left, truth in run(seconds, start=0.5)[51:-1]:
        assert left is not None
        assert 0.4 < left / truth < 1.6


def test_steps_in_proportion_to_the_pixels_count_down_exactly() -> None:
    said = run([0.01, 0.04, 0.16])
    assert said[0][0] is None  # the first step prepares much
    said = said[51:]  # from where two sizes are known
    left = [each for each, _ in said]
    assert left == pytest.approx([truth for _, truth in said])
    assert left == sorted(left, key=lambda each: -(each or 0.0))
    assert left[-1] == 0


def test_a_scale_that_ended_early_is_not_waited_for() -> None:
    times = StepTimes(PIXELS)
    for step in range(3):
        times.add(0, 0.01 * step)
    # by hand: 50 steps of 40 and 50 of 148 times 1024 pixels at 0.01 for 13 times as many
    assert times.left(PLAN.with_steps({0: 3}), 3, 103) == pytest.approx(0.5 * (40 + 148) / 13)
    # `max_steps` ends it: 17 steps of 0.01
    assert times.left(PLAN, 3, 20) == pytest.approx(0.17)


def test_a_resumed_run_takes_its_own_scale_for_those_to_come() -> None:
    times = StepTimes(PIXELS)
    for step in range(3):
        times.add(1, 0.04 * step)
    # by hand: 10 steps of 0.04, 50 of 148 times 1024 pixels at 0.04 for 40 times as many
    assert times.left(PLAN, 90, 150) == pytest.approx(0.4 + 2 * 148 / 40)


def test_a_larger_picture_is_not_expected_to_take_less() -> None:
    times = StepTimes(PIXELS)
    for scale, first, step in ((0, 0.0, 0.05), (1, 1.0, 0.04)):  # a busy moment
        times.add(scale, first)
        times.add(scale, first + step)
    assert times.left(PLAN, 100, 150) == pytest.approx(50 * 0.05)


def test_a_cost_is_on_the_line_through_its_neighbours() -> None:
    # by hand: 1 + pixels / 100
    assert cost_at(400, [(100, 2.0), (200, 3.0), (9000, 1.0)]) == pytest.approx(5)
    assert cost_at(400, [(100, 2.0)]) == pytest.approx(8)
