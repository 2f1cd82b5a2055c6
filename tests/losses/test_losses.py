"""What holds for every loss; a new loss is one row of ``LOSSES``."""

import gc
import pickle
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stylelightning import StyleTransferData
from stylelightning.adversarial.criteria import (
    NonSaturatingCriterion,
    RelativisticCriterion,
    WassersteinCriterion,
)
from stylelightning.adversarial.critics import PatchCritic
from stylelightning.adversarial.penalties import R1Penalty
from stylelightning.backbones.base import Features
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


@pytest.mark.parametrize("kind", STYLE_LOSSES)
def test_a_style_without_a_share_does_not_matter(kind: str) -> None:
    features, styles = random_features(3), [random_features(2), random_features(4)]
    values = []
    for shares, blended in (((1.0, 0.0), styles), ((1.0,), styles[:1])):
        loss = LOSSES[kind]()
        loss.prepare(references(random_features(1), blended, shares))
        values.append(evaluated(loss, features))
    torch.testing.assert_close(values[0], values[1])
