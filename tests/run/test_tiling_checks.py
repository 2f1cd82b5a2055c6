"""What can't be computed tile by tile is refused in words that name it."""

import pytest

from stylelightning.backbones import VGG16, Backbone, TorchvisionModel
from stylelightning.execution.tiling import Tiling
from stylelightning.losses import GramLoss, HistogramLoss, Loss, PaletteLoss, TotalVariationLoss
from stylelightning.run.tiling_checks import check_tiled, tiling_of


@pytest.fixture(scope="module")
def vgg() -> Backbone:
    return VGG16(weights=None)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (HistogramLoss(1.0, ["relu1_1"]), "HistogramLoss.*whole feature maps"),
        (TotalVariationLoss(1.0, ["relu1_1"]), "TotalVariationLoss.*whole feature maps"),
        (GramLoss(1.0, ["relu1_1"], normalize_gradients=True), "normalize_gradients false"),
    ],
)
@pytest.mark.parametrize(
    ("several", "way_out"), [(False, "--model.tiling null"), (True, "--trainer.devices 1")]
)
def test_a_loss_on_whole_maps_is_refused_by_name(
    vgg: Backbone, loss: Loss, words: str, several: bool, way_out: str
) -> None:
    with pytest.raises(ValueError, match=rf"'own'.*{words}.*{way_out}"):
        check_tiled({"own": loss}, vgg, "32-true", several)


def test_losses_on_sums_and_on_the_picture_alone_are_taken(vgg: Backbone) -> None:
    losses = {"gram": GramLoss(), "palette": PaletteLoss(), "tv": TotalVariationLoss()}
    check_tiled(losses, vgg, "bf16-mixed")


def test_scaled_gradients_are_refused(vgg: Backbone) -> None:
    with pytest.raises(ValueError, match=r"16-mixed.*bf16-mixed"):
        check_tiled({"own": GramLoss()}, vgg, "16-mixed")


@pytest.mark.parametrize(
    ("network", "smoothing", "layer"),
    [("mobilenet_v3_small", False, "features.1.block.1"), ("squeezenet1_0", True, "features.1")],
)
def test_a_layer_that_sees_everything_is_refused(network: str, smoothing: bool, layer: str) -> None:
    model = TorchvisionModel(network, weights=None, softmax_smoothing=smoothing)
    with pytest.raises(ValueError, match=rf"'{layer}' of TorchvisionModel see the whole picture"):
        check_tiled({"own": GramLoss(1.0, [layer])}, model, "32-true")


def test_auto_falls_back_to_the_whole_picture_with_a_warning(
    vgg: Backbone, caplog: pytest.LogCaptureFixture
) -> None:
    losses = {"own": HistogramLoss(1.0, ["relu1_1"])}
    assert tiling_of("auto", losses, vgg, "32-true", several=False) is None
    assert "looks at every picture at once. The loss 'own'" in caplog.text
    for asked, several in ((Tiling(64), False), ("auto", True), (None, True)):
        with pytest.raises(ValueError, match="whole feature maps"):
            tiling_of(asked, losses, vgg, "32-true", several)  # type: ignore[arg-type]


def test_what_is_asked_for_is_in_force_where_it_can_be(vgg: Backbone) -> None:
    losses = {"own": GramLoss()}
    assert tiling_of("auto", losses, vgg, "32-true", several=False) == "auto"
    assert tiling_of(Tiling(64), losses, vgg, "32-true", several=True) == Tiling(64)
