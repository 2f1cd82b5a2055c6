"""What a run's pictures show its losses in regions."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from stylelightning.backbones import RandomMultiscale
from stylelightning.images import (
    Region,
    Regions,
    RegionStyle,
    RunPictures,
    SourcePicture,
    picture_of,
)
from stylelightning.losses import (
    ContentLoss,
    GaussianWassersteinLoss,
    GramLoss,
    HistogramLoss,
    LaplacianLoss,
    Loss,
    PatchLoss,
    SlicedWassersteinLoss,
    TotalVariationLoss,
)
from stylelightning.losses.references import RegionReferences, weights_of
from stylelightning.losses.regional import RegionalLoss
from stylelightning.objective import Objective
from stylelightning.run.references import in_regions, references_of
from tests.conftest import smooth_picture

START = torch.zeros(1, 3, 24, 32)


def left(height: int = 24, width: int = 32) -> Tensor:
    mask = torch.zeros(1, 1, height, width)
    mask[..., : width // 2] = 1
    return mask


def pictures(parts: Sequence[Region], styles: int = 2, **options: Any) -> RunPictures:
    def source(seed: int, share: float) -> SourcePicture:
        own = picture_of(smooth_picture(24, 32, seed))
        return SourcePicture(own, own.pixels, share=share)

    images = tuple(source(10 + number, 1 / styles) for number in range(styles))
    regions = Regions(tuple(parts), **options)
    return RunPictures(source(1, 1.0), images, 32, (24, 32), regions=regions)


def two(**options: Any) -> RunPictures:
    return pictures(
        [
            Region("left", left(), [RegionStyle(0)]),
            Region("right", 1 - left(), [RegionStyle(1, left())]),
        ],
        **options,
    )


def shown(of: RunPictures, side: int = 32, losses: dict[str, Loss] | None = None) -> Objective:
    backbone = RandomMultiscale(levels=2, filters=2, sizes=[3])
    objective = Objective(losses or {"style": GramLoss(layers=["level1", "level2"])}, backbone)
    objective.losses = in_regions(objective.losses, of)
    objective.prepare(references_of(objective, backbone, of, side, START))
    return objective


def parts_of(of: RunPictures, side: int = 32) -> Sequence[RegionReferences]:
    backbone = RandomMultiscale(levels=2, filters=2, sizes=[3])
    objective = Objective({"style": GramLoss(layers=["level1", "level2"])}, backbone)
    return references_of(objective, backbone, of, side, START).regions


@pytest.mark.parametrize("side", [32, 16])
def test_soft_weights_are_the_areas_at_every_size(side: int) -> None:
    first, second = parts_of(two(), side)
    for layer, factor in (("level1", 1), ("level2", 2), ("image", 1)):
        size = (1, 1, side * 3 // 4 // factor, side // factor)
        assert first.weights[layer].shape == size
        total = first.weights[layer] + second.weights[layer]
        torch.testing.assert_close(total, torch.ones(size))
    assert weights_of(first.styles[0].features, "level1") is None  # the whole style image
    assert weights_of(second.styles[0].features, "level1") is not None


def test_inside_is_within_soft_and_soft_within_all() -> None:
    inside, soft, everything = (
        parts_of(two(guidance=guidance))[0].weights["level2"]
        for guidance in ("inside", "soft", "all")
    )
    assert (inside <= soft).all()
    assert (soft <= everything).all()
    assert inside.sum() < soft.sum() < everything.sum()


def test_shares_are_areas_or_equal_and_kept_regions_have_none() -> None:
    strip = torch.zeros(1, 1, 24, 32)
    strip[..., :8] = 1
    sky = Region("sky", strip, [RegionStyle(0)])
    rest = Region("rest", 1 - strip, [RegionStyle(1)])
    assert [each.share for each in parts_of(pictures([sky, rest]))] == [0.25, 0.75]
    equal = parts_of(pictures([sky, rest], weighting="equal"))
    assert [each.share for each in equal] == [0.5, 0.5]
    kept = Region("rest", 1 - strip, [])
    assert [(each.name, each.share) for each in parts_of(pictures([sky, kept]))] == [("sky", 0.25)]


def test_style_images_of_a_region_have_their_own_proportions() -> None:
    one = Region("left", left(), [RegionStyle(0), RegionStyle(2)])
    other = Region("right", 1 - left(), [RegionStyle(number) for number in range(3)])
    found = parts_of(pictures([one, other], styles=3))
    assert [style.share for style in found[0].styles] == [0.5, 0.5]
    assert [style.share for style in found[1].styles] == [1 / 3] * 3  # as without regions


def test_a_content_factor_weighs_the_content_term_there() -> None:
    held = pictures([Region("left", left(), [RegionStyle(0)], 3.0), two().regions.parts[1]])  # type: ignore[union-attr]
    content = ContentLoss(layers=["level1"])
    shown(held, losses={"content": content})
    weights = content.position_weights["level1"]
    assert weights[..., :16].eq(3).all()
    assert weights[..., 16:].eq(1).all()


def test_a_content_term_that_heeds_no_factor_is_named(caplog: pytest.LogCaptureFixture) -> None:
    held = pictures([Region("left", left(), [RegionStyle(0)], 3.0), two().regions.parts[1]])  # type: ignore[union-attr]
    losses: dict[str, Loss] = {"a": ContentLoss(layers=["level1"]), "b": LaplacianLoss(pool=1)}
    with caplog.at_level(logging.WARNING):
        in_regions(losses, held)
        in_regions(losses, two())  # no factors, nothing to say
    (said,) = [record.message for record in caplog.records]
    assert said.startswith("The term 'b' holds the content image alike everywhere")


def test_only_style_terms_are_computed_in_regions() -> None:
    losses: dict[str, Loss] = {
        "content": ContentLoss(layers=["level1"]),
        "style": GramLoss(layers=["level1"]),
        "tv": TotalVariationLoss(),
    }
    kinds = {name: type(loss) for name, loss in in_regions(losses, two()).items()}
    assert kinds == {"content": ContentLoss, "style": RegionalLoss, "tv": TotalVariationLoss}


@pytest.mark.parametrize(
    "loss",
    [
        GramLoss(layers=["level2"]),
        GaussianWassersteinLoss(layers=["level2"]),
        HistogramLoss(layers=["level2"]),
        SlicedWassersteinLoss(layers=["level2"], size=3),
        PatchLoss(layers=["level2"], size=3),
    ],
    ids=lambda loss: type(loss).__name__,
)
@pytest.mark.parametrize("columns", [1, 3])
def test_regions_of_any_place_and_size_have_finite_terms(loss: Loss, columns: int) -> None:
    # a strip at the border, of which a deep layer has next to nothing, in picture and style images
    strip = torch.zeros(1, 1, 24, 32)
    strip[..., :columns] = 1
    empty = torch.zeros(1, 1, 24, 32)
    empty[..., -1:] = 1
    blended = [RegionStyle(0, strip), RegionStyle(1, empty)]
    of = pictures([Region("strip", strip, blended), Region("rest", 1 - strip, [RegionStyle(1)])])
    objective = shown(of, losses={"style": loss})
    picture = smooth_picture(24, 32, 5).requires_grad_()
    features = objective.features(picture)
    objective.advance(features, 0)
    total = objective.terms(features).total
    (gradient,) = torch.autograd.grad(total, picture)
    assert total.isfinite()
    assert gradient.isfinite().all()
    assert gradient.any()


def test_a_layer_at_which_one_of_several_style_regions_is_missing_is_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    dot = torch.zeros(1, 1, 24, 32)
    dot[..., 10, 10] = 1  # nothing sees it alone
    blended = [RegionStyle(0), RegionStyle(1, dot)]
    of = pictures([Region("all", torch.ones(1, 1, 24, 32), blended)], guidance="inside")
    objective = shown(of)
    terms = objective.terms(objective.features(smooth_picture(24, 32, 5)))
    assert terms.total == 0  # and no 0 / 0
    assert "of a style image has no position at the layer level1" in caplog.text
