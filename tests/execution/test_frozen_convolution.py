from typing import Any

import pytest
import torch
from torch import nn

from stylelightning.execution.frozen_convolution import FrozenConvolution

SHAPES: dict[str, dict[str, Any]] = {
    "vgg": {"kernel_size": 3, "padding": 1},
    "without padding": {"kernel_size": 3},
    "wide": {"kernel_size": (3, 5), "padding": (2, 0), "dilation": (2, 1)},
    "pointwise": {"kernel_size": 1, "bias": False},
    "even": {"kernel_size": 2, "padding": 1},
    "reflected": {"kernel_size": 3, "padding": (1, 2), "padding_mode": "reflect"},
    "circular": {"kernel_size": 5, "padding": 2, "padding_mode": "circular"},
}


def frozen(options: dict[str, Any], dtype: torch.dtype = torch.float64) -> nn.Conv2d:
    torch.manual_seed(0)
    convolution = nn.Conv2d(3, 4, **options).requires_grad_(False)
    return convolution.to(dtype).to(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("sides", [(7, 8), (9, 6)])
def test_value_and_gradient_are_those_of_the_convolution(name: str, sides: tuple[int, int]) -> None:
    convolution = frozen(SHAPES[name])
    assert FrozenConvolution.can_replace(convolution)
    maps = torch.randn(2, 3, *sides, dtype=torch.float64, requires_grad=True)
    expected, found = convolution(maps), FrozenConvolution(convolution)(maps)
    assert torch.equal(found, expected)
    gradient = torch.randn_like(expected)
    (exact,) = torch.autograd.grad(expected, maps, gradient)
    (own,) = torch.autograd.grad(found, maps, gradient)
    torch.testing.assert_close(own, exact, rtol=0, atol=1e-13)


def test_under_autocast_maps_are_cast_and_the_gradient_comes_back_as_it_went() -> None:
    convolution = frozen(SHAPES["vgg"], torch.bfloat16)
    maps = torch.randn(1, 3, 8, 8, requires_grad=True)
    own = FrozenConvolution(convolution)
    with torch.autocast("cpu", torch.bfloat16):
        expected, found = convolution(maps), own(maps)
    assert found.dtype == expected.dtype == torch.bfloat16
    (exact,) = torch.autograd.grad(expected.float().square().sum(), maps)
    (gradient,) = torch.autograd.grad(found.float().square().sum(), maps)
    assert gradient.dtype == torch.float32
    assert (gradient - exact).norm() < 0.02 * exact.norm()


def test_second_derivatives_are_right_too() -> None:
    own = FrozenConvolution(frozen(SHAPES["vgg"]))
    maps = torch.randn(1, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: own(x).square(), maps)


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3, "stride": 2},
        {"kernel_size": 3, "padding": "same"},
        {"kernel_size": 3, "padding": 3},
        {"kernel_size": 1, "padding": (0, 1)},
    ],
)
def test_what_is_no_plain_convolution_backwards_is_left_alone(options: dict[str, Any]) -> None:
    assert not FrozenConvolution.can_replace(frozen(options))


def test_groups_are_left_alone() -> None:
    assert not FrozenConvolution.can_replace(nn.Conv2d(4, 4, 3, groups=2))
