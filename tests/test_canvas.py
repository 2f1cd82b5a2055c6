import math

import pytest
import torch

from stylelightning.canvas import Canvas
from stylelightning.parametrizations import PixelParametrization


def make(picture: torch.Tensor, averaging: float | None = None) -> Canvas:
    canvas = Canvas(PixelParametrization(), averaging)
    canvas.encode(picture)
    return canvas


def test_the_picture_is_the_only_parameter() -> None:
    canvas = make(torch.rand(1, 3, 4, 5), averaging=0.9)
    assert [name for name, _ in canvas.named_parameters()] == ["parametrization.image"]
    assert canvas.size == (4, 5)


def test_there_is_no_picture_before_the_first() -> None:
    canvas = Canvas(PixelParametrization())
    assert not canvas.has_picture
    canvas.encode(torch.rand(1, 3, 4, 5))
    assert canvas.has_picture


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_one_value_that_is_no_number_is_seen(value: float) -> None:
    canvas = make(torch.rand(1, 3, 4, 5))
    assert canvas.finite
    canvas.decode().data[0, 1, 2, 3] = value
    assert not canvas.finite


def test_the_average_is_that_of_the_weights_sum_to_one() -> None:
    canvas = make(torch.zeros(1, 3, 1, 1), averaging=0.9)
    for value in (0.2, 0.8):
        canvas.decode().data.fill_(value)
        canvas.update_average()
    # by hand: weights 0.1 * 0.9 and 0.1, divided by their sum
    expected = (0.09 * 0.2 + 0.1 * 0.8) / 0.19
    torch.testing.assert_close(canvas.picture, torch.full((1, 3, 1, 1), expected))


def test_without_averaging_the_picture_is_the_parameter_in_range() -> None:
    canvas = make(torch.tensor([[[[-1.0]], [[0.5]], [[2.0]]]]))
    canvas.update_average()
    torch.testing.assert_close(canvas.picture, torch.tensor([[[[0.0]], [[0.5]], [[1.0]]]]))


def test_resizing_makes_a_new_parameter_and_starts_the_average_again() -> None:
    canvas = make(torch.full((1, 3, 4, 4), 0.25), averaging=0.5)
    canvas.update_average()
    before = canvas.decode()
    canvas.resize((8, 6))
    assert canvas.decode() is not before
    torch.testing.assert_close(canvas.picture, torch.full((1, 3, 8, 6), 0.25))
    canvas.decode().data.fill_(0.75)
    canvas.update_average()
    torch.testing.assert_close(canvas.picture, torch.full((1, 3, 8, 6), 0.75))


def test_the_canvas_does_not_change_the_picture_it_is_given() -> None:
    given = torch.full((1, 3, 2, 2), 2.0)
    make(given).project()
    assert given.max() == 2


@pytest.mark.parametrize("averaging", [0.0, 1.0, -0.5])
def test_a_decay_out_of_range_is_refused(averaging: float) -> None:
    with pytest.raises(ValueError, match=r"`model.averaging` must be between 0 and 1"):
        make(torch.zeros(1, 3, 1, 1), averaging)
