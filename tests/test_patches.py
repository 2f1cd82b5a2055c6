import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stylelightning import patches
from stylelightning.patches import extract_patches, nearest_patches, patch_positions, vote


@given(st.integers(1, 40), st.integers(1, 9), st.data())
def test_every_pixel_is_in_a_patch(length: int, size: int, data: st.DataObject) -> None:
    size = min(size, length)
    stride = data.draw(st.integers(1, size))
    starts = patch_positions(length, size, stride).tolist()
    assert starts == sorted(set(starts))
    assert {start + place for start in starts for place in range(size)} == set(range(length))


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
    torch.testing.assert_close(extract_patches(features, 3), expected)


def test_the_last_patches_end_at_the_border() -> None:
    features = torch.arange(8.0).view(1, 1, 1, 8).expand(1, 1, 3, 8)
    rows = extract_patches(features, 3, 3).reshape(1, 3, 1, 3, 3)  # starts 0, 3 and 5
    assert rows[0, :, 0, 0].tolist() == [[0, 1, 2], [3, 4, 5], [5, 6, 7]]


@given(st.integers(1, 4), st.integers(0, 99))
def test_a_vote_is_the_adjoint_of_cutting_up(stride: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    features = torch.rand(1, 2, 7, 9, generator=generator, dtype=torch.float64)
    cut = extract_patches(features, 4, stride)
    other = torch.rand(cut.shape, generator=generator, dtype=torch.float64)
    # <cut(x), y> = <x, vote(y)>, the definition of an adjoint
    torch.testing.assert_close(
        (cut * other).sum(), (features * vote(other, (2, 7, 9), 4, stride)).sum()
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
    found = nearest_patches(torch.tensor(queries).float(), torch.tensor(bank).float(), alpha)
    assert found.tolist() == distances.argmin(1).tolist()


def test_completeness_takes_a_rare_patch_that_the_nearest_leaves_out() -> None:
    # by hand: both queries are nearest to 0; 5 is far from all, and its column is scaled most
    queries, bank = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [5.0]])
    assert nearest_patches(queries, bank).tolist() == [0, 0]
    assert nearest_patches(queries, bank, alpha=0.1).tolist() == [0, 1]
