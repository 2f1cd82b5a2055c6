"""What holds for every loss; a new loss is one row of ``LOSSES``."""

from collections.abc import Callable

import pytest
import torch

from stylelightning.backbones.base import Features
from stylelightning.losses import (
    ContentLoss,
    GaussianWassersteinLoss,
    GramLoss,
    Loss,
    MeanCovarianceLoss,
    PatchLoss,
    SlicedWassersteinLoss,
    StatisticalLoss,
    TotalVariationLoss,
)

LAYERS = {"image": 1.0, "level1": 0.5}
LOSSES: dict[str, Callable[[], Loss]] = {
    "content": lambda: ContentLoss(1.0, LAYERS),
    "content-sum": lambda: ContentLoss(1.0, LAYERS, reduction="sum"),
    "content-edges": lambda: ContentLoss(1.0, LAYERS, edge_weights=[0.15, 3.0]),
    "gram": lambda: GramLoss(1.0, LAYERS),
    "gram-hw-sum": lambda: GramLoss(1.0, LAYERS, normalization="hw", reduction="sum"),
    "gram-none": lambda: GramLoss(1.0, LAYERS, normalization="none"),
    "mean-covariance": lambda: MeanCovarianceLoss(1.0, LAYERS),
    "gaussian-wasserstein": lambda: GaussianWassersteinLoss(1.0, LAYERS),
    "patch": lambda: PatchLoss(1.0, LAYERS, size=2, stride=1, renew_every_n_steps=10**6),
    "sliced-wasserstein": lambda: SlicedWassersteinLoss(1.0, LAYERS),
    "tv": lambda: TotalVariationLoss(1.0, LAYERS),
    "tv-isotropic": lambda: TotalVariationLoss(1.0, LAYERS, exponent=1.0, isotropic=True),
}


def random_features(seed: int, dtype: torch.dtype = torch.float64) -> Features:
    generator = torch.Generator().manual_seed(seed)
    return {
        "image": torch.rand((1, 3, 4, 5), generator=generator, dtype=dtype),
        "level1": torch.rand((1, 2, 3, 2), generator=generator, dtype=dtype),
    }


@pytest.fixture(params=LOSSES)
def loss(request: pytest.FixtureRequest) -> Loss:
    made = LOSSES[request.param]()
    made.prepare(random_features(1), [random_features(2)])
    return made


def test_a_loss_is_a_scalar_of_at_least_zero(loss: Loss) -> None:
    value = loss(random_features(3))
    assert value.shape == ()
    assert value >= 0


def test_a_loss_is_zero_at_its_target(loss: Loss) -> None:
    if loss.needs_content:
        target = random_features(1)
    elif loss.needs_style:
        target = random_features(2)
    else:
        target = {name: torch.ones_like(value) for name, value in random_features(1).items()}
    torch.testing.assert_close(loss(target), torch.zeros((), dtype=torch.float64))


def test_a_loss_passes_gradcheck(loss: Loss) -> None:
    features = [value.requires_grad_() for value in random_features(3).values()]
    names = list(LAYERS)
    assert torch.autograd.gradcheck(
        lambda *values: loss(dict(zip(names, values, strict=True))), features
    )


def test_layer_weights_add_up(loss: Loss) -> None:
    features = random_features(3)
    whole = loss(features)
    parts = []
    for name, weight in loss.layer_weights.items():
        loss.layer_weights = {name: weight}
        parts.append(loss(features))
    torch.testing.assert_close(whole, parts[0] + parts[1])


def test_a_list_of_layers_is_their_mean() -> None:
    assert GramLoss(1.0, ["relu1_1", "relu2_1"]).layer_weights == {"relu1_1": 0.5, "relu2_1": 0.5}


def test_statistics_of_two_halves_add_up_to_the_whole(loss: Loss) -> None:
    if not isinstance(loss, StatisticalLoss):
        assert not hasattr(loss, "statistics")  # a local loss has none
        return
    features = random_features(3)
    left = loss.statistics({name: value[..., :1] for name, value in features.items()})
    right = loss.statistics({name: value[..., 1:] for name, value in features.items()})
    total = {name: left[name] + right[name] for name in left}
    torch.testing.assert_close(loss.compare(total, loss.count(features)), loss(features))


def test_the_content_term_is_the_mean_of_squares() -> None:
    loss = ContentLoss(1.0, ["image"])
    loss.prepare({"image": torch.zeros(1, 3, 2, 2)}, [])
    # by hand: every difference is 2
    assert loss({"image": torch.full((1, 3, 2, 2), 2.0)}) == 4
    loss = ContentLoss(1.0, ["image"], reduction="sum")
    loss.prepare({"image": torch.zeros(1, 3, 2, 2)}, [])
    assert loss({"image": torch.full((1, 3, 2, 2), 2.0)}) == 48


