"""What the losses refuse, whichever they are: bad options and missing targets."""

from collections.abc import Callable

import pytest

from stylelightning.losses import (
    ContentLoss,
    GramLoss,
    HistogramLoss,
    LaplacianLoss,
    Loss,
    MomentLoss,
    PaletteLoss,
    PatchLoss,
    PhotorealismLoss,
    RangeLoss,
    RelaxedEMDLoss,
    SelfSimilarityLoss,
    TotalVariationLoss,
)
from tests.runs import references


def test_a_statistical_loss_with_a_forward_of_its_own_is_refused() -> None:
    with pytest.raises(TypeError, match="Own must write `statistics` and `compare`"):
        type("Own", (GramLoss,), {"forward": ContentLoss.forward})


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
