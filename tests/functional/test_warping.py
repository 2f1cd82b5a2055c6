"""Warping and the weights of a flow, against loops and by hand."""

import math

import pytest
import torch
from torch import Tensor

from stylelightning import functional as F
from tests.conftest import smooth_picture


def shift(across: float, down: float, size: int = 16) -> Tensor:
    """Return the same flow everywhere."""
    return (
        torch.tensor([float(across), float(down)])[None, :, None, None]
        .expand(1, 2, size, size)
        .clone()
    )


def random_flows(seed: int, size: int = 16) -> tuple[Tensor, Tensor]:
    """Return a flow and its way back: smooth, but for a rough side and a hole."""
    generator = torch.Generator().manual_seed(seed)
    noise, other = torch.rand((2, 1, 2, size, size), generator=generator, dtype=torch.float64) - 0.5
    flow = torch.tensor([2.0, -1.0], dtype=torch.float64)[None, :, None, None] + 0.1 * noise
    flow[..., -5:] += noise[..., -5:]
    back = -flow + 0.1 * other
    back[..., 4:8, 5:9] += 3
    return flow, back


def test_no_flow_leaves_the_picture_as_it_is() -> None:
    picture = smooth_picture(13, 17, 1)
    flow = torch.zeros(1, 2, 13, 17)
    torch.testing.assert_close(F.warp(picture, flow), picture, rtol=0, atol=1e-6)
    assert bool((F.stays_inside(flow) == 1).all())


def test_a_whole_number_of_pixels_is_a_roll() -> None:
    picture = smooth_picture(16, 16, 1)
    moved = F.warp(picture, shift(3, -2))
    rolled = picture.roll((2, -3), (2, 3))  # W(p) = x(p + w)
    torch.testing.assert_close(moved[..., 2:, :-3], rolled[..., 2:, :-3], rtol=0, atol=1e-5)
    inside = F.stays_inside(shift(3, -2))[0, 0]
    assert bool((inside[2:, :-3] == 1).all())
    assert inside.sum() == 14 * 13


def test_half_a_pixel_is_the_mean_of_two() -> None:
    picture = smooth_picture(12, 12, 1)
    moved = F.warp(picture, shift(0.5, 0, 12))
    mean = (picture[..., :-1] + picture[..., 1:]) / 2
    torch.testing.assert_close(moved[..., :-1], mean, rtol=0, atol=1e-6)


def test_warping_has_its_gradient() -> None:
    generator = torch.Generator().manual_seed(0)
    picture = torch.rand((1, 2, 5, 6), generator=generator, dtype=torch.float64).requires_grad_()
    # away from whole pixels, where bilinear interpolation has a kink
    flow = 0.2 + 0.5 * torch.rand((1, 2, 5, 6), generator=generator, dtype=torch.float64)
    assert torch.autograd.gradcheck(F.warp, (picture, flow.requires_grad_()))


def test_the_weights_of_a_translation_are_one_inside() -> None:
    flow, back = shift(3, -2), shift(-3, 2)
    weights = F.flow_weights(flow, back)[0, 0]
    # the smoothing reaches 3 pixels inwards from where the picture is left
    assert bool((weights[5:, :-6] == 1).all())
    assert bool((weights[0] < 1).all())
    assert float(weights[:2, -3:].max()) < 0.2


def test_a_flow_that_does_not_come_back_counts_nothing() -> None:
    flow, back = shift(0, 0), torch.zeros(1, 2, 16, 16)
    back[..., 6:10, 6:10] = 2.0  # 8 >= 0.01 * 8 + 0.5
    weights = F.flow_weights(flow, back)[0, 0]
    assert bool((weights[6:10, 6:10] == 0).all())
    # what is hidden counts -1, so the hole is larger than itself after smoothing
    # by hand: 0.2506 of the kernel lies below a pixel, 0.977 beside this one on the hole's columns
    assert float(weights[5, 7]) == pytest.approx(1 - 2 * 0.2506 * 0.977, abs=1e-3)
    assert weights[0, 0] == 1


def bilinear(field: Tensor, across: float, down: float) -> Tensor:
    """Return the value of a field (C, H, W) at a place, that of its border outside."""
    height, width = field.shape[1:]
    across, down = min(max(across, 0), width - 1), min(max(down, 0), height - 1)
    left, top = min(int(across), width - 2), min(int(down), height - 2)
    x, y = across - left, down - top
    upper = (1 - x) * field[:, top, left] + x * field[:, top, left + 1]
    lower = (1 - x) * field[:, top + 1, left] + x * field[:, top + 1, left + 1]
    return (1 - y) * upper + y * lower


def slope(values: Tensor, place: int) -> Tensor:
    """Return central differences, one-sided at the ends."""
    if place in (0, len(values) - 1):
        first = 0 if place == 0 else place - 1
        return values[first + 1] - values[first]
    return (values[place + 1] - values[place - 1]) / 2


@pytest.mark.parametrize("seed", range(3))
def test_the_weights_are_those_of_a_loop_over_pixels(seed: int) -> None:
    size = 16
    flow, back = random_flows(seed)
    own, other = flow[0], back[0]
    raw = torch.ones(size, size, dtype=torch.float64)
    for row in range(size):
        for column in range(size):
            w = own[:, row, column]
            across, down = column + float(w[0]), row + float(w[1])
            inside = 0 <= across <= size - 1 and 0 <= down <= size - 1
            returned = bilinear(other, across, down)
            together = float((w + returned).square().sum())
            lengths = float(w.square().sum() + returned.square().sum())
            du, dv = slope(own[:, row].T, column), slope(own[:, :, column].T, row)
            edge = float(du.square().sum() + dv.square().sum())
            if together >= 0.01 * lengths + 0.5:
                raw[row, column] = -1
            elif not inside or edge > 0.01 * float(w.square().sum()) + 0.002:
                raw[row, column] = 0
    kernel = [math.exp(-(k**2) / (2 * 0.8**2)) for k in range(-3, 4)]
    kernel = [each / sum(kernel) for each in kernel]
    expected = torch.zeros(size, size, dtype=torch.float64)
    for row in range(size):
        for column in range(size):
            for i, first in enumerate(kernel):
                for j, second in enumerate(kernel):
                    y, x = (min(max(p, 0), size - 1) for p in (row + i - 3, column + j - 3))
                    expected[row, column] += first * second * raw[y, x]
    assert {-1.0, 0.0, 1.0} == set(raw.flatten().tolist())  # all cases are there
    weights = F.flow_weights(flow, back)[0, 0]
    torch.testing.assert_close(weights, expected.clamp(0, 1), rtol=0, atol=1e-12)


def test_the_closest_frame_that_shows_a_pixel_is_followed() -> None:
    # by hand: what nearer frames have, as they were, is taken away
    raw = [torch.tensor([1.0, 0.5, 0.0, 0.0]), torch.tensor([1.0, 0.8, 0.7, 0.0]),
           torch.tensor([1.0, 1.0, 1.0, 0.4])]  # fmt: skip
    first, second, third = F.closest_first(raw)
    assert first.tolist() == pytest.approx([1.0, 0.5, 0.0, 0.0])
    assert second.tolist() == pytest.approx([0.0, 0.3, 0.7, 0.0])
    # of the second 1 - 0.5 - 0.8 < 0; with what is left of it, 0.3, it would be 0.2
    assert third.tolist() == pytest.approx([0.0, 0.0, 0.3, 0.4])
    assert raw[1].tolist() == pytest.approx([1.0, 0.8, 0.7, 0.0])  # the caller's are as before
