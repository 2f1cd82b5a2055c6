"""Gram matrices of maps in bfloat16; those in float32 are in `test_functional.py`."""

import pytest
import torch
from torch import Tensor

from stylelightning.functional import gram_matrix
from stylelightning.functional.gram import PART


def maps(channels: int, height: int, width: int, layout: torch.memory_format) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    values = torch.rand(1, channels, height, width, generator=generator).bfloat16()
    return values.contiguous(memory_format=layout)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(3, 5), (32, 64), (47, 131)], ids=["part", "whole", "rest"])
def test_products_in_bfloat16_are_added_up_in_float32(
    size: tuple[int, int], layout: torch.memory_format
) -> None:
    exact = (features := maps(6, *size, layout)).double().flatten(2)
    matrix = gram_matrix(features, "none")
    assert matrix.dtype == torch.float32
    torch.testing.assert_close(matrix.double(), exact @ exact.mT, rtol=4e-3, atol=0)


def test_errors_of_parts_cancel() -> None:
    features = maps(8, 4 * PART, 16, torch.channels_last)
    exact = (flat := features.double().flatten(2)) @ flat.mT
    error = gram_matrix(features, "none").double() - exact
    assert error.norm() < 1e-3 * exact.norm()  # rounded once it would be 1.7e-3 or so


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_gradient_comes_in_the_features_precision_and_layout(
    layout: torch.memory_format,
) -> None:
    features = maps(6, 9, 11, layout).requires_grad_()
    weights = torch.rand(1, 6, 6, generator=torch.Generator().manual_seed(1))
    (gradient,) = torch.autograd.grad((weights * gram_matrix(features, "none")).sum(), features)
    assert gradient.dtype == torch.bfloat16
    assert gradient.is_contiguous(memory_format=layout)
    exact = features.detach().double().requires_grad_()
    expected = torch.autograd.grad((weights * gram_matrix(exact, "none")).sum(), exact)[0]
    assert (gradient.double() - expected).norm() < 5e-3 * expected.norm()
