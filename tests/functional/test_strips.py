"""Sums over a large picture's rows are those over the whole picture, and so are their gradients."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from stylelightning import functional as F
from stylelightning.functional import strips

SUMS: list[Callable[[Tensor], Tensor]] = [
    F.total_variation,
    partial(F.total_variation, exponent=1.0, reduction="sum"),
    partial(F.total_variation, exponent=2.5, isotropic=True),
    F.nine_point_variation,
    partial(F.nine_point_variation, exponent=1.5, reduction="sum"),
    partial(F.excess_sum, minimum=0.2, maximum=0.6),
]


def with_gradient(function: Callable[[Tensor], Tensor], picture: Tensor) -> tuple[Tensor, Tensor]:
    leaf = picture.clone().requires_grad_()
    value = function(leaf)
    (gradient,) = torch.autograd.grad(3 * value, leaf)
    return value.detach(), gradient


@pytest.mark.parametrize("function", SUMS)
@given(
    height=st.integers(1, 11), width=st.integers(1, 7), rows=st.integers(1, 12), seed=st.integers(0)
)
def test_strips_add_up_to_the_picture(
    function: Callable[[Tensor], Tensor], height: int, width: int, rows: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed % 2**63)
    picture = torch.rand(1, 3, height, width, dtype=torch.float64, generator=generator)
    whole, gradient = with_gradient(function, picture)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strips, "VALUES", 3 * width * rows)
        value, slope = with_gradient(function, picture)
    torch.testing.assert_close(value, whole, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(slope, gradient, rtol=1e-12, atol=1e-14)


def test_a_large_picture_is_never_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "VALUES", 3 * 8 * 5)
    seen: list[tuple[int, int, bool, bool]] = []

    def squares(strip: strips.Strip) -> Tensor:
        seen.append((strip.image.shape[2], strip.rows, strip.is_first, strip.is_last))
        return strip.image[..., : strip.rows, :].square().sum()

    picture = torch.ones(1, 3, 12, 8, requires_grad=True)
    total = strips.sum_of_strips(picture, squares)
    assert seen == [(6, 5, True, False), (6, 5, False, False), (2, 2, False, True)]
    torch.autograd.grad(total, picture)
    assert len(seen) == 6


def test_one_row_wider_than_a_strip_is_a_strip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "VALUES", 4)
    picture = torch.rand(1, 3, 3, 5, dtype=torch.float64)
    total = strips.sum_of_strips(picture, lambda strip: strip.image[:, :, : strip.rows].sum())
    torch.testing.assert_close(total, picture.sum())
