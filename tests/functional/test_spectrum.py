"""Pictures as waves."""

import math

import pytest
import torch

from stylelightning.functional.spectrum import hartley, one_over_f

SIZES = [(7, 9), (8, 6), (6, 7), (1, 5), (4, 1), (1, 1)]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_coefficients_are_those_of_the_fourier_transform(size: tuple[int, int]) -> None:
    signal = torch.randn(1, 3, *size, dtype=torch.float64)
    # oracle: torch's complex transform, whose own order of frequencies is kept
    expected = torch.fft.fft2(signal, norm="ortho")
    torch.testing.assert_close(hartley(signal), expected.real - expected.imag)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_transform_is_orthonormal_and_its_own_inverse(size: tuple[int, int]) -> None:
    signal = torch.randn(1, 3, *size, dtype=torch.float64)
    torch.testing.assert_close(hartley(signal).norm(), signal.norm())
    torch.testing.assert_close(hartley(hartley(signal)), signal)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_gradient_of_the_transform_is_right(size: tuple[int, int]) -> None:
    signal = torch.randn(1, 2, *size, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(hartley, signal)
    assert torch.autograd.gradgradcheck(hartley, signal)


def test_one_coefficient_is_one_wave() -> None:
    coefficients = torch.zeros(4, 8, dtype=torch.float64)
    coefficients[1, 6] = 1  # one period downwards and minus two across
    y, x = torch.meshgrid(torch.arange(4.0), torch.arange(8.0), indexing="ij")
    angle = 2 * math.pi * (y / 4 - 2 * x / 8).double()
    # by hand: the formula, over the root of 32 pixels
    expected = (angle.cos() + angle.sin()) / math.sqrt(32)
    torch.testing.assert_close(hartley(coefficients), expected)


def test_the_amplitude_falls_with_the_frequency_by_its_exponent() -> None:
    amplitude = one_over_f((16, 32), 1.5)
    # by hand: 2 and 8 periods across 32 px, then 4 of 16 down, a quarter of a cycle per pixel each
    assert float(amplitude[0, 2] / amplitude[0, 8]) == pytest.approx(4**1.5)
    assert float(amplitude[4, 0]) == pytest.approx(float(amplitude[0, 8]))
    assert float(amplitude[0, 0]) == float(amplitude[0, 1])  # the mean as the slowest wave
    assert float(amplitude.square().mean()) == pytest.approx(1)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_without_an_exponent_all_waves_are_alike(size: tuple[int, int]) -> None:
    torch.testing.assert_close(one_over_f(size, 0.0), torch.ones(size, dtype=torch.float64))
