import random

import pytest

from stylelightning.report.contents import Axis
from stylelightning.sweep.points import (
    Bounds,
    Value,
    axes_of,
    grid,
    label_of,
    listed,
    named,
    read_axis,
    sample,
    unique,
)


def test_a_list_gives_the_values_of_the_key() -> None:
    assert read_axis("data.size", [64, 128]) == [
        Value("64", {"data.size": 64}),
        Value("128", {"data.size": 128}),
    ]


def test_a_mapping_gives_labels_to_settings_of_any_keys() -> None:
    given = {"small": {"data.size": 64, "model.init": "noise"}, "large": {"data.size": 512}}
    assert read_axis("what", given) == [
        Value("small", {"data.size": 64, "model.init": "noise"}),
        Value("large", {"data.size": 512}),
    ]


@pytest.mark.parametrize("given", ["64", [], {}, 5, None, {"a": 1}])
def test_what_is_no_axis_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match=r"'data\.size' must be a list of values, or a map"):
        read_axis("data.size", given)


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (0.01, "0.01"),
        (1e-7, "1e-07"),
        (16000000.0, "1.6e+07"),
        (3, "3"),
        (True, "true"),
        (None, "none"),
        ("max", "max"),
        (["relu1_1", "relu2_1"], "relu1_1+relu2_1"),
        ({"class_path": "torch.optim.SGD"}, "SGD"),
        ({"class_path": "Adam", "init_args": {"lr": 0.1, "betas": [0.9, 0.99]}}, "Adam(lr=0.1, "
         "betas=0.9+0.99)"),
        ({"relu1_1": 0.5, "relu2_1": 2}, "relu1_1=0.5, relu2_1=2"),
    ],
    ids=str,
)  # fmt: skip
def test_a_value_has_a_label_that_people_would_write(value: object, label: str) -> None:
    assert label_of(value) == label


def test_a_grid_has_every_combination_and_its_last_axis_changes_fastest() -> None:
    points = named(grid({"a": read_axis("a", [1, 2]), "b": read_axis("b", ["x", "y", "z"])}))
    assert [point.settings for point in points] == [
        {"a": first, "b": second} for first in (1, 2) for second in ("x", "y", "z")
    ]
    assert [point.name for point in points][:2] == ["1--x", "1--y"]
    assert points[1].place == {"a": "1", "b": "y"}
    assert axes_of(points) == [Axis("a", ("1", "2")), Axis("b", ("x", "y", "z"))]


def test_names_are_those_of_folders_and_all_differ() -> None:
    values = [Value("a/b: c", {}), Value("a b c", {}), Value("...", {}), Value("x" * 300, {})]
    points = named([{"axis": value} for value in values])
    names = [point.name for point in points]
    assert names[:3] == ["a-b-c", "a-b-c-2", "none"]
    assert len(names[3]) == 100


def test_numbers_behind_names_take_no_name_that_is_there() -> None:
    assert unique(["a", "a", "a-2", "a"]) == ["a", "a-2", "a-2-2", "a-3"]


def test_names_leave_what_the_sweep_writes_alone_and_fit_into_a_folder() -> None:
    labels = ["sheets", "report.html", "-1", "1", "\u732b" * 90]
    names = [point.name for point in named([{"axis": Value(each, {})} for each in labels])]
    assert names[:4] == ["sheets-2", "report.html-2", "-1", "1"]
    assert len(names[4].encode()) <= 100


def test_a_sample_of_a_grid_has_different_points_and_is_the_same_for_the_same_seed() -> None:
    axes = {"a": read_axis("a", [1, 2, 3]), "b": read_axis("b", [1, 2, 3])}
    chosen = [point.settings for point in named(sample(axes, 5, seed=1))]
    assert len({tuple(each.items()) for each in chosen}) == 5
    assert chosen == [point.settings for point in named(sample(axes, 5, seed=1))]
    assert chosen != [point.settings for point in named(sample(axes, 5, seed=2))]


def test_a_sample_with_bounds_draws_within_them() -> None:
    axes = {
        "lr": read_axis("lr", {"log_uniform": [0.001, 1]}),
        "tv": read_axis("tv", {"uniform": [2, 3]}),
        "init": read_axis("init", ["noise", "content"]),
    }
    points = named(sample(axes, 200, seed=0))
    rates = [point.settings["lr"] for point in points]
    assert all(0.001 <= rate <= 1 for rate in rates)
    # half of the draws of a log-uniform number are below the geometric mean of its bounds
    assert 70 < sum(rate < 0.0316 for rate in rates) < 130
    assert all(2 <= point.settings["tv"] <= 3 for point in points)
    assert {point.settings["init"] for point in points} == {"noise", "content"}


def test_draws_are_rounded_to_three_digits() -> None:
    value = Bounds(0.0, 1.0, logarithmic=False).draw(random.Random(3))
    assert value == float(f"{value:.3g}")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"uniform": [1]}, "`uniform` of the axis 'lr' must be two numbers, the smaller first"),
        ({"uniform": [2, 1]}, "must be two numbers, the smaller first, got \\[2, 1\\]"),
        ({"uniform": ["a", "b"]}, "must be two numbers"),
        ({"log_uniform": [0, 1]}, "`log_uniform` of the axis 'lr' must be above 0"),
    ],
    ids=["one", "turned", "words", "zero"],
)
def test_bounds_that_are_none_are_refused(given: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_axis("lr", given)


def test_a_grid_of_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="'lr' has bounds, of which a grid can't have all values"):
        grid({"lr": read_axis("lr", {"uniform": [0, 1]})})


@pytest.mark.parametrize(
    ("count", "message"), [(0, "at least 1 point, got 0"), (4, "asks for 4 points of a grid of 3")]
)
def test_a_sample_of_another_size_than_there_can_be_is_refused(count: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sample({"a": read_axis("a", [1, 2, 3])}, count, seed=0)


def test_points_one_by_one_have_their_label_or_what_they_set() -> None:
    points = named(listed([{"label": "first", "data.size": 64}, {"data.size": 32, "a": None}]))
    assert [point.place["point"] for point in points] == ["first", "data.size=32, a=none"]
    assert points[1].settings == {"data.size": 32, "a": None}


def test_a_point_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(ValueError, match="`points` must be a mapping such as"):
        listed(["noise"])  # type: ignore[list-item]


def test_a_point_that_sets_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="A point of `points` must set something"):
        listed([{"label": "empty"}])
