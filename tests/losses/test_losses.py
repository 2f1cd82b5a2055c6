"""What holds for every loss; a new loss is one row of ``LOSSES``."""

import gc
import pickle
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stylelightning import Schedule, StyleTransferData
from stylelightning import functional as F
from stylelightning.adversarial.criteria import (
    NonSaturatingCriterion,
    RelativisticCriterion,
    WassersteinCriterion,
)
from stylelightning.adversarial.critics import PatchCritic
from stylelightning.adversarial.penalties import R1Penalty
from stylelightning.backbones.base import Features
from stylelightning.functional.matting import matting_energy, matting_windows
from stylelightning.losses import (
    AdversarialStyleLoss,
    ContentLoss,
    GaussianWassersteinLoss,
    GramLoss,
    HistogramLoss,
    HypercolumnLoss,
    LaplacianLoss,
    Loss,
    MatrixLoss,
    MeanCovarianceLoss,
    MomentLoss,
    NeuralNeighborLoss,
    PaletteLoss,
    PatchLoss,
    PhotorealismLoss,
    RangeLoss,
    RelaxedEMDLoss,
    SelfSimilarityLoss,
    SlicedWassersteinLoss,
    SplitNeuralNeighborLoss,
    StatisticalLoss,
    TotalVariationLoss,
)
from tests.runs import evaluated, make_module, make_trainer, references

LAYERS = {"image": 1.0, "level1": 0.5}
NAMES = list(LAYERS)
SMALL: dict[str, Any] = {"critic": PatchCritic(width=2, depth=1, kernel=2), "size": 3, "crops": 2}
LOSSES: dict[str, Callable[[], Loss]] = {
    "adversarial": lambda: AdversarialStyleLoss(1.0, LAYERS, **SMALL),
    "adversarial-r1": lambda: AdversarialStyleLoss(
        1.0, LAYERS, criterion=NonSaturatingCriterion(), penalty=R1Penalty(), **SMALL
    ),
    "adversarial-relativistic": lambda: AdversarialStyleLoss(
        1.0, LAYERS, criterion=RelativisticCriterion(), **SMALL
    ),
    "adversarial-wasserstein": lambda: AdversarialStyleLoss(
        1.0, LAYERS, criterion=WassersteinCriterion(), **SMALL
    ),
    "content": lambda: ContentLoss(1.0, LAYERS),
    "content-sum": lambda: ContentLoss(1.0, LAYERS, reduction="sum"),
    "content-edges": lambda: ContentLoss(1.0, LAYERS, edge_weights=[0.15, 3.0]),
    "gram": lambda: GramLoss(1.0, LAYERS),
    "gram-hw-sum": lambda: GramLoss(1.0, LAYERS, normalization="hw", reduction="sum"),
    "gram-none": lambda: GramLoss(1.0, LAYERS, normalization="none"),
    "gram-gatys": lambda: GramLoss(1.0, LAYERS, normalization="gatys", reduction="sum"),
    "histogram": lambda: HistogramLoss(1.0, LAYERS),
    "histogram-sum": lambda: HistogramLoss(1.0, LAYERS, reduction="sum"),
    "laplacian": lambda: LaplacianLoss(1.0, LAYERS, pool=1),
    "laplacian-sum": lambda: LaplacianLoss(1.0, LAYERS, pool=1, reduction="sum"),
    "mean-covariance": lambda: MeanCovarianceLoss(1.0, LAYERS),
    "mean-covariance-l1": lambda: MeanCovarianceLoss(1.0, LAYERS, exponent=1),
    "moment": lambda: MomentLoss(1.0, NAMES),
    "palette": lambda: PaletteLoss(1.0),
    "gaussian-wasserstein": lambda: GaussianWassersteinLoss(1.0, LAYERS),
    "patch": lambda: PatchLoss(1.0, LAYERS, size=2, stride=1, renew_every_n_steps=10**6),
    "photorealism": lambda: PhotorealismLoss(),
    "neural-neighbor": lambda: NeuralNeighborLoss(1.0, NAMES, stride=1, orientations=1),
    "range": lambda: RangeLoss(1.0, LAYERS, minimum=0.2, maximum=0.8),
    "range-sum": lambda: RangeLoss(1.0, LAYERS, minimum=0.2, maximum=0.8, reduction="sum"),
    "relaxed-emd": lambda: RelaxedEMDLoss(1.0, NAMES),
    "self-similarity": lambda: SelfSimilarityLoss(1.0, NAMES),
    "sliced-wasserstein": lambda: SlicedWassersteinLoss(1.0, LAYERS),
    "sliced-wasserstein-1": lambda: SlicedWassersteinLoss(1.0, LAYERS, exponent=1),
    "split-neural-neighbor": lambda: SplitNeuralNeighborLoss(1.0, LAYERS, orientations=1),
    "tv": lambda: TotalVariationLoss(1.0, LAYERS),
    "tv-isotropic": lambda: TotalVariationLoss(1.0, LAYERS, exponent=1.0, isotropic=True),
    "tv-diagonals": lambda: TotalVariationLoss(1.0, LAYERS, diagonals=True),
}
CRITICS = [name for name, make in LOSSES.items() if isinstance(make(), AdversarialStyleLoss)]
STYLE_LOSSES = [name for name, make in LOSSES.items() if make().needs_style]
STATISTICAL = [name for name, make in LOSSES.items() if make().scope == "statistical"]
MATRICES = [name for name, make in LOSSES.items() if isinstance(make(), MatrixLoss)]
JOINT = [
    name
    for name, make in LOSSES.items()
    if isinstance(make(), HypercolumnLoss | NeuralNeighborLoss)
]
JOINT.remove("palette")
IMAGE_ALONE = ["palette", "photorealism"]
"""Those whose layer can't be chosen."""
MATCHED = ["neural-neighbor", "patch", "split-neural-neighbor"]
"""Style terms that know which place was matched with what."""


