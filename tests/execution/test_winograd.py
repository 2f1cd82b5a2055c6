from typing import Any

import pytest
import torch
from torch import Tensor, nn

from stylelightning.execution import winograd
from stylelightning.execution.winograd import FEWEST_CHANNELS as CHANNELS
from stylelightning.execution.winograd import WinogradConvolution


def convolution(inputs: int = CHANNELS, outputs: int = CHANNELS, **options: Any) -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(inputs, outputs, 3, **options).double().requires_grad_(False)


def maps(height: int, width: int, pictures: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    shape = pictures, CHANNELS, height, width
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()


def answer_and_gradient(convolve: Any, x: Tensor) -> tuple[Tensor, Tensor]:
    answer: Tensor = convolve(x)
    generator = torch.Generator().manual_seed(2)
    weights = torch.randn(answer.shape, generator=generator, dtype=answer.dtype)
    (gradient,) = torch.autograd.grad(answer, x, weights)
    return answer, gradient


@pytest.mark.parametrize(
    "options",
    [
        {"padding": 1},
        {"padding": 0},
        {"padding": 2},
        {"padding": (0, 3)},
        {"padding": 1, "bias": False},
        {"padding": 1, "padding_mode": "reflect"},
        {"padding": (2, 1), "padding_mode": "replicate"},
        {"padding": 1, "padding_mode": "circular"},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [(16, 16), (17, 30), (21, 23), (14, 19)], ids=str)
def test_it_computes_what_the_convolution_does(
    options: dict[str, Any], size: tuple[int, int]
) -> None:
    direct = convolution(outputs=CHANNELS + 2, **options)
    assert WinogradConvolution.can_replace(direct)
    expected = answer_and_gradient(direct, maps(*size))
    found = answer_and_gradient(WinogradConvolution(direct), maps(*size))
    for each, other in zip(found, expected, strict=True):
        torch.testing.assert_close(each, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_strips_and_batches_change_nothing(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    direct = convolution(padding=1)
    expected = answer_and_gradient(direct, maps(27, 18, pictures=2))
    across = 5
    monkeypatch.setattr(winograd, "STRIP", rows * 36 * across * CHANNELS * 8)
    found = answer_and_gradient(WinogradConvolution(direct), maps(27, 18, pictures=2))
    for each, other in zip(found, expected, strict=True):
        torch.testing.assert_close(each, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=str)
def test_maps_come_in_any_layout_and_leave_channels_last(layout: torch.memory_format) -> None:
    direct = convolution(padding=1)
    x = maps(16, 20).detach().contiguous(memory_format=layout)
    found = WinogradConvolution(direct)(x)
    torch.testing.assert_close(found, direct(x), rtol=0, atol=1e-12)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_its_gradient_is_that_of_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "FEWEST_TILES", 1)
    direct = nn.Conv2d(2, 3, 3, padding=1).double().requires_grad_(False)
    x = torch.randn(1, 2, 6, 9, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(WinogradConvolution(direct), [x])


def test_it_rounds_little_more_in_32_bits() -> None:
    exact, x = convolution(padding=1), maps(32, 32).detach()
    expected = exact(x)
    exact.float()
    errors = [
        (convolve(x.float()) - expected).norm() / expected.norm()
        for convolve in (exact, WinogradConvolution(exact))
    ]
    assert errors[1] < 4e-6
    assert errors[1] > errors[0]  # or it would be the convolution itself


def test_small_maps_are_convolved_directly() -> None:
    direct = convolution(padding=1)
    replaced = WinogradConvolution(direct)
    x = maps(12, 12)  # 9 tiles
    assert torch.equal(replaced(x), direct(x))
    assert replaced._filters is None


def test_filters_are_transformed_once() -> None:
    replaced = WinogradConvolution(convolution(padding=1))
    replaced(maps(16, 16))
    filters = replaced._filters
    replaced(maps(20, 16))
    assert filters is not None
    assert replaced._filters is filters


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 5},
        {"kernel_size": (3, 1)},
        {"stride": 2},
        {"dilation": 2},
        {"groups": 2},
        {"padding": "same"},
        {"in_channels": CHANNELS - 1},
        {"out_channels": CHANNELS - 1},
    ],
    ids=str,
)
def test_other_convolutions_stay(options: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"in_channels": CHANNELS, "out_channels": CHANNELS, "kernel_size": 3}
    assert WinogradConvolution.can_replace(nn.Conv2d(**usual))
    assert not WinogradConvolution.can_replace(nn.Conv2d(**(usual | options)))


def test_a_second_derivative_is_refused() -> None:
    x = maps(16, 16)
    answer = WinogradConvolution(convolution(padding=1))(x)
    (gradient,) = torch.autograd.grad(answer.square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        torch.autograd.backward(gradient.sum())
