import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from stylelightning import functional as F
from stylelightning.functional import distances

images = arrays(
    np.float64, array_shapes(min_dims=4, max_dims=4, max_side=5), elements=st.floats(-9, 9)
)


def test_gram_matrix_of_ones_is_the_number_of_pixels() -> None:
    # by hand: every entry is the sum of 1 * 1 over 2 * 3 pixels
    ones = torch.ones(1, 4, 2, 3)
    torch.testing.assert_close(F.gram_matrix(ones, "none"), torch.full((1, 4, 4), 6.0))


@pytest.mark.parametrize(
    ("normalization", "divisor"), [("none", 1), ("hw", 6), ("chw", 24), ("gatys", 48)]
)
def test_gram_matrix_is_divided_as_asked(normalization: F.GramNormalization, divisor: int) -> None:
    features = torch.rand(2, 4, 2, 3, dtype=torch.float64)
    # oracle: the definition, summed by einsum
    expected = torch.einsum("bihw,bjhw->bij", features, features) / divisor
    torch.testing.assert_close(F.gram_matrix(features, normalization), expected)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=str)
def test_moment_sums_are_products_and_sums_with_two_derivatives(
    layout: torch.memory_format,
) -> None:
    features = torch.rand(2, 3, 2, 4, dtype=torch.float64).contiguous(memory_format=layout)
    products, sums = F.moment_sums(features)
    torch.testing.assert_close(products, F.gram_matrix(features, "none"))
    torch.testing.assert_close(sums, features.sum((2, 3)))
    assert torch.autograd.gradcheck(F.moment_sums, features.requires_grad_())
    assert torch.autograd.gradgradcheck(F.moment_sums, features)


def test_gram_matrix_passes_gradcheck_twice() -> None:
    features = torch.rand(2, 3, 2, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(F.gram_matrix, features)
    assert torch.autograd.gradgradcheck(F.gram_matrix, features)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=str)
def test_the_gradient_of_a_gram_matrix_has_the_layout_of_the_features(
    layout: torch.memory_format,
) -> None:
    features = torch.rand(1, 3, 4, 5, dtype=torch.float64).contiguous(memory_format=layout)
    features.requires_grad_()
    value = (F.gram_matrix(features) - 1).square().sum()
    (gradient,) = torch.autograd.grad(value, features)
    assert gradient.is_contiguous(memory_format=layout)
    assert torch.autograd.gradcheck(F.gram_matrix, features)


@given(images)
def test_gram_matrix_ignores_pixel_order(x: np.ndarray) -> None:
    features = torch.from_numpy(x)
    torch.testing.assert_close(F.gram_matrix(features.flip(2, 3)), F.gram_matrix(features))


@given(images)
def test_gram_matrix_is_symmetric_and_positive(x: np.ndarray) -> None:
    matrix = F.gram_matrix(torch.from_numpy(x))
    torch.testing.assert_close(matrix, matrix.transpose(1, 2))
    assert torch.linalg.eigvalsh(matrix).min() >= -1e-9


def test_gram_matrix_needs_four_dimensions() -> None:
    with pytest.raises(ValueError, match=r"must have shape \(B, C, H, W\), got \(3, 4\)"):
        F.gram_matrix(torch.ones(3, 4))


@pytest.mark.parametrize(
    ("exponent", "isotropic", "expected"),
    [
        # by hand: a 2x2 checkerboard of 0 and 1 has two differences of 1 across and two down;
        # only its upper left pixel has both neighbours, 1^2 + 1^2 = 2
        (1.0, False, 4.0),
        (2.0, False, 4.0),
        (1.0, True, 2**0.5),
        (2.0, True, 2.0),
        (2.5, True, 2**1.25),
    ],
)
def test_total_variation_of_a_checkerboard(
    exponent: float, isotropic: bool, expected: float
) -> None:
    board = torch.tensor([[[[0.0, 1.0], [1.0, 0.0]]]])
    total = F.total_variation(board, exponent, isotropic, "sum")
    torch.testing.assert_close(total, torch.tensor(expected))
    mean = F.total_variation(board, exponent, isotropic, "mean")
    torch.testing.assert_close(mean, torch.tensor(expected / 4))


