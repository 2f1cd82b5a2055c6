import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stylelightning.functional.transport import (
    absolute_wasserstein,
    blended_quantiles,
    quantile_means,
    squared_wasserstein,
    wasserstein,
)

numbers = st.floats(-9, 9)


def sample(size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=size)


def by_breakpoints(x: np.ndarray, y: np.ndarray, exponent: int = 2) -> float:
    """W_p^p by the definition: both quantile functions are stairs, the integral a finite sum."""
    x, y = np.sort(x), np.sort(y)
    cuts = np.unique(np.r_[np.arange(len(x) + 1) * len(y), np.arange(len(y) + 1) * len(x)])
    middles = (cuts[1:] + cuts[:-1]) / 2  # in units of 1 / (n m)
    steps = x[(middles // len(y)).astype(int)] - y[(middles // len(x)).astype(int)]
    return float((np.abs(steps) ** exponent * np.diff(cuts)).sum() / (len(x) * len(y)))


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 99))
def test_the_distance_is_the_integral_between_the_quantile_functions(
    n: int, m: int, seed: int
) -> None:
    x, y = sample(n, seed), sample(m, seed + 100)
    for exponent in (1, 2):
        found = wasserstein(torch.tensor(x)[None], torch.tensor(np.sort(y))[None], exponent)
        expected = by_breakpoints(x, y, exponent)
        np.testing.assert_allclose(found.item(), expected, rtol=1e-9, atol=1e-12)


def test_the_distance_of_equal_sizes_is_that_of_the_sorted_values() -> None:
    # by hand: 1, 3 against 2, 7: (1 + 16) / 2
    found = squared_wasserstein(torch.tensor([[3.0, 1.0]]), torch.tensor([[2.0, 7.0]]))
    assert found.item() == 8.5


def test_the_absolute_distance_by_hand() -> None:
    # halves of [0, 1]: 1 and 3 against 2: (1 + 1) / 2
    found = absolute_wasserstein(torch.tensor([[3.0, 1.0]]), torch.tensor([[2.0]]))
    assert found.item() == 1


def test_a_blend_of_samples_is_the_mean_of_their_quantiles() -> None:
    # by hand: 0 and 4 in quarters against 1, 2, 3, 10, at 3 to 1
    samples = [torch.tensor([[4.0, 0.0]]), torch.tensor([[10.0, 1.0, 3.0, 2.0]])]
    blended = blended_quantiles(samples, (0.75, 0.25))
    torch.testing.assert_close(blended, torch.tensor([[0.25, 0.5, 3.75, 5.5]]))
    assert blended_quantiles(samples[:1]).tolist() == [[0, 4]]


def test_the_means_of_a_staircase_by_hand() -> None:
    stairs = torch.tensor([[0.0, 3.0, 6.0]])
    assert quantile_means(stairs, 3) is stairs
    # halves of [0, 1]: 0 on 2/3 of the first and 3 on 1/3 of it, then 3 and 6
    torch.testing.assert_close(quantile_means(stairs, 2), torch.tensor([[1.0, 5.0]]))
    torch.testing.assert_close(
        quantile_means(stairs, 6), torch.tensor([[0.0, 0.0, 3.0, 3.0, 6.0, 6.0]])
    )


@given(arrays(np.float64, (1, 7), elements=numbers), st.integers(1, 20))
def test_quantile_means_ascend_and_keep_the_mean(values: np.ndarray, count: int) -> None:
    ascending = torch.from_numpy(np.sort(values))
    means = quantile_means(ascending, count)
    assert means.shape == (1, count)
    torch.testing.assert_close(means.mean(), ascending.mean())
    assert (means.diff() >= -1e-9).all()


def test_many_float32_values_lose_no_precision() -> None:
    values = torch.rand(1, 100_001).sort(1).values + 1000
    means = quantile_means(values, 1000)
    # oracle: numpy in float64; 1e-4 is the spacing of float32 at 1000
    expected = np.interp(
        (np.arange(1000) + 0.5) / 1000,
        (np.arange(100_001) + 0.5) / 100_001,
        values[0].double().numpy(),
    )
    np.testing.assert_allclose(means[0].numpy(), expected, atol=1.2e-4)
