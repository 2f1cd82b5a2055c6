"""The total and its terms."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from stylelightning.backbones import Features, Pixels, RandomMultiscale
from stylelightning.losses import (
    ContentLoss,
    GaussianWassersteinLoss,
    GramLoss,
    HistogramLoss,
    Loss,
    References,
    SelfSimilarityLoss,
    TotalVariationLoss,
)
from stylelightning.losses.references import RegionReferences
from stylelightning.losses.regional import RegionalLoss
from stylelightning.objective import Objective
from tests.conftest import smooth_picture
from tests.runs import OwnLoss

LAYERS = {"image": 1.0, "octave2": 0.5}


def make(losses: dict[str, Loss]) -> Objective:
    objective = Objective(losses, Pixels())
    content, *styles = (smooth_picture(12, 16, seed) for seed in (1, 2, 3))
    objective.prepare(objective.references(content, styles, (0.75, 0.25)))
    return objective


def test_a_term_is_the_loss_times_the_weight_in_force() -> None:
    objective = make({"content": ContentLoss(3.0, ["image"]), "tv": TotalVariationLoss(2.0)})
    features = objective.features(smooth_picture(12, 16, 4))
    content, tv = (loss(features) for loss in objective.losses.values())
    terms = objective.terms(features)
    torch.testing.assert_close(terms.weighted, {"content": 3 * content, "tv": 2 * tv})
    torch.testing.assert_close(terms.total, 3 * content + 2 * tv)
    objective.weights["tv"] = 5.0
    torch.testing.assert_close(objective.terms(features).weighted["tv"], 5 * tv)
    assert objective.losses["tv"].weight == 2  # what it was configured with


def test_a_part_has_the_weights_in_force_or_its_own() -> None:
    objective = make({"content": ContentLoss(3.0, ["image"]), "tv": TotalVariationLoss(2.0)})
    objective.weights["tv"] = 5.0
    assert objective.part(["tv"]).weights["tv"] == 5
    assert objective.part(["tv"], {"tv": 1.0}).weights == {"tv": 1.0}
    assert list(objective.part(["tv"]).losses) == ["tv"]


def test_the_layers_are_those_of_all_losses_but_the_picture() -> None:
    objective = make({"a": ContentLoss(1.0, ["image", "octave1"]), "b": GramLoss(1.0, ["octave2"])})
    assert objective.layers == {"octave1", "octave2"}
    features = objective.features(smooth_picture(12, 16, 4))
    assert set(features) == {"image", "octave1", "octave2"}


def test_features_have_the_precision_of_the_picture() -> None:
    backbone = RandomMultiscale(levels=1, filters=2, sizes=[3])
    objective = Objective({"content": ContentLoss(1.0, ["level1"])}, backbone)
    picture = smooth_picture(12, 16, 4)
    with torch.autocast("cpu", torch.bfloat16):
        features = objective.features(picture)
    assert {each.dtype for each in features.values()} == {torch.float32}


def test_statistics_are_kept_beside_the_terms_without_their_graph() -> None:
    objective = make({"style": GramLoss(1.0, LAYERS, "hw"), "tv": TotalVariationLoss()})
    picture = smooth_picture(12, 16, 4).requires_grad_()
    terms = objective.terms(objective.features(picture))
    assert list(terms.statistics) == ["style"]
    assert terms.counts == {"style": {"image": 12 * 16, "octave2": 6 * 8}}
    flat = picture.detach().flatten(2)
    torch.testing.assert_close(terms.statistics["style"]["image"], flat @ flat.mT)
    assert not terms.statistics["style"]["image"].requires_grad


def test_statistics_of_a_term_in_regions_are_those_of_each() -> None:
    objective = make({"style": GramLoss(1.0, ["image"], "hw")})
    content, style, picture = (smooth_picture(12, 16, seed) for seed in (1, 2, 4))
    left = torch.zeros(1, 1, 12, 16)
    left[..., :5] = 1
    regions = [
        RegionReferences(
            name, {"image": weights}, objective.references(None, [style], [1]).styles, 0.5
        )
        for name, weights in (("left", left), ("right", 1 - left))
    ]
    objective.losses = {"style": RegionalLoss(objective.losses["style"])}
    objective.prepare(replace(objective.references(content, [style], [1]), regions=regions))
    terms = objective.terms(objective.features(picture))
    assert list(terms.weighted) == ["style"]
    assert list(terms.statistics) == ["style/left", "style/right"]
    for name, part in (("style/left", picture[..., :5]), ("style/right", picture[..., 5:])):
        flat = part.flatten(2)  # by hand: positions of weight 0 and 1
        torch.testing.assert_close(terms.statistics[name]["image"], flat @ flat.mT)
        assert terms.counts[name]["image"] == flat.shape[2]


def test_terms_of_different_losses_add_up_in_one_gradient() -> None:
    # Gram matrices on one layer and W2 on another, in one total
    losses: dict[str, Loss] = {
        "grams": GramLoss(2.0, ["image"]),
        "w2": GaussianWassersteinLoss(3.0, ["octave2"]),
    }
    objective = make(losses)
    picture = smooth_picture(12, 16, 4).requires_grad_()
    (whole,) = torch.autograd.grad(objective.terms(objective.features(picture)).total, picture)
    parts = [
        torch.autograd.grad(
            objective.part([name]).terms(objective.features(picture)).total, picture
        )[0]
        for name in losses
    ]
    torch.testing.assert_close(whole, parts[0] + parts[1])


@pytest.mark.parametrize("kind", [ContentLoss, GramLoss])
def test_normalized_gradients_pull_as_hard_as_the_weights_say(
    kind: type[ContentLoss | GramLoss],
) -> None:
    plain = make({"term": kind(3.0, LAYERS)})
    normalized = make({"term": kind(3.0, LAYERS, normalize_gradients=True)})
    picture = smooth_picture(12, 16, 4)
    read = {n: each.requires_grad_() for n, each in plain.features(picture).items()}
    totals = [each.terms(read).total for each in (plain, normalized)]
    torch.testing.assert_close(totals[1], totals[0])
    names = list(read)
    found = [torch.autograd.grad(total, [read[n] for n in names]) for total in totals]
    for name, own, scaled in zip(names, *found, strict=True):
        # by hand: the weight of the term times that of the layer
        assert scaled.abs().sum().item() == pytest.approx(3 * LAYERS[name], rel=1e-4)
        torch.testing.assert_close(scaled / scaled.norm(), own / own.norm())


def in_bfloat16(picture: Tensor, layers: frozenset[str]) -> Features:
    return {name: picture.bfloat16() for name in layers}


def test_only_losses_that_take_them_get_maps_in_bfloat16() -> None:
    losses = {
        "style": GramLoss(1.0, ["level1", "level2"]),
        "palette": HistogramLoss(1.0, ["level2"]),
    }
    features = Objective(losses, in_bfloat16).features(smooth_picture(12, 16, 1))
    assert {name: each.dtype for name, each in features.items()} == {
        "image": torch.float32,
        "level1": torch.bfloat16,
        "level2": torch.float32,  # histograms are of this layer too
    }


def test_the_content_image_is_widened_for_losses_that_read_it_alone() -> None:
    held = ContentLoss(1.0, ["level1", "level2"])
    losses = {
        "content": held,
        "structure": SelfSimilarityLoss(1.0, ["level2"]),
        "palette": HistogramLoss(1.0, ["level1"]),
    }
    objective = Objective(losses, in_bfloat16)
    content, style = smooth_picture(12, 16, 1), smooth_picture(12, 16, 2)
    shown = objective.references(content, [style], [1.0])
    assert shown.content is not None
    dtypes = [
        {name: each.dtype for name, each in seen.items()}
        for seen in (shown.content, shown.styles[0].features)
    ]
    assert dtypes[0]["level1"] == torch.bfloat16  # only histograms of the style are full there
    assert dtypes[0]["level2"] == torch.float32
    assert dtypes[1]["level1"] == dtypes[1]["level2"] == torch.float32
    objective.prepare(shown)
    assert held.targets["level1"].dtype == torch.bfloat16
    seen = objective.features(content)  # the network's values are the same in either
    objective.advance(seen, 0)
    terms = objective.terms(seen)
    assert terms.weighted["content"] == 0


def test_a_gram_term_in_bfloat16_is_near_that_in_float32() -> None:
    pictures = [smooth_picture(24, 32, seed) for seed in (1, 2)]
    found = []
    for compute in (Pixels(), in_bfloat16):
        objective = Objective({"style": GramLoss(1.0, ["octave1"], "hw")}, compute)
        objective.prepare(objective.references(None, pictures[:1], (1.0,)))
        found.append(objective.terms(objective.features(pictures[1])).total)
    torch.testing.assert_close(found[1], found[0], rtol=0.03, atol=0)


def test_an_idle_loss_is_asked_for_nothing_and_has_a_term_of_zero() -> None:
    class Refusing(OwnLoss):
        def prepare(self, references: References) -> None:
            raise AssertionError

        def forward(self, features: Features) -> Tensor:
            raise AssertionError

    objective = Objective({"a": Refusing(1.0, ["octave1"]), "b": TotalVariationLoss(2.0)}, Pixels())
    objective.idle = frozenset({"a"})
    assert objective.layers == frozenset()
    assert list(objective.in_force) == ["b"]
    picture = smooth_picture(12, 16, 4).requires_grad_()
    objective.prepare(objective.references(smooth_picture(12, 16, 1), [], ()))
    features = objective.features(picture)
    objective.advance(features, 0)
    terms = objective.terms(features)
    assert list(terms.weighted) == ["a", "b"]
    assert terms.weighted["a"] == 0
    torch.testing.assert_close(terms.total, 2 * objective.losses["b"](features))
    assert list(objective.state()) == ["b"]
    assert list(objective.part(["a", "b"]).losses) == ["b"]
    torch.autograd.backward(terms.total)
    assert picture.grad is not None
