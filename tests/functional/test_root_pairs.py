from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from stylelightning.functional import root_pairs
from stylelightning.functional.root_pairs import Problem, roots_of
from stylelightning.functional.roots import Root, Target, by_eigenvalues, target_of

EPSILON = 1e-4


@pytest.fixture(autouse=True)
def two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(root_pairs, "WORTH_A_THREAD", 16)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def problem(channels: int, seed: int) -> Problem:
    generator = torch.Generator().manual_seed(seed)
    covariance, other = (
        flat @ flat.mT for flat in torch.randn(2, 1, channels, channels, generator=generator)
    )
    return Problem(covariance, target_of(other, EPSILON), channels)


def test_two_at_a_time_are_one_after_the_other_to_the_last_bit() -> None:
    problems = [problem(channels, seed) for seed, channels in enumerate((8, 96, 64, 32))]
    found = roots_of(problems, EPSILON, by_eigenvalues)
    torch.set_num_threads(1)
    for each, (trace, gradient) in zip(problems, found, strict=True):
        alone = by_eigenvalues(each.covariance, each.target, EPSILON, each.rank)
        assert torch.equal(trace, alone[0])
        assert torch.equal(gradient, alone[1])


@pytest.mark.parametrize("threads", [2, 6])
def test_each_has_half_of_the_threads_and_exact_products(threads: int) -> None:
    torch.set_num_threads(threads)
    seen = []

    def solver(covariance: Tensor, target: Target, epsilon: float, rank: int) -> Root:
        seen.append((torch.get_num_threads(), torch.get_float32_matmul_precision()))
        return covariance, covariance

    torch.set_float32_matmul_precision("medium")
    try:
        roots_of([problem(16, 0), problem(16, 1)], EPSILON, solver)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert seen == [(threads // 2, "highest")] * 2
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("channels", [(32, 8), (32, 32)])
def test_an_error_of_a_solver_comes_through(channels: tuple[int, ...]) -> None:
    def solver(covariance: Tensor, target: Target, epsilon: float, rank: int) -> Root:
        raise RuntimeError(f"no root of {covariance.shape[1]}")

    with pytest.raises(RuntimeError, match="no root of 32"):
        roots_of([problem(size, 0) for size in channels], EPSILON, solver)
    assert torch.get_num_threads() == 2