def random_features(seed: int, dtype: torch.dtype = torch.float64) -> Features:
    generator = torch.Generator().manual_seed(seed)
    return {
        "image": torch.rand((1, 3, 4, 5), generator=generator, dtype=dtype),
        "level1": torch.rand((1, 2, 3, 4), generator=generator, dtype=dtype),
    }


def rounded(features: Features) -> Features:
    return {name: value.bfloat16().float() for name, value in features.items()}


def prepared(kind: str) -> Loss:
    loss = LOSSES[kind]()
    loss.prepare(references(random_features(1), [random_features(2)]))
    loss.advance(random_features(3), 0)
    return loss


@pytest.fixture(params=LOSSES)
def loss(request: pytest.FixtureRequest) -> Loss:
    return prepared(request.param)


def test_a_loss_is_a_scalar_of_at_least_zero(loss: Loss) -> None:
    value = loss(random_features(3))
    assert value.shape == ()
    assert value >= 0


# neural neighbours have the style as their target where the content has it
@pytest.mark.parametrize(
    "kind", [name for name in LOSSES if name not in ("neural-neighbor", *CRITICS)]
)
def test_a_loss_is_zero_at_its_target(kind: str) -> None:
    loss = prepared(kind)
    if loss.needs_content:
        target = random_features(1)
    elif loss.needs_style:
        target = random_features(2)
    else:
        target = {name: torch.full_like(value, 0.5) for name, value in random_features(1).items()}
    loss.prepare(references(random_features(1), [random_features(2)]))
    torch.testing.assert_close(evaluated(loss, target), torch.zeros((), dtype=torch.float64))


def test_a_loss_passes_gradcheck(loss: Loss) -> None:
    features = [value.requires_grad_() for value in random_features(3).values()]
    assert torch.autograd.gradcheck(
        lambda *values: loss(dict(zip(NAMES, values, strict=True))), features
    )


