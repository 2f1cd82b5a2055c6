from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from stylelightning.functional import patches
from stylelightning.functional.patches import (
    PatchBands,
    PatchPadding,
    extract_patches,
    nearest_patches,
    patch_positions,
    patches_at,
    vote,
)

PADDINGS: list[PatchPadding] = ["valid", "circular"]


def every_patch(features: torch.Tensor, size: int) -> torch.Tensor:
    rows, columns = (patch_positions(side, size, 1) for side in features.shape[2:])
    return extract_patches(features, size, rows, columns)


@given(st.integers(1, 40), st.integers(1, 9), st.sampled_from(PADDINGS), st.data())
def test_every_pixel_is_in_a_patch(
    length: int, size: int, padding: PatchPadding, data: st.DataObject
) -> None:
    size = min(size, length)
    stride = data.draw(st.integers(1, size))
    offset = data.draw(st.integers(0, stride - 1))
    starts = patch_positions(length, size, stride, padding, offset).tolist()
    assert starts == sorted(set(starts))
    covered = {start + place for start in starts for place in range(size)}
    if padding == "circular":
        covered = {place % length for place in covered}
    assert covered == set(range(length))


@pytest.mark.parametrize(
    ("length", "size", "stride", "message"),
    [
        (4, 5, 1, "A patch of 5 px doesn't fit into 4 px"),
        (9, 3, 4, "`stride` must be from 1 to the patch's 3 px, got 4"),
        (9, 3, 0, "`stride` must be from 1 to the patch's 3 px, got 0"),
    ],
)
def test_a_grid_that_leaves_pixels_out_is_refused(
    length: int, size: int, stride: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        patch_positions(length, size, stride)


def test_patches_are_those_of_unfold_at_stride_one() -> None:
    features = torch.rand(1, 2, 6, 5)
    expected = torch.nn.functional.unfold(features, 3)[0].T  # oracle: torch's own
    torch.testing.assert_close(every_patch(features, 3), expected)


def test_the_last_patches_end_at_the_border() -> None:
    features = torch.arange(8.0).view(1, 1, 1, 8).expand(1, 1, 3, 8)
    columns = patch_positions(8, 3, 3)  # 0, 3 and 5
    rows = extract_patches(features, 3, torch.tensor([0]), columns).reshape(3, 3, 3)
    assert rows[:, 0].tolist() == [[0, 1, 2], [3, 4, 5], [5, 6, 7]]


def test_circular_patches_go_round_the_border() -> None:
    features = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 3, 4)
    columns = patch_positions(4, 3, 2, "circular")  # 0 and 2
    found = extract_patches(features, 3, torch.tensor([0]), columns).reshape(2, 3, 3)
    assert found[:, 0].tolist() == [[0, 1, 2], [2, 3, 0]]


def test_the_patches_of_a_moved_picture_are_the_same_when_they_go_round() -> None:
    features = torch.rand(1, 2, 5, 6)
    grid = [patch_positions(side, 3, 1, "circular") for side in (5, 6)]
    moved = features.roll((2, 3), (2, 3))
    first, second = (extract_patches(each, 3, *grid) for each in (features, moved))
    assert sorted(first.tolist()) == sorted(second.tolist())


def test_patches_at_places_are_those_of_the_grid() -> None:
    features = torch.rand(1, 2, 6, 7)
    found = patches_at(features, 3, torch.tensor([3, 0]), torch.tensor([1, 4]))
    torch.testing.assert_close(found, every_patch(features, 3)[[3 * 5 + 1, 4]])  # 5 in a row


@given(st.integers(1, 4), st.sampled_from(PADDINGS), st.integers(0, 99))
def test_a_vote_is_the_adjoint_of_cutting_up(stride: int, padding: PatchPadding, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    features = torch.rand(1, 2, 7, 9, generator=generator, dtype=torch.float64)
    rows, columns = (patch_positions(n, 4, stride, padding, seed % stride) for n in (7, 9))
    cut = extract_patches(features, 4, rows, columns)
    other = torch.rand(cut.shape, generator=generator, dtype=torch.float64)
    # <cut(x), y> = <x, vote(y)>, the definition of an adjoint
    torch.testing.assert_close(
        (cut * other).sum(), (features * vote(other, (2, 7, 9), 4, rows, columns)).sum()
    )


@pytest.mark.parametrize("alpha", [None, 0.01])
def test_nearest_patches_equal_a_search_one_by_one_in_float64(
    alpha: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patches, "BLOCK", 50)  # several chunks
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


def test_bands_are_the_whole_grid_and_vote_like_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "BAND", 9)  # two rows of four patches
    features = torch.rand(1, 2, 9, 8, dtype=torch.float64)
    rows, columns = (patch_positions(side, 3, 2, "circular", 1) for side in (9, 8))
    bands = PatchBands(features, 3, rows, columns)
    whole = extract_patches(features, 3, rows, columns)
    assert [len(band) for band in bands] == [8, 8, 4]
    assert torch.equal(torch.cat(list(bands)), whole)
    bank = torch.rand(5, 18, dtype=torch.float64)
    indices = torch.arange(20) % 5
    mean, variance = bands.votes(indices, bank)
    count = vote(torch.ones(20, 18, dtype=torch.float64), (2, 9, 8), 3, rows, columns)
    means = [
        vote(said, (2, 9, 8), 3, rows, columns) / count
        for said in (bank[indices], bank[indices].square())
    ]
    torch.testing.assert_close(mean, means[0])
    torch.testing.assert_close(variance, (means[1] - means[0].square()).mean())
