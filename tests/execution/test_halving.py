import pytest
import torch
from torch import nn

from stylelightning.execution.halving import halved, halves


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("sides", [(4, 6), (5, 6), (4, 7), (5, 7), (2, 3)])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_value_and_gradient_are_those_of_torchs_pool_to_the_last_bit(
    dtype: torch.dtype, sides: tuple[int, int], layout: torch.memory_format
) -> None:
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(2, 3, *sides, generator=generator).to(dtype)
    maps = maps.contiguous(memory_format=layout).requires_grad_()
    expected, found = nn.AvgPool2d(2)(maps), halved(maps)
    assert torch.equal(found, expected)
    gradient = torch.randn(expected.shape, generator=generator).to(expected)
    (exact,) = torch.autograd.grad(expected, maps, gradient)
    (own,) = torch.autograd.grad(found, maps, gradient)
    assert own.dtype == dtype
    assert torch.equal(own, exact)


def test_second_derivatives_are_those_of_torch_too() -> None:
    maps = torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: halved(x).square(), maps)


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        (nn.AvgPool2d(2), True),
        (nn.AvgPool2d((2, 2), stride=(2, 2), padding=(0, 0)), True),
        (nn.AvgPool2d(3), False),
        (nn.AvgPool2d(2, stride=1), False),
        (nn.AvgPool2d(2, padding=1), False),
        (nn.AvgPool2d(2, ceil_mode=True), False),
        (nn.AvgPool2d(2, divisor_override=1), False),
        (nn.MaxPool2d(2), False),
    ],
)
def test_only_means_of_two_by_two_halve(pool: nn.Module, expected: bool) -> None:
    assert halves(pool) == expected