@given(images, st.floats(1, 3), st.booleans())
def test_total_variation_ignores_a_constant(x: np.ndarray, exponent: float, flag: bool) -> None:
    image = torch.from_numpy(x)
    torch.testing.assert_close(
        F.total_variation(image + 5, exponent, flag),
        F.total_variation(image, exponent, flag),
        rtol=1e-6,  # x + 5 - (y + 5) rounds
        atol=1e-6,
    )


@pytest.mark.parametrize("isotropic", [False, True])
@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0, 2.5])
def test_total_variation_has_a_finite_gradient_at_equal_pixels(
    exponent: float, isotropic: bool
) -> None:
    flat = torch.full((1, 3, 4, 4), 0.5, requires_grad=True)
    F.total_variation(flat, exponent, isotropic).backward()  # type: ignore[no-untyped-call]
    assert flat.grad is not None
    torch.testing.assert_close(flat.grad, torch.zeros_like(flat))


@pytest.mark.parametrize("isotropic", [False, True])
@pytest.mark.parametrize("exponent", [1.0, 2.0, 2.5])
def test_total_variation_passes_gradcheck(exponent: float, isotropic: bool) -> None:
    image = torch.rand(1, 2, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: F.total_variation(x, exponent, isotropic), image)


def test_squared_distance_of_unlike_shapes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one shape, got \(2,\) and \(3,\)"):
        F.squared_distance(torch.ones(2), torch.ones(3))


def test_resize_keeps_a_constant_picture_and_its_range() -> None:
    gray = torch.full((1, 3, 10, 7), 0.25)
    torch.testing.assert_close(F.resize(gray, (5, 9)), torch.full((1, 3, 5, 9), 0.25))
    steps = torch.zeros(1, 3, 8, 8)
    steps[..., 4:] = 1  # bicubic overshoots at an edge
    assert [float(value) for value in F.resize(steps, (16, 16)).aminmax()] == [0, 1]


def test_resize_to_the_same_size_returns_the_picture_itself() -> None:
    picture = torch.rand(1, 3, 4, 5)
    assert F.resize(picture, (4, 5)) is picture


def test_cover_cuts_the_centre_and_does_not_stretch() -> None:
    # by hand: a 2x4 picture covers 2x2 at its own scale, its middle columns remain
    picture = torch.arange(4.0).expand(1, 3, 2, 4) / 4
    torch.testing.assert_close(F.cover(picture, (2, 2)), picture[..., 1:3])


def test_within_resizes_only_what_is_larger() -> None:
    image = torch.rand(1, 3, 4, 8, generator=torch.Generator().manual_seed(0))
    assert F.within(image, 8) is image
    torch.testing.assert_close(F.within(image, 6), F.resize(image, (3, 6)))  # by hand: half of 6


@given(st.integers(1, 900), st.integers(1, 900), st.integers(1, 900))
def test_fit_long_side_gives_that_long_side(height: int, width: int, long_side: int) -> None:
    size = F.fit_long_side(height, width, long_side)
    assert max(size) == long_side
    assert min(size) >= 1


@given(
    arrays(
        np.float64,
        array_shapes(min_dims=4, max_dims=4, max_side=5),
        elements=st.integers(-9, 9).map(float),  # no differences that underflow
    )
)
def test_edge_weights_lie_in_their_range_and_ignore_contrast(x: np.ndarray) -> None:
    features = torch.from_numpy(x)
    weights = F.edge_weights(features, 0.2, 3.0)
    assert weights.shape == (x.shape[0], 1, *x.shape[2:])
    assert 0.2 <= weights.min() <= weights.max() <= 3
    torch.testing.assert_close(F.edge_weights(8 * features - 1, 0.2, 3.0), weights)


