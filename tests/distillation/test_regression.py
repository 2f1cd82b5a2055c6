import pytest
import torch
from torch import Tensor

from stylelightning.distillation.regression import LeastSquares


@pytest.fixture
def samples() -> tuple[Tensor, Tensor]:
    """Inputs, and outputs that they do not give exactly."""
    x, y = torch.randn(40, 5), torch.randn(40, 3)
    return x, x @ torch.randn(5, 3) + y


def test_without_a_ridge_it_is_least_squares(samples: tuple[Tensor, Tensor]) -> None:
    fit = LeastSquares(ridge=0)
    fit.add(*samples)
    x, y = (each.double() for each in samples)
    # oracle: LAPACK, through torch
    torch.testing.assert_close(fit.solve(), torch.linalg.lstsq(x, y).solution)


def test_the_constant_is_the_last_row(samples: tuple[Tensor, Tensor]) -> None:
    x, y = (each.double() for each in samples)
    fit = LeastSquares(constant=True, ridge=0)
    fit.add(x, y)
    extended = torch.cat([x, torch.ones(40, 1, dtype=torch.float64)], 1)
    torch.testing.assert_close(fit.solve(), torch.linalg.lstsq(extended, y).solution)


def test_a_constant_output_is_the_constant_alone() -> None:
    fit = LeastSquares(constant=True, ridge=0)
    fit.add(torch.randn(40, 2), torch.full((40, 1), 7.0))
    expected = torch.tensor([[0.0], [0.0], [7.0]], dtype=torch.float64)
    torch.testing.assert_close(fit.solve(), expected)


@pytest.mark.parametrize("constant", [False, True])
def test_samples_may_come_in_parts(samples: tuple[Tensor, Tensor], constant: bool) -> None:
    x, y = samples
    whole, parts = LeastSquares(constant), LeastSquares(constant)
    whole.add(x, y)
    for part in (slice(0, 1), slice(1, 15), slice(15, 40)):
        parts.add(x[part], y[part])
    torch.testing.assert_close(parts.solve(), whole.solve())


def test_the_ridge_is_a_part_of_the_mean_square() -> None:
    # by hand: x.x = 5, x.y = 5, so 5 / (5 + 0.5 * 5)
    fit = LeastSquares(ridge=0.5)
    x = torch.tensor([[1.0], [2.0]])
    fit.add(x, x)
    torch.testing.assert_close(fit.solve(), torch.tensor([[2 / 3]], dtype=torch.float64))


def test_the_ridge_bounds_what_the_samples_leave_open() -> None:
    fit = LeastSquares()
    x = torch.randn(40, 1)
    fit.add(x.expand(40, 2), x)
    # two equal inputs share the work
    halves = torch.full((2, 1), 0.5, dtype=torch.float64)
    torch.testing.assert_close(fit.solve(), halves, rtol=1e-3, atol=0)


def test_without_samples_there_is_no_solution() -> None:
    with pytest.raises(RuntimeError, match="no samples"):
        LeastSquares().solve()