def test_the_gram_term_of_constant_channels() -> None:
    # by hand: one channel of a against one of b at 6 pixels: G = a^2, A = b^2 (hw)
    for normalization, factor in (("none", 6.0), ("hw", 1.0), ("chw", 1.0)):
        loss = GramLoss(1.0, ["image"], normalization)  # type: ignore[arg-type]
        loss.prepare(None, [{"image": torch.full((1, 1, 2, 3), 3.0)}])
        value = loss({"image": torch.full((1, 1, 2, 3), 2.0)})
        torch.testing.assert_close(value, torch.tensor((factor * (9 - 4)) ** 2))


def test_the_gram_term_ignores_where_and_how_large_the_style_is() -> None:
    loss = GramLoss(1.0, ["image"])
    style = torch.rand(1, 3, 4, 4)
    loss.prepare(None, [{"image": style}])
    tiled = style.repeat(1, 1, 2, 3).flip(2)
    torch.testing.assert_close(loss({"image": tiled}), torch.zeros(()))


def test_several_styles_are_blended_by_their_mean() -> None:
    loss = GramLoss(1.0, ["image"], "hw")
    loss.prepare(None, [{"image": torch.full((1, 1, 2, 2), value)} for value in (1.0, 3.0)])
    torch.testing.assert_close(loss.targets["image"], torch.tensor([[[5.0]]]))  # (1 + 9) / 2


def test_a_blend_has_the_shares_of_its_styles() -> None:
    loss = GramLoss(1.0, ["image"], "hw")
    loss.shares = (0.75, 0.25)
    loss.prepare(None, [{"image": torch.full((1, 1, 2, 2), value)} for value in (1.0, 3.0)])
    torch.testing.assert_close(loss.targets["image"], torch.tensor([[[3.0]]]))  # by hand


@pytest.mark.parametrize("kind", [name for name, make in LOSSES.items() if make().needs_style])
def test_a_style_without_a_share_does_not_matter(kind: str) -> None:
    features, styles = random_features(3), [random_features(2), random_features(4)]
    values = []
    for shares, given in (((1.0, 0.0), styles), ((1.0,), styles[:1])):
        loss = LOSSES[kind]()
        loss.shares = shares
        loss.prepare(None, given)
        values.append(loss(features))
    torch.testing.assert_close(values[0], values[1])


def test_gatys_loss_is_chw_and_sum_at_a_quarter() -> None:
    picture, style = torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4)
    loss = GramLoss(1.0, ["image"], "chw", "sum")
    loss.prepare(None, [{"image": style}])
    # oracle: Gatys et al. 2016, equation 4, with N = 3 channels and M = 16 positions
    flat, flat_style = picture.flatten(2)[0], style.flatten(2)[0]
    expected = (flat @ flat.T - flat_style @ flat_style.T).square().sum() / (4 * 3**2 * 16**2)
    torch.testing.assert_close(loss({"image": picture}) / 4, expected)


def test_a_loss_without_its_target_is_refused() -> None:
    with pytest.raises(ValueError, match="features of a content image, got None"):
        ContentLoss(1.0, ["image"]).prepare(None, [])
    with pytest.raises(ValueError, match="features of a style image, got none"):
        GramLoss(1.0, ["image"]).prepare(None, [])
    with pytest.raises(ValueError, match="PatchLoss needs the features of a style image, got none"):
        PatchLoss(1.0, ["image"]).prepare(None, [])


def test_the_content_term_weighs_edges_more_than_flat_areas() -> None:
    loss = ContentLoss(1.0, ["image"], edge_weights=[0.1, 2.0])
    target = torch.zeros(1, 1, 8, 16)
    target[..., 8:] = 1  # one upright edge, all else flat
    loss.prepare({"image": target}, [])
    changed = []
    for column in (1, 7):
        image = target.clone()
        image[..., column] += 1
        changed.append(loss({"image": image}))
    # by hand: 8 of 128 positions differ by 1, with the smallest and the largest factor
    torch.testing.assert_close(torch.stack(changed), torch.tensor([0.1, 2.0]) * 8 / 128)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ContentLoss(edge_weights=[1.0]), "`edge_weights` of ContentLoss must be a small"),
        (lambda: ContentLoss(edge_weights=[3.0, 1.0]), "`edge_weights` of ContentLoss must be"),
        (lambda: ContentLoss(edge_weights=[-1.0, 1.0]), r"at least 0, .*got \[-1.0, 1.0\]"),
        (lambda: ContentLoss(1.0, []), "`layers` of ContentLoss must name at least one layer"),
        (lambda: GramLoss(-1.0), "'weight' of GramLoss must be a number of at least 0, got -1.0"),
        (lambda: GramLoss(1.0, {"relu1_1": -2}), "'relu1_1' of GramLoss must be a number"),
        (
            lambda: GramLoss(float("nan")),
            "'weight' of GramLoss must be a number of at least 0, got nan",
        ),
        (lambda: GramLoss(float("inf")), "'weight' of GramLoss must be a number of at least 0"),
        (lambda: GramLoss(1.0, ["image", "image"]), "`layers` of GramLoss names a layer twice"),
        (lambda: TotalVariationLoss(exponent=0.5), "`exponent` of TotalVariationLoss must be at"),
    ],
)
def test_bad_options_are_refused(make: Callable[[], Loss], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
