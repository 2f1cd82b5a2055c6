from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch
from torch import Tensor

from stylelightning.functional import patch_search
from stylelightning.functional.patch_search import nearest_patches


@pytest.mark.parametrize("alpha", [None, 0.01])
def test_nearest_patches_equal_a_search_one_by_one_in_float64(
    alpha: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patch_search, "BLOCK", 50)  # several chunks
    generator = np.random.default_rng(0)
    queries, bank = generator.random((23, 12)), generator.random((17, 12))
    distances = np.array([[np.mean((q - b) ** 2) for b in bank] for q in queries])
    if alpha is not None:
        distances /= alpha + distances.min(0)
    for components in (None, 12):  # all components are an exact search too
        parts = torch.split(torch.tensor(queries).float(), 10)
        found = nearest_patches(parts, torch.tensor(bank).float(), alpha, components)
        assert found.tolist() == distances.argmin(1).tolist()


class Threads:
    """A team of threads: each does what a process would."""

    def __init__(self, rank: int, said: list[list[Tensor]], barrier: Barrier) -> None:
        self.rank, self.size = rank, len(said)
        self._said, self._barrier = said, barrier

    def all_reduce(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        return [sum(each[1:], each[0]) for each in zip(*self._all(list(tensors)), strict=True)]

    def least(self, tensor: Tensor) -> Tensor:
        return torch.stack([each for (each,) in self._all([tensor])]).amin(0)

    def _all(self, tensors: list[Tensor]) -> list[list[Tensor]]:
        self._said[self.rank] = [each.clone() for each in tensors]
        self._barrier.wait(60)
        found = list(self._said)
        self._barrier.wait(60)  # nobody says more before all have heard
        return found


@pytest.mark.parametrize("alpha", [None, 0.01])
@pytest.mark.parametrize("count", [2, 3, 6])
def test_several_processes_find_what_one_does(count: int, alpha: float | None) -> None:
    generator = torch.Generator().manual_seed(0)
    queries, bank = (torch.rand(n, 12, generator=generator) for n in (46, 17))
    parts = torch.split(queries, [9, 1, 20, 12, 4])  # of six processes one has nothing to do
    said: list[list[Tensor]] = [[] for _ in range(count)]
    barrier = Barrier(count)
    with ThreadPoolExecutor(count) as pool:
        found = pool.map(
            lambda rank: nearest_patches(parts, bank, alpha, team=Threads(rank, said, barrier)),
            range(count),
        )
        expected = nearest_patches(parts, bank, alpha)
        assert all(torch.equal(each, expected) for each in found)


def test_a_search_by_components_is_exact_where_patches_have_no_more() -> None:
    generator = torch.Generator().manual_seed(0)
    plane = torch.randn(2, 12, generator=generator)  # all patches lie in a plane
    queries, bank = (torch.randn(n, 2, generator=generator) @ plane for n in (30, 20))
    assert torch.equal(nearest_patches([queries], bank, None, 2), nearest_patches([queries], bank))


def test_completeness_takes_a_rare_patch_that_the_nearest_leaves_out() -> None:
    # by hand: both queries are nearest to 0; 5 is far from all, and its column is scaled most
    queries, bank = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [5.0]])
    assert nearest_patches([queries], bank).tolist() == [0, 0]
    assert nearest_patches([queries], bank, alpha=0.1).tolist() == [0, 1]
