import pytest
import torch
from torch import Tensor

from stylelightning.distillation.explained import ExplainedVariance


def explained(guess: Tensor, wanted: Tensor, parts: int = 1) -> Tensor:
    measure = ExplainedVariance(wanted.shape[1])
    for each in zip(guess.chunk(parts), wanted.chunk(parts), strict=True):
        measure.update(*each)
    return measure.compute()


@pytest.fixture
def wanted() -> Tensor:
    scale = torch.tensor([1.0, 5.0, 0.1]).view(1, 3, 1, 1)
    return scale * torch.randn(6, 3, 4, 5) + 2


@pytest.mark.parametrize("parts", [1, 2, 3, 6])
def test_it_is_the_part_of_the_summed_variance(wanted: Tensor, parts: int) -> None:
    guess = wanted + 0.5 * torch.randn(wanted.shape)
    means = wanted.mean((0, 2, 3), keepdim=True)
    expected = 1 - (wanted - guess).square().sum() / (wanted - means).square().sum()
    torch.testing.assert_close(explained(guess, wanted, parts), expected)


def test_it_is_1_for_the_map_itself_and_0_for_the_means(wanted: Tensor) -> None:
    assert explained(wanted, wanted) == 1
    means = wanted.mean((0, 2, 3), keepdim=True).expand_as(wanted)
    torch.testing.assert_close(explained(means, wanted), torch.tensor(0.0), rtol=0, atol=1e-6)


def test_it_is_below_0_for_a_guess_that_harms(wanted: Tensor) -> None:
    assert explained(-wanted, wanted) < 0


def test_large_means_cost_no_digits() -> None:
    # with sums in single precision, nothing of this variance would be left
    wanted = 1e4 + torch.randn(2, 1, 64, 64)
    guess = wanted + 0.1 * torch.randn(wanted.shape)
    torch.testing.assert_close(explained(guess, wanted), torch.tensor(0.99), rtol=0, atol=1e-3)


def test_it_begins_anew_when_it_is_reset(wanted: Tensor) -> None:
    measure = ExplainedVariance(3)
    measure.update(-wanted, wanted)
    measure.reset()
    measure.update(wanted, wanted)
    assert measure.compute() == 1
