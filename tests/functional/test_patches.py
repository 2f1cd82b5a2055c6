import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stylelightning.functional import patches
from stylelightning.functional.patches import (
    PatchBands,
    PatchPadding,
    extract_patches,
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
