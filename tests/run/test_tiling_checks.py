"""What can't be computed tile by tile is refused in words that name it."""

import pytest

from stylelightning.backbones import VGG16, Backbone, TorchvisionModel
from stylelightning.losses import GramLoss, HistogramLoss, Loss, PaletteLoss, TotalVariationLoss
from stylelightning.run.tiling_checks import check_tiled


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