@pytest.mark.parametrize("kind", [name for name in LOSSES if name not in CRITICS])
@given(seed=st.integers(0, 99))
def test_a_loss_is_the_same_for_mirrored_pictures(kind: str, seed: int) -> None:
    values = []
    for turned in (False, True):
        pictures = [
            {name: value.mT if turned else value for name, value in random_features(n).items()}
            for n in (seed, seed + 100, seed + 200)
        ]
        loss = LOSSES[kind]()
        loss.prepare(references(pictures[0], [pictures[1]]))
        values.append(evaluated(loss, pictures[2]))
    torch.testing.assert_close(values[1], values[0])


@pytest.mark.parametrize("kind", [n for n in STYLE_LOSSES if n not in (*MATCHED, *CRITICS)])
@given(seed=st.integers(0, 99))
def test_a_style_term_ignores_where_things_are(kind: str, seed: int) -> None:
    loss = LOSSES[kind]()
    loss.layer_weights = {"image": 1.0}
    loss.prepare(references(None, [random_features(seed)]))
    image = random_features(seed + 100)["image"]
    order = torch.randperm(20, generator=torch.Generator().manual_seed(seed))
    shuffled = image.flatten(2)[..., order].view_as(image)
    value = evaluated(loss, {"image": image})
    torch.testing.assert_close(loss({"image": shuffled}), value)


@pytest.mark.parametrize("kind", STYLE_LOSSES)
def test_a_loss_keeps_no_layer_that_it_does_not_read(kind: str) -> None:
    styles = [{**random_features(seed), "other": torch.rand(1, 2, 3, 4)} for seed in (2, 4)]
    unread = [weakref.ref(style["other"]) for style in styles]
    loss = LOSSES[kind]()
    loss.prepare(references(random_features(1), styles))
    loss.advance(random_features(3), 0)
    del styles
    gc.collect()
    assert [each() for each in unread] == [None, None]


def test_a_content_target_in_bfloat16_says_what_it_says_in_float32() -> None:
    rounded = {"image": torch.rand(1, 3, 6, 7).bfloat16()}, {"image": torch.rand(1, 3, 6, 7)}
    loss = ContentLoss(1.0, ["image"], edge_weights=[0.1, 2.0])
    values = []
    for content in (rounded[0], {"image": rounded[0]["image"].float()}):
        loss.prepare(references(content, []))
        assert loss.targets["image"].dtype == content["image"].dtype
        values.append(loss(rounded[1]))
    assert values[0].dtype == torch.float32
    assert torch.equal(values[0], values[1])


def test_a_loss_is_finite_for_features_that_were_in_bfloat16(loss: Loss) -> None:
    # the module hands features in float32, whatever they were computed in
    flat = {name: torch.full_like(value, 0.5) for name, value in random_features(3).items()}
    content, *styles = (rounded(random_features(seed)) for seed in (1, 2))
    loss.prepare(references(content, styles))
    for picture in (random_features(3), random_features(2), flat):
        features = {name: value.requires_grad_() for name, value in rounded(picture).items()}
        value = evaluated(loss, features)
        torch.autograd.backward(value)
        assert value.isfinite()
        assert all(features[name].grad.isfinite().all() for name in loss.layers)  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", [name for name in LOSSES if name not in IMAGE_ALONE])
def test_a_layer_that_the_backbone_lacks_is_named(
    kind: str, content: Path, style: Path, tmp_path: Path
) -> None:
    loss = LOSSES[kind]()
    loss.layer_weights = {"level1": 1.0, "levl2": 1.0}
    module = make_module(losses={"term": loss})
    data = StyleTransferData(str(content), str(style), size=16)
    with pytest.raises(ValueError, match=r"Unknown layer 'levl2' .* Near ones: level2"):
        make_trainer(tmp_path).fit(module, data)


@pytest.mark.parametrize("kind", [name for name in LOSSES if name not in (*JOINT, *IMAGE_ALONE)])
def test_layer_weights_add_up(kind: str) -> None:
    loss, features = prepared(kind), random_features(3)
    whole = loss(features)
    parts = []
    for name, weight in loss.layer_weights.items():
        loss.layer_weights = {name: weight}
        parts.append(loss(features))
    torch.testing.assert_close(whole, parts[0] + parts[1])


