from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylelightning.schedule import Finish, Plan, Scale, Schedule


def test_sizes_grow_by_the_root_of_two() -> None:
    # oracle: style-transfer-pytorch's scales for 512 px, as its authors print them
    assert Schedule(min_size=128).sizes(512) == [128, 181, 256, 362, 512]


def test_without_a_smallest_size_there_is_one_scale() -> None:
    assert Schedule().sizes(300) == [300]


def test_a_smallest_size_above_the_picture_leaves_one_scale() -> None:
    assert Schedule(min_size=500).sizes(300) == [300]


def test_a_factor_near_one_ends() -> None:
    sizes = Schedule(min_size=1, factor=1.01).sizes(20)
    assert sizes == sorted(set(sizes))


@given(st.integers(1, 4000), st.integers(1, 400), st.floats(1.05, 4))
def test_sizes_rise_to_the_asked_one(size: int, min_size: int, factor: float) -> None:
    sizes = Schedule(min_size=min_size, factor=factor).sizes(size)
    assert sizes[-1] == size
    assert sizes == sorted(set(sizes))


def test_the_last_number_of_steps_holds_for_all_further_scales() -> None:
    plan = Schedule(steps=[1000, 500], min_size=128).plan(512, lambda _: True)
    assert [scale.steps for scale in plan.scales] == [1000, 500, 500, 500, 500]
    assert plan.total_steps == 3000  # as style-transfer-pytorch runs at 512 px


def test_skipped_scales_leave_the_first_number_to_the_first_that_runs() -> None:
    plan = Schedule(steps=[10, 5], min_size=16, factor=2).plan(64, lambda size: size > 16)
    assert plan.scales == (Scale(32, 10), Scale(64, 5))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_every_scale_runs_its_own_number_of_steps(steps: list[int]) -> None:
    plan = Plan(tuple(Scale(8 * (i + 1), n) for i, n in enumerate(steps)))
    ran = [plan.index_at(step) for step in range(plan.total_steps)]
    assert ran == [i for i, n in enumerate(steps) for _ in range(n)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": 0}, r"`model.schedule.steps` must be at least 1, got 0"),
        ({"steps": []}, r"`model.schedule.steps` must be at least 1, got \[\]"),
        ({"steps": [3, -1]}, r"`model.schedule.steps` must be at least 1, got \[3, -1\]"),
        ({"min_size": 0}, r"`model.schedule.min_size` must be at least 1 pixel, got 0"),
        ({"factor": 1.0}, r"`model.schedule.factor` must be above 1, got 1.0"),
    ],
)
def test_a_number_out_of_its_range_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Schedule(**values)


def test_a_draft_leaves_out_large_scales_and_most_steps_of_the_later_ones() -> None:
    whole = Schedule(60, min_size=96, factor=2.0)
    draft = Schedule(60, min_size=96, factor=2.0, draft=True)
    assert whole.plan(768, lambda _: True).scales[:3] == (
        Scale(96, 60),
        Scale(192, 60),
        Scale(384, 60),
    )
    assert draft.plan(768, lambda _: True).scales == (Scale(96, 60), Scale(192, 30), Scale(384, 15))
    assert draft.plan(384, lambda _: True) == draft.plan(768, lambda _: True)
    # counted from the first scale that is used, and never none
    usable = draft.plan(384, lambda size: size > 96)
    assert usable.scales == (Scale(192, 60), Scale(384, 30))
    assert Schedule(1, min_size=96, factor=2.0, draft=True).plan(384, lambda _: True).ends == [
        1,
        2,
        3,
    ]


def test_a_draft_of_one_scale_is_smaller() -> None:
    assert Schedule(500, draft=True).plan(512, lambda _: True) == Plan((Scale(384, 500),))
    assert Schedule(500, draft=True).plan(300, lambda _: True) == Plan((Scale(300, 500),))


def test_a_finish_is_one_more_pass_at_the_last_size_with_other_losses() -> None:
    schedule = Schedule([9, 5], min_size=32, factor=2.0, finish=Finish(7, ("a", "b"), ("c",)))
    early, late = frozenset({"a", "b"}), frozenset({"c"})
    assert schedule.plan(64, lambda _: True).scales == (
        Scale(32, 9, early),
        Scale(64, 5, early),
        Scale(64, 7, late),
    )
    assert schedule.plan(64, lambda size: size > 32).scales == (
        Scale(64, 9, early),
        Scale(64, 7, late),
    )
    assert schedule.sizes(64) == [32, 64]


def test_a_draft_has_no_finish() -> None:
    schedule = Schedule(4, draft=True, finish=Finish(7, ("a",), ("c",)))
    assert schedule.plan(64, lambda _: True).scales == (Scale(64, 4, frozenset({"a"})),)


def test_a_finish_without_steps_or_with_a_loss_that_is_never_in_force_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`model.schedule.finish.steps` must be at least 1, got"):
        Finish(0)
    with pytest.raises(ValueError, match="both adds and drops 'a', which would never be in force"):
        Finish(1, ("a",), ("b", "a"))