def test_edge_weights_are_the_same_however_many_rows_are_looked_at_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    features = torch.rand(1, 3, 11, 5)
    whole = F.edge_weights(features, 0.2, 3.0)  # fewer rows than are looked at at once
    for rows in (1, 3, 11):
        monkeypatch.setattr(distances, "EDGE_ROWS", rows)
        torch.testing.assert_close(F.edge_weights(features, 0.2, 3.0), whole)


def test_edge_weights_of_a_map_without_edges_are_one() -> None:
    weights = F.edge_weights(torch.full((1, 2, 6, 6), 0.3), 0.2, 3.0)
    assert torch.equal(weights, torch.ones(1, 1, 6, 6))


def test_edge_weights_of_one_edge_by_hand() -> None:
    # by hand: the edge of 5 (3 and 4 in two channels) is at column 5 of 12; a box over columns
    # 3 to 7 holds a fifth of it, the mean over 12 columns is a twelfth
    step = torch.zeros(1, 2, 8, 12)
    step[0, 0, :, 6:], step[0, 1, :, 6:] = 3, 4
    weights = F.edge_weights(step, 0.0, 9.0)
    expected = [0, 0, 0, 2.4, 2.4, 2.4, 2.4, 2.4, 0, 0, 0, 0]
    assert weights[0, 0, 4].tolist() == pytest.approx(expected, abs=1e-6)


def test_weights_are_factors_of_the_squares() -> None:
    # by hand: (1 * 4 + 3 * 0) / 2
    first, second, weight = (
        torch.tensor([2.0, 1.0]),
        torch.tensor([0.0, 1.0]),
        torch.tensor([1.0, 3.0]),
    )
    assert F.squared_distance(first, second, "mean", weight) == 2
    assert F.squared_distance(second, first + 1, "sum", weight) == 9 + 3


def test_the_gradient_of_squares_has_the_layout_of_the_map() -> None:
    first, second = torch.randn(2, 1, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    last = first.contiguous(memory_format=torch.channels_last).requires_grad_()
    value = F.squared_distance(last, second, "sum")
    (gradient,) = torch.autograd.grad(value, last)
    assert gradient.stride() == last.stride()
    torch.testing.assert_close(gradient, 2 * (last - second).detach())  # by hand


def test_nine_point_variation_by_hand() -> None:
    # a 2x2 checkerboard of 0 and 1: within the repeated border two differences of 1 across and two
    # down; of the nine diagonals of either direction the four that cross an edge once are 1
    checkerboard = torch.tensor([[[[0.0, 1.0], [1.0, 0.0]]]])
    value = F.nine_point_variation(checkerboard, reduction="sum")
    torch.testing.assert_close(value, torch.tensor(2 / 3 * 4 + 1 / 6 * 8))
    mean = F.nine_point_variation(checkerboard, reduction="mean")
    torch.testing.assert_close(mean, torch.tensor(2 / 3 * 4 / 4 + 1 / 6 * 8 / 9))


@given(images)
def test_nine_point_variation_turns_with_the_picture(x: np.ndarray) -> None:
    image = torch.from_numpy(x)
    turned = F.nine_point_variation(image.rot90(1, (2, 3)), reduction="sum")
    torch.testing.assert_close(turned, F.nine_point_variation(image, reduction="sum"))


def test_laplacian_of_a_parabola_is_its_curvature() -> None:
    # x^2 has the second difference 2 everywhere, 3 y nothing; the sign is minus
    y, x = torch.meshgrid(torch.arange(4.0), torch.arange(5.0), indexing="ij")
    torch.testing.assert_close(
        F.laplacian((x**2 + 3 * y)[None, None]), torch.full((1, 1, 2, 3), -2.0)
    )


def test_excess_by_hand() -> None:
    # (1.5 - 0) (1.5 - 1), and the same below
    values = torch.tensor([-0.5, 0.0, 0.5, 1.0, 1.5])
    assert F.excess(values, 0, 1).tolist() == [0.75, 0, 0, 0, 0.75]


def test_normalized_gradients_have_the_layers_weights_as_l1_norms() -> None:
    a, b = (torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True) for _ in range(2))
    value = F.with_normalized_gradients(
        lambda maps: maps["a"].pow(3).sum() + 9 * maps["b"].sum(),
        {"a": a, "b": b, "c": torch.ones(1)},
        {"a": 2.0, "b": 0.5},
    )
    torch.testing.assert_close(value, a.pow(3).sum() + 9 * b.sum())
    gradients = torch.autograd.grad(5 * value, (a, b))
    squares = a.square().detach()
    torch.testing.assert_close(gradients[0], 5 * 2 * squares / squares.sum())
    # by hand: 24 equal values that add up to 5 * 0.5
    torch.testing.assert_close(gradients[1], torch.full_like(b, 5 * 0.5 / 24))