@pytest.mark.parametrize("kind", JOINT)
def test_layers_that_are_read_together_have_no_weights(kind: str) -> None:
    with pytest.raises(ValueError, match="must be a list: they are read together"):
        type(LOSSES[kind]())(1.0, LAYERS)


def test_a_list_of_layers_is_their_mean() -> None:
    assert GramLoss(1.0, ["relu1_1", "relu2_1"]).layer_weights == {"relu1_1": 0.5, "relu2_1": 0.5}


@pytest.mark.parametrize("kind", STATISTICAL)
def test_statistics_of_two_halves_add_up_to_the_whole(kind: str) -> None:
    loss, features = prepared(kind), random_features(3)
    assert isinstance(loss, StatisticalLoss)
    left = loss.statistics({name: value[..., :1] for name, value in features.items()})
    right = loss.statistics({name: value[..., 1:] for name, value in features.items()})
    total = {name: left[name] + right[name] for name in left}
    torch.testing.assert_close(loss.compare(total, loss.count(features)), loss(features))


@pytest.mark.parametrize("kind", MATRICES)
def test_what_is_drawn_of_the_style_itself_is_the_target(kind: str) -> None:
    loss = prepared(kind)
    assert isinstance(loss, MatrixLoss)
    other, own = random_features(3), random_features(2)
    for features, equal in ((own, True), (other, False)):
        drawn = loss.drawn(loss.statistics(features), loss.count(features))
        assert list(drawn) == NAMES
        for name, (target, current) in drawn.items():
            assert target.shape == current.shape == (1, *(features[name].shape[1],) * 2)
            assert torch.allclose(target, current, atol=1e-5) is equal


# the parts of a Wasserstein game know of each other only where its estimate is 0
@pytest.mark.parametrize(
    "kind", [name for name in LOSSES if name not in (*STATISTICAL, "adversarial-wasserstein")]
)
def test_only_a_local_term_has_gradients_that_know_nothing_of_far_positions(kind: str) -> None:
    loss, same = prepared(kind), True
    for seed in range(10):  # not every picture lets a relaxed distance see all of it
        if not same:
            break
        gradients = []
        for corner in (0.0, 1.0):
            features = random_features(seed)
            for value in features.values():
                value[..., 0, 0] = corner
            image = features[loss.layers[0]].requires_grad_()
            gradients.append(torch.autograd.grad(loss(features), image)[0][..., 2:, 3:])
        same = torch.equal(*gradients)
    assert same is (loss.scope == "local")


def test_evaluating_a_loss_again_changes_neither_its_value_nor_anything_of_it(loss: Loss) -> None:
    features = random_features(3)
    before, state = dict(vars(loss)), pickle.dumps(vars(loss))
    first, second = loss(features), loss(features)
    assert torch.equal(first, second)
    assert vars(loss) == before
    assert pickle.dumps(vars(loss)) == state  # tensors are changed in place, if at all


def test_a_statistical_loss_with_a_forward_of_its_own_is_refused() -> None:
    with pytest.raises(TypeError, match="Own must write `statistics` and `compare`"):
        type("Own", (GramLoss,), {"forward": ContentLoss.forward})


def test_the_content_term_is_the_mean_of_squares() -> None:
    loss = ContentLoss(1.0, ["image"])
    loss.prepare(references({"image": torch.zeros(1, 3, 2, 2)}, []))
    # by hand: every difference is 2
    assert loss({"image": torch.full((1, 3, 2, 2), 2.0)}) == 4
    loss = ContentLoss(1.0, ["image"], reduction="sum")
    loss.prepare(references({"image": torch.zeros(1, 3, 2, 2)}, []))
    assert loss({"image": torch.full((1, 3, 2, 2), 2.0)}) == 48


def test_the_gram_term_of_constant_channels() -> None:
    # by hand: one channel of a against one of b at 6 pixels: G = a^2, A = b^2 (hw)
    for normalization, factor in (("none", 6.0), ("hw", 1.0), ("chw", 1.0)):
        loss = GramLoss(1.0, ["image"], normalization)  # type: ignore[arg-type]
        loss.prepare(references(None, [{"image": torch.full((1, 1, 2, 3), 3.0)}]))
        value = loss({"image": torch.full((1, 1, 2, 3), 2.0)})
        torch.testing.assert_close(value, torch.tensor((factor * (9 - 4)) ** 2))


