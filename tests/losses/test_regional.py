"""Style terms in regions: what weights of positions mean, and a term for each region."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from stylelightning.backbones.base import Features
from stylelightning.functional.transport import quantile_means, wasserstein
from stylelightning.functional.weighted_transport import (
    weighted_quantile_means,
    weighted_wasserstein,
)
from stylelightning.losses import (
    ContentLoss,
    GaussianWassersteinLoss,
    GramLoss,
    HistogramLoss,
    Loss,
    MeanCovarianceLoss,
    PatchLoss,
    Reference,
    References,
    SlicedWassersteinLoss,
    StatisticalLoss,
    TotalVariationLoss,
)
from stylelightning.losses.references import RegionReferences, with_weights
from stylelightning.losses.regional import RegionalLoss

LAYER = "map"

TERMS: dict[str, Callable[[], Loss]] = {
    "Gram": lambda: GramLoss(layers=[LAYER]),
    "mean and covariance": lambda: MeanCovarianceLoss(layers=[LAYER]),
    "W2": lambda: GaussianWassersteinLoss(layers=[LAYER]),
    "histogram": lambda: HistogramLoss(layers=[LAYER]),
    "histogram, sum": lambda: HistogramLoss(layers=[LAYER], reduction="sum"),
    "sliced": lambda: SlicedWassersteinLoss(layers=[LAYER], projections=4),
    "sliced patches": lambda: SlicedWassersteinLoss(layers=[LAYER], size=3, exponent=1),
    "patches": lambda: PatchLoss(layers=[LAYER], size=3, stride=2),
}
SORTED = ("histogram", "sliced", "sliced patches")
term = pytest.mark.parametrize("name", TERMS)


def maps(seed: int, height: int = 8, width: int = 9, channels: int = 4) -> Features:
    generator = torch.Generator().manual_seed(seed)
    shape = (1, channels, height, width)
    return {LAYER: torch.randn(shape, generator=generator, dtype=torch.float64)}


def halves(height: int = 8, width: int = 9) -> tuple[Tensor, Tensor]:
    left = torch.zeros(1, 1, height, width, dtype=torch.float64)
    left[..., :4] = 1
    return left, 1 - left


def value(loss: Loss, references: References, features: Features) -> Tensor:
    loss.prepare(references)
    loss.advance({name: each.detach() for name, each in features.items()}, 0)
    found: Tensor = loss(features)
    return found


def regional(
    name: str, regions: list[tuple[Tensor, Features, float]], features: Features
) -> Tensor:
    parts = [
        RegionReferences(str(number), {LAYER: weights}, [Reference(style)], share)
        for number, (weights, style, share) in enumerate(regions)
    ]
    return value(RegionalLoss(TERMS[name]()), References(None, (), parts), features)


# one region


@term
@pytest.mark.parametrize("level", [1.0, 0.5])
def test_a_region_of_everything_is_the_term_itself_bit_for_bit(name: str, level: float) -> None:
    style, picture = maps(1), maps(2)
    picture[LAYER].requires_grad_()
    plain = value(TERMS[name](), References(None, [Reference(style)]), picture)
    (expected,) = torch.autograd.grad(plain, picture[LAYER])
    everywhere = torch.full((1, 1, 8, 9), level, dtype=torch.float64)
    found = regional(name, [(everywhere, style, 1.0)], picture)
    (gradient,) = torch.autograd.grad(found, picture[LAYER])
    assert found.equal(plain)
    assert gradient.equal(expected)


@term
def test_a_gradient_is_zero_outside_of_the_region(name: str) -> None:
    left, _ = halves()
    picture = maps(2)
    picture[LAYER].requires_grad_()
    found = regional(name, [(left, maps(1), 1.0)], picture)
    (gradient,) = torch.autograd.grad(found, picture[LAYER])
    reach = 1 if name == "sliced patches" else 0  # of a patch whose middle is inside
    assert gradient[..., 4 + reach :].abs().max() == 0
    assert gradient[..., :4].abs().min() > 0 or name == "patches"


@term
def test_a_region_of_a_style_alone_is_what_counts(name: str) -> None:
    # whatever is beyond the region of the style image says nothing
    left, right = halves()
    everywhere = torch.ones_like(left)
    style, other = maps(1), maps(1)
    other[LAYER] = other[LAYER].clone()
    other[LAYER][..., 5:] += 3  # 4 is seen by patches whose middle is inside
    found = [
        regional(name, [(everywhere, with_weights(each, {LAYER: left}), 1.0)], maps(2))
        for each in (style, other)
    ]
    if name not in ("patches", "sliced patches"):
        torch.testing.assert_close(found[0], found[1], rtol=1e-12, atol=0)
    beyond = regional(name, [(everywhere, with_weights(other, {LAYER: right}), 1.0)], maps(2))
    assert not torch.isclose(beyond, found[0])


# several regions


@pytest.mark.parametrize("name", ["Gram", "mean and covariance"])
def test_the_sums_of_regions_add_up_to_those_of_the_picture(name: str) -> None:
    # soft masks that add up to 1; Gram matrices, raw moments and the sums of weights
    loss, picture = TERMS[name](), maps(2)
    assert isinstance(loss, StatisticalLoss)
    parts = torch.rand(
        3, 1, 1, 8, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    parts /= parts.sum(0)
    weighted = [with_weights(picture, {LAYER: part}) for part in parts]
    sums = sum(loss.statistics(each)[LAYER] for each in weighted)
    torch.testing.assert_close(sums, loss.statistics(picture)[LAYER], rtol=1e-12, atol=1e-12)
    count = sum(loss.count(each)[LAYER] for each in weighted)
    assert float(count) == pytest.approx(72, rel=1e-12)


@term
def test_regions_are_added_up_by_their_shares(name: str) -> None:
    left, right = halves()
    picture, one, other = maps(2), maps(1), maps(3)
    apart = [regional(name, [(w, s, 1.0)], picture) for w, s in ((left, one), (right, other))]
    both = regional(name, [(left, one, 0.25), (right, other, 0.75)], picture)
    torch.testing.assert_close(both, 0.25 * apart[0] + 0.75 * apart[1])


def test_a_region_of_gram_matrices_by_hand() -> None:
    left, _ = halves()
    picture, style = maps(2), maps(1)
    x, s = picture[LAYER][0, :, :, :4].flatten(1), style[LAYER][0].flatten(1)
    gram, target = x @ x.T / (4 * 32), s @ s.T / (4 * 72)
    found = regional("Gram", [(left, style, 1.0)], picture)
    torch.testing.assert_close(found, (gram - target).square().mean())


def test_a_region_without_positions_is_left_out_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    left, right = halves()
    nothing = torch.zeros_like(left)
    one = [Reference(maps(1))]
    hidden = [Reference(with_weights(maps(1), {LAYER: nothing}))]
    loss = RegionalLoss(GramLoss(layers=[LAYER]))
    references = References(
        None,
        (),
        [
            RegionReferences("sky", {LAYER: nothing}, one, 0.2),
            RegionReferences("sea", {LAYER: left}, one, 0.3),
            RegionReferences("land", {LAYER: right}, hidden, 0.5),
        ],
    )
    found = [value(loss, references, maps(2)) for _ in range(2)]
    alone = regional("Gram", [(left, maps(1), 0.3)], maps(2))
    assert found[0] == found[1] == alone
    said = [record.message for record in caplog.records]
    assert said == [
        "The region sky of the picture has no position at the layer map, and is left out there.",
        "The region land of a style image has no position at the layer map, and is left out there.",
    ]
    references = References(None, (), references.regions[:1])
    assert value(loss, references, maps(2)) == 0


def test_a_term_that_heeds_no_weights_is_refused() -> None:
    with pytest.raises(ValueError, match="TotalVariationLoss can't be computed in regions"):
        RegionalLoss(TotalVariationLoss())


def test_matches_are_kept_for_a_resumed_run() -> None:
    left, right = halves()
    regions = [
        RegionReferences("left", {LAYER: left}, [Reference(maps(1))], 0.5),
        RegionReferences("right", {LAYER: right}, [Reference(maps(3))], 0.5),
    ]
    first, second = (RegionalLoss(TERMS["patches"]()) for _ in range(2))
    before = value(first, References(None, (), regions), maps(2))
    second.prepare(References(None, (), regions))
    second.load_state(first.state())
    assert not second.is_due(0)
    assert second(maps(2)) == before


def test_matches_of_other_regions_are_found_anew() -> None:
    # a run that goes on with masks that the checkpoint's did not have, or without any
    left, _ = halves()
    one, other = (RegionalLoss(TERMS["patches"]()) for _ in range(2))
    for loss, name in ((one, "left"), (other, "right")):
        part = RegionReferences(name, {LAYER: left}, [Reference(maps(1))], 1.0)
        value(loss, References(None, (), [part]), maps(2))
        loss.prepare(References(None, (), [part]))
    other.load_state(one.state())
    assert other.is_due(0)
    plain = TERMS["patches"]()
    plain.prepare(References(None, [Reference(maps(1))]))
    plain.load_state(one.state())
    assert plain.is_due(0)
    other.load_state(plain.state())
    assert other.is_due(0)


def test_the_content_image_may_be_held_differently_in_its_regions() -> None:
    left, _ = halves()
    content, picture = maps(1), maps(2)
    found = value(
        ContentLoss(layers=[LAYER]),
        References(with_weights(content, {LAYER: 3 * left})),
        picture,
    )
    squares = (picture[LAYER] - content[LAYER]).square()
    torch.testing.assert_close(found, (3 * squares[..., :4]).sum() / squares.numel())


# weighted samples on a line


@pytest.mark.parametrize("exponent", [1, 2])
def test_weights_are_copies(exponent: int) -> None:
    # oracle: a sample with weights 3 and 1 is one in which the first half is there three times
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(5, 12, generator=generator, dtype=torch.float64)
    target = torch.randn(5, 7, generator=generator, dtype=torch.float64).sort(1).values
    weights = torch.tensor([3.0] * 6 + [1.0] * 6, dtype=torch.float64)
    copies = torch.cat([values[:, :6]] * 3 + [values[:, 6:]], 1)
    found = weighted_wasserstein(values, weights, target, exponent)
    torch.testing.assert_close(found, wasserstein(copies, target, 1 if exponent == 1 else 2))
    means = weighted_quantile_means(values, weights, 9)
    torch.testing.assert_close(means, quantile_means(copies.sort(1).values, 9))
    for count in (1, 12, 30):
        equal = weighted_quantile_means(values, torch.ones(12), count)
        torch.testing.assert_close(equal, quantile_means(values.sort(1).values, count))


def test_what_weighs_nothing_is_not_there() -> None:
    values = torch.tensor([[5.0, -1.0, 2.0, 9.0]])
    weights = torch.tensor([0.0, 1.0, 1.0, 0.0])
    target = torch.tensor([[-1.0, 2.0]])
    assert weighted_wasserstein(values, weights, target, 2).item() == pytest.approx(0)
    assert weighted_quantile_means(values, weights, 2).tolist() == [[-1.0, 2.0]]
