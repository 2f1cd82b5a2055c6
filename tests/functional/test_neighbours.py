"""Nearest neighbours by the angle between vectors."""

import pytest
import torch

from stylelightning.functional import neighbours
from stylelightning.functional.neighbours import (
    centred,
    cosine_distances_to,
    directions,
    nearest_directions,
)


def vectors(seed: int, count: int, values: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((count, values), generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("block", [1, 250, 2**22])
@pytest.mark.parametrize("count", [1, 7, 100, 230])  # groups of 100
def test_the_nearest_is_that_of_a_search_by_hand(
    monkeypatch: pytest.MonkeyPatch, block: int, count: int
) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", block)
    queries, bank = vectors(1, 23), vectors(2, count)
    found = nearest_directions(queries, bank)
    for query, index in zip(queries - queries.mean(0), found.tolist(), strict=True):
        cosines = [
            float(query @ each) / float(query.norm() * each.norm().clamp_min(1e-300))
            for each in bank - bank.mean(0)
        ]
        assert index == cosines.index(max(cosines))


def test_each_vector_is_nearest_to_itself() -> None:
    bank = vectors(1, 50)
    assert nearest_directions(bank, bank).tolist() == list(range(50))


def test_what_a_whole_set_has_in_common_does_not_count() -> None:
    queries, bank = vectors(1, 20), vectors(2, 30)
    moved = nearest_directions(queries + 7, 2 * bank - 5)
    assert torch.equal(moved, nearest_directions(queries, bank))


def test_distances_by_hand() -> None:
    found = torch.tensor([[3.0, 0.0], [0.0, 2.0], [-1.0, 0.0], [0.0, 0.0]], requires_grad=True)
    targets = torch.tensor([[1.0, 0.0]] * 4)
    distances = cosine_distances_to(found, targets)
    assert distances.tolist() == [0, 1, 2, 1]
    (gradient,) = torch.autograd.grad(distances.sum(), found)
    assert gradient[3].tolist() == [0, 0]  # a vector of length 0 has none


def test_directions_have_length_one_but_for_those_without() -> None:
    units = directions(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    torch.testing.assert_close(units, torch.tensor([[0.6, 0.8], [0.0, 0.0]]))


def test_centred_vectors_have_no_mean() -> None:
    torch.testing.assert_close(centred(vectors(1, 9)).mean(0), torch.zeros(3, dtype=torch.float64))