def test_the_gram_term_ignores_where_and_how_large_the_style_is() -> None:
    loss = GramLoss(1.0, ["image"])
    style = torch.rand(1, 3, 4, 4)
    loss.prepare(references(None, [{"image": style}]))
    tiled = style.repeat(1, 1, 2, 3).flip(2)
    torch.testing.assert_close(loss({"image": tiled}), torch.zeros(()))


def test_several_styles_are_blended_by_their_mean() -> None:
    loss = GramLoss(1.0, ["image"], "hw")
    loss.prepare(
        references(None, [{"image": torch.full((1, 1, 2, 2), value)} for value in (1.0, 3.0)])
    )
    torch.testing.assert_close(loss.targets["image"], torch.tensor([[[5.0]]]))  # (1 + 9) / 2


def test_a_blend_has_the_shares_of_its_styles() -> None:
    loss = GramLoss(1.0, ["image"], "hw")
    styles = [{"image": torch.full((1, 1, 2, 2), value)} for value in (1.0, 3.0)]
    loss.prepare(references(None, styles, (0.75, 0.25)))
    torch.testing.assert_close(loss.targets["image"], torch.tensor([[[3.0]]]))  # by hand


@pytest.mark.parametrize("kind", STYLE_LOSSES)
def test_a_style_without_a_share_does_not_matter(kind: str) -> None:
    features, styles = random_features(3), [random_features(2), random_features(4)]
    values = []
    for shares, blended in (((1.0, 0.0), styles), ((1.0,), styles[:1])):
        loss = LOSSES[kind]()
        loss.prepare(references(random_features(1), blended, shares))
        values.append(evaluated(loss, features))
    torch.testing.assert_close(values[0], values[1])


@pytest.mark.parametrize(("normalization", "factor"), [("gatys", 1), ("chw", 0.25)])
def test_gatys_loss_is_gatys_and_sum(normalization: F.GramNormalization, factor: float) -> None:
    picture, style = torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4)
    loss = GramLoss(factor, ["image"], normalization, "sum")
    loss.prepare(references(None, [{"image": style}]))
    # oracle: Gatys et al. 2016, equation 4, with N = 3 channels and M = 16 positions
    flat, flat_style = picture.flatten(2)[0], style.flatten(2)[0]
    expected = (flat @ flat.T - flat_style @ flat_style.T).square().sum() / (4 * 3**2 * 16**2)
    torch.testing.assert_close(loss.weight * loss({"image": picture}), expected)


def test_the_histogram_term_is_the_distance_to_matched_values() -> None:
    picture, style = random_features(3), random_features(2)
    loss = HistogramLoss(1.0, ["image"], "sum")
    loss.prepare(references(None, [style]))
    # oracle: numpy; the value of rank r becomes the style's value of rank r
    values, targets = (each["image"][0].flatten(1).numpy() for each in (picture, style))
    matched = np.take_along_axis(np.sort(targets), values.argsort().argsort(), 1)
    np.testing.assert_allclose(loss(picture), ((values - matched) ** 2).sum())


def test_the_laplacian_term_by_hand() -> None:
    loss = LaplacianLoss(1.0, ["image"], pool=2, reduction="sum")
    content = torch.zeros(1, 1, 6, 6)
    loss.prepare(references({"image": content}, []))
    # the middle square of nine becomes 1: its Laplacian is 4, and it is the only inner one
    picture = content.clone()
    picture[..., 2:4, 2:4] = 1
    assert loss({"image": picture}) == 16
    assert loss({"image": content + 0.3}).item() == pytest.approx(0, abs=1e-9)  # colours are free