def test_normalized_gradients_of_a_constant_are_zero() -> None:
    maps = {"a": torch.ones(1, 2, 3, 4, requires_grad=True)}
    value = F.with_normalized_gradients(lambda each: 0 * each["a"].sum(), maps, {"a": 1.0})
    (gradient,) = torch.autograd.grad(value, maps["a"])
    assert not gradient.any()


def test_softmax_smoothing_by_hand() -> None:
    # by hand: exp of the logarithms is 1, 2, 3, 6, whose mean is 3
    features = torch.tensor([1.0, 2.0, 3.0, 6.0]).log().reshape(1, 2, 1, 2)
    expected = torch.tensor([1 / 3, 2 / 3, 1.0, 2.0]).reshape(1, 2, 1, 2)
    torch.testing.assert_close(F.smoothed_by_softmax(features), expected)


@given(images)
def test_softmax_smoothing_has_the_mean_one_and_ignores_a_constant(x: np.ndarray) -> None:
    features = torch.from_numpy(x)
    smooth = F.smoothed_by_softmax(features)
    torch.testing.assert_close(smooth.mean((1, 2, 3)), torch.ones(len(x), dtype=torch.float64))
    torch.testing.assert_close(F.smoothed_by_softmax(features + 5), smooth)


def test_softmax_smoothing_of_half_precision_is_done_in_float32() -> None:
    # 2^18 equal values: their sum of exponentials is beyond float16's 65504
    smooth = F.smoothed_by_softmax(torch.zeros(1, 4, 256, 256, dtype=torch.float16))
    assert smooth.dtype == torch.float32
    torch.testing.assert_close(smooth, torch.ones_like(smooth))


def test_softmax_smoothing_passes_gradcheck() -> None:
    features = torch.rand(2, 3, 2, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(F.smoothed_by_softmax, features)


# structure


def test_an_edge_is_as_strong_as_its_gradient_is_long() -> None:
    # by hand: a ramp of 3 to the right and 4 down, in every channel
    ramp = 3.0 * torch.arange(5)[None, :] + 4.0 * torch.arange(4)[:, None]
    strength = F.edge_strength(ramp.expand(1, 3, 4, 5))
    torch.testing.assert_close(strength, torch.full((1, 1, 3, 4), 5.0))


def test_correlation_ignores_scale_and_shift_and_knows_no_flat_tensor() -> None:
    values = torch.rand(2, 3, dtype=torch.float64)
    torch.testing.assert_close(F.correlation(values, 2 * values + 3).item(), 1.0)
    torch.testing.assert_close(F.correlation(values, 3 - values).item(), -1.0)
    assert F.correlation(values, torch.ones(2, 3, dtype=torch.float64)).isnan()


def test_octaves_are_means_of_two_by_two_pixels() -> None:
    first, second = F.octaves(torch.arange(12.0).view(1, 1, 3, 4), 2)
    assert first.shape == (1, 1, 3, 4)
    # by hand: (0 + 1 + 4 + 5) / 4 and (2 + 3 + 6 + 7) / 4; the last row has no partner
    assert second.tolist() == [[[[2.5, 4.5]]]]