def test_the_photorealism_term_is_the_mean_or_the_sum_of_its_energy() -> None:
    content, picture = random_features(1), random_features(3)
    values = []
    for reduction in ("mean", "sum"):
        loss = PhotorealismLoss(1.0, 1e-3, reduction)
        loss.prepare(references(content, []))
        values.append(loss(picture))
    torch.testing.assert_close(
        values[1], matting_energy(picture["image"], matting_windows(content["image"], 1e-3))
    )
    torch.testing.assert_close(values[0], values[1] / 60)  # 3 x 4 x 5 values


def test_the_photorealism_term_refuses_pictures_without_a_window(
    content: Path, style: Path, tmp_path: Path
) -> None:
    module = make_module(losses={"photo": PhotorealismLoss()}, schedule=Schedule(1, 2))
    data = StyleTransferData(str(content), str(style), size=2)
    with pytest.raises(ValueError, match=r"\A.+ at least 3 .+\Z"):
        make_trainer(tmp_path).fit(module, data)


def test_the_range_term_by_hand() -> None:
    # (1.5 - 0) (1.5 - 1) = 0.75 at two of four values
    values = torch.tensor([-0.5, 0.25, 1.0, 1.5]).view(1, 1, 2, 2)
    assert RangeLoss(1.0)({"image": values}) == 0.375
    assert RangeLoss(1.0, reduction="sum")({"image": values}) == 1.5


def test_no_direction_is_preferred_by_total_variation_with_diagonals() -> None:
    # a ramp of slope 1 upright and at 45 degrees, away from the border
    y, x = torch.meshgrid(torch.arange(200.0), torch.arange(200.0), indexing="ij")
    upright, oblique = x, (x + y) / 2**0.5
    losses = [TotalVariationLoss(1.0, diagonals=True), TotalVariationLoss(1.0, exponent=1.0)]
    ratios = [
        (loss({"image": upright[None, None]}) / loss({"image": oblique[None, None]})).item()
        for loss in losses
    ]
    assert ratios[0] == pytest.approx(1, abs=0.01)
    assert ratios[1] == pytest.approx(2**-0.5, abs=0.01)


def test_a_loss_without_its_target_is_refused() -> None:
    with pytest.raises(ValueError, match="features of a content image, got None"):
        ContentLoss(1.0, ["image"]).prepare(references(None, []))
    with pytest.raises(ValueError, match="features of a style image, got none"):
        GramLoss(1.0, ["image"]).prepare(references(None, []))
    for kind in (PatchLoss, HistogramLoss, RelaxedEMDLoss, PaletteLoss, MomentLoss):
        with pytest.raises(ValueError, match=f"{kind.__name__} needs the features of a style im"):
            kind().prepare(references(None, []))
    for other in (LaplacianLoss, PhotorealismLoss, SelfSimilarityLoss):
        with pytest.raises(ValueError, match=f"{other.__name__} needs the features of a content"):
            other().prepare(references(None, []))


def test_the_content_term_weighs_edges_more_than_flat_areas() -> None:
    loss = ContentLoss(1.0, ["image"], edge_weights=[0.1, 2.0])
    target = torch.zeros(1, 1, 8, 16)
    target[..., 8:] = 1  # one upright edge, all else flat
    loss.prepare(references({"image": target}, []))
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
        (
            lambda: TotalVariationLoss(isotropic=True, diagonals=True),
            "`diagonals` and `isotropic` of TotalVariationLoss are two forms",
        ),
        (lambda: LaplacianLoss(pool=0), "`pool` of LaplacianLoss must be at least 1, got 0"),
        (
            lambda: PhotorealismLoss(epsilon=0.0),
            "`epsilon` of PhotorealismLoss must be at least 1e-12, got 0.0",
        ),
        (lambda: RangeLoss(minimum=1.0), "`maximum` of RangeLoss must be above `minimum` 1.0"),
        (lambda: MomentLoss(samples=0), "`samples` of MomentLoss must be at least 1, got 0"),
        (lambda: PaletteLoss(seed=2**64), "`seed` of PaletteLoss must be a whole number"),
        (
            lambda: SelfSimilarityLoss(renew_every_n_steps=0),
            "`renew_every_n_steps` of SelfSimilarityLoss must be at least 1",
        ),
    ],
)
def test_bad_options_are_refused(make: Callable[[], Loss], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
