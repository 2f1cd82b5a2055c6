"""The scale of a VGG's features: the same whatever filters and pictures they come from."""

from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
import yaml
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from benchmarks.mean_activations import mean_activations
from stylelightning import losses
from stylelightning.backbones import VGG16, VGG19
from stylelightning.backbones import mean_activations as means_module
from stylelightning.backbones.activations import FLOOR, normalised, rescaled, scale_of
from stylelightning.backbones.mean_activations import MEANS, filters_digest, write_means
from stylelightning.backbones.normalization import NORMALIZATIONS, NormalizationName
from stylelightning.backbones.pooling import Pooling
from stylelightning.backbones.vgg import VGG
from stylelightning.losses import Loss
from tests.backbones.measure import picture
from tests.conftest import ROOT, smooth_picture
from tests.runs import references

SCALE = 0.226 * 255  # mean of ImageNet's deviations, for pictures in [0, 255]
CAFFE_MEAN = [103.939, 116.779, 123.68]  # of blue, green and red
IMAGENET = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]  # mean and deviation of red, green, blue
FIRST = ["conv1_1", "relu1_2", "pool1", "relu2_2", "pool2", "conv3_1"]


@cache
def untrained() -> VGG16:
    """One network for all tests: none of them may change it."""
    return VGG16(None)


LAYERS = untrained().layers


def caffe_filters(gain: float = 1.0) -> dict[str, Tensor]:
    """Random filters in Caffe's layout, for blue, green and red in [0, 255].

    With a gain of 1 features keep their size from layer to layer (He et al.). With one of 1/8 they
    stay near their biases, so that every filter fires.
    """
    generator = torch.Generator().manual_seed(3)
    state = {}
    for name, tensor in untrained().network.state_dict().items():
        drawn = torch.randn(tensor.shape, generator=generator)
        deviation = gain * (2 / tensor[0].numel()) ** 0.5
        state[name] = drawn * deviation if name.endswith("weight") else SCALE * (1 + 0.1 * drawn)
    return state


def by_index(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors by torchvision's names."""
    return {
        f"features.{LAYERS.index(layer)}.{kind}": tensor
        for (layer, kind), tensor in zip(
            (name.split(".") for name in state), state.values(), strict=True
        )
    }


def folded(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """What is equal for pictures normalised by ImageNet's mean and deviation.

    255 x minus Caffe's mean is 255 s y + (255 m - Caffe's mean) for y = (x - m) / s.
    """
    mean, std = 255 * torch.tensor(IMAGENET, dtype=torch.float64)[:, :, None, None]
    subtracted = torch.tensor(CAFFE_MEAN[::-1], dtype=torch.float64)[:, None, None]
    weight = state["conv1_1.weight"].double().flip(1)  # red, green and blue
    first = {
        "conv1_1.weight": weight * std,
        "conv1_1.bias": state["conv1_1.bias"] + (weight * (mean - subtracted)).sum((1, 2, 3)),
    }
    return {
        name: (tensor / SCALE if "bias" in name or "conv1_1" in name else tensor).float()
        for name, tensor in {**state, **first}.items()
    }


def saved(state: dict[str, Tensor], file: Path) -> str:
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, file)
    return str(file)


def three_sources(folder: Path, **options: Any) -> list[VGG]:
    """The same filters as Caffe's file, as neural-style-pt's and as torchvision's."""
    filters = caffe_filters()
    caffe = saved(filters, folder / "caffe.safetensors")
    theirs = saved(by_index(filters), folder / "neural-style-pt.safetensors")
    torchvision = saved(by_index(folded(filters)), folder / "torchvision.safetensors")
    return [
        VGG16(caffe, **options),
        VGG16(theirs, normalization="caffe", **options),
        VGG16(torchvision, **options),
    ]


def difference(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max() / b.abs().max())


# unit and own


@pytest.mark.parametrize(
    ("name", "scale"),
    # by hand: ImageNet's deviations have the mean 0.226, of pictures in [0, 1]
    [("imagenet", 1.0), ("caffe", 57.63), ("imagenet255", 57.63), ("centred", 0.226)],
)
def test_scale_of_a_normalization_is_by_imagenets_mean_deviation(
    name: NormalizationName, scale: float
) -> None:
    assert scale_of(NORMALIZATIONS[name]) == pytest.approx(scale, rel=1e-12)


def test_unit_changes_no_filter_for_normalised_pictures() -> None:
    unit, own = untrained(), VGG16(None, activations="own")
    assert all(torch.equal(a, b) for a, b in zip(unit.parameters(), own.parameters(), strict=True))


@pytest.mark.parametrize("pooling", ["max", "avg", "l2"])
@pytest.mark.parametrize("name", ["caffe", "imagenet255", "centred"])
def test_every_layer_is_divided_by_the_scale(
    tmp_path: Path, name: NormalizationName, pooling: Pooling
) -> None:
    file = saved(caffe_filters(), tmp_path / "w.safetensors")
    options: dict[str, Any] = {"normalization": name, "pooling": pooling}
    image = picture(1, 3, 32, 32, dtype=torch.float64)
    own = VGG16(file, activations="own", **options).double()(image, LAYERS)
    unit = VGG16(file, **options).double()(image, LAYERS)
    for layer in LAYERS:
        # filters are divided in float32, with 24 bits
        assert difference(unit[layer] * scale_of(NORMALIZATIONS[name]), own[layer]) < 1e-5


def test_own_is_what_the_filters_say(tmp_path: Path) -> None:
    filters = caffe_filters()
    network = VGG16(saved(filters, tmp_path / "w.safetensors"), activations="own")
    for name, tensor in network.network.state_dict().items():
        assert torch.equal(tensor, filters[name])


def test_rescaled_leaves_its_argument_alone() -> None:
    state = {"conv1_1.weight": torch.ones(2, 3, 3, 3), "conv1_1.bias": torch.ones(2)}
    assert rescaled(state, 4.0)["conv1_1.bias"].tolist() == [0.25, 0.25]
    assert all(bool((tensor == 1).all()) for tensor in state.values())


def test_unit_features_are_the_same_from_three_sources(tmp_path: Path) -> None:
    image = picture(1, 3, 32, 32, dtype=torch.float64)
    caffe, theirs, torchvision = [
        network.double()(image, FIRST) for network in three_sources(tmp_path)
    ]
    for layer in FIRST:
        assert torch.equal(caffe[layer], theirs[layer])
        # a zero beyond the border is the subtracted mean, which is another colour: the outermost
        # third of a map sees it in the deepest of these layers (a radius of 11 of 32 pixels)
        side = caffe[layer].shape[2]
        inner = slice(3 * side // 8, side - 3 * side // 8)
        assert (
            difference(torchvision[layer][..., inner, inner], caffe[layer][..., inner, inner])
            < 1e-5
        )
    assert difference(torchvision["conv1_1"], caffe["conv1_1"]) > 1e-5


def test_without_zeros_they_are_the_same_to_the_border(tmp_path: Path) -> None:
    image = picture(1, 3, 32, 32, dtype=torch.float64)
    caffe, _, torchvision = [
        network.double()(image, LAYERS) for network in three_sources(tmp_path, padding="replicate")
    ]
    for layer in LAYERS:
        assert difference(torchvision[layer], caffe[layer]) < 1e-5


def test_a_recipe_has_the_same_terms_from_three_sources(tmp_path: Path) -> None:
    """The losses of gatys2016.yaml at one picture: what a run's first evaluation is."""
    settings = yaml.safe_load((ROOT / "configs" / "gatys2016.yaml").read_text())["model"]["losses"]
    content, style, start = (smooth_picture(32, 48, seed) for seed in (1, 2, 3))
    found: list[dict[str, float]] = []
    for network in three_sources(tmp_path, pooling="avg"):
        terms: dict[str, Loss] = {
            name: getattr(losses, entry["class_path"])(**entry["init_args"])
            for name, entry in settings.items()
        }
        read = {layer for loss in terms.values() for layer in loss.layers}
        for loss in terms.values():
            loss.prepare(references(network(content, read), [network(style, read)]))
        seen = network(start, read)
        found.append({name: float(loss.weight * loss(seen)) for name, loss in terms.items()})
    # borders are in it, of a mean that is up to half a level of 255 off
    for terms_of_source in found[1:]:
        assert terms_of_source == pytest.approx(found[0], rel=1e-3)


# normalised


@pytest.fixture(scope="module")
def measured_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured")
    filters = caffe_filters(1 / 8)
    network = VGG16(saved(filters, folder / "w.safetensors")).double()
    means = mean_activations(network, measured_pictures())
    write_means(folder / "means.safetensors", means, filters, "random pictures")
    return folder


@pytest.fixture
def measured(measured_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Random filters in Caffe's layout, whose means have been measured on random pictures."""
    monkeypatch.setattr(means_module, "MEANS", measured_folder / "means.safetensors")
    return measured_folder / "w.safetensors"


def measured_pictures() -> list[Tensor]:
    return [
        picture(2, 3, 32, 32, dtype=torch.float64, seed=1),
        picture(1, 3, 48, 33, dtype=torch.float64, seed=2),
    ]


def test_means_are_over_all_positions_of_all_pictures() -> None:
    network = VGG16(None).double()
    images = measured_pictures()
    found = mean_activations(network, images)
    maps = [network(image, ["relu2_1"])["relu2_1"] for image in images]
    # by hand: all positions side by side
    rows = torch.cat([each.transpose(0, 1).flatten(1) for each in maps], 1)
    torch.testing.assert_close(found["conv2_1"], rows.mean(1))


def test_normalised_activations_have_the_mean_one(measured: Path) -> None:
    network = VGG16(str(measured), activations="normalised").double()
    for mean in mean_activations(network, measured_pictures()).values():
        torch.testing.assert_close(mean, torch.ones_like(mean), rtol=0, atol=1e-5)


@pytest.mark.parametrize("pooling", ["max", "avg", "l2"])
def test_normalised_is_the_same_function_but_for_a_factor_a_channel(
    measured: Path, pooling: Pooling
) -> None:
    image = picture(1, 3, 32, 32, dtype=torch.float64)
    unit = VGG16(str(measured), pooling=pooling).double()(image, LAYERS)
    found = VGG16(str(measured), pooling=pooling, activations="normalised").double()(image, LAYERS)
    with safe_open(means_module.MEANS, "pt") as file:
        means = {name: file.get_tensor(name).double() for name in file.keys()}  # noqa: SIM118
    last = ""
    for layer in LAYERS:
        last = layer.replace("relu", "conv") if "_" in layer else last  # a pool has its last
        expected = unit[layer] / means[last][:, None, None]
        assert difference(found[layer], expected) < 1e-5


def test_normalised_does_not_depend_on_what_the_filters_read(
    measured: Path, tmp_path: Path
) -> None:
    image = picture(1, 3, 32, 32, dtype=torch.float64)
    torchvision = saved(
        by_index(folded(caffe_filters(1 / 8))), tmp_path / "torchvision.safetensors"
    )
    options: dict[str, Any] = {"padding": "replicate", "activations": "normalised"}
    expected = VGG16(str(measured), **options).double()(image, LAYERS)
    found = VGG16(torchvision, **options).double()(image, LAYERS)
    for layer in LAYERS:
        assert difference(found[layer], expected[layer]) < 1e-5


def test_a_filter_that_never_fires_is_divided_by_a_part_of_its_layers_median() -> None:
    state = {
        "conv1_1.weight": torch.ones(4, 1, 1, 1),
        "conv1_1.bias": torch.ones(4),
        "conv1_2.weight": torch.ones(1, 4, 1, 1),
        "conv1_2.bias": torch.ones(1),
    }
    means = {"conv1_1": torch.tensor([0.0, 1e-9, 2.0, 4.0]), "conv1_2": torch.zeros(1)}
    found = normalised(state, means)
    # by hand: 1e-9, 2 and 4 fire, with the median 2; where nothing fires nothing is divided
    divisors = [2 * FLOOR, 2 * FLOOR, 2.0, 4.0]
    assert found["conv1_1.bias"].tolist() == pytest.approx([1 / each for each in divisors])
    assert found["conv1_2.weight"].flatten().tolist() == pytest.approx(divisors)
    assert found["conv1_2.bias"].tolist() == [1.0]


def test_a_filter_that_never_fires_makes_nothing_infinite(tmp_path: Path) -> None:
    silent = {name: tensor.clone() for name, tensor in caffe_filters(1 / 8).items()}
    silent["conv1_1.bias"][5] = -1e6
    file = saved(silent, tmp_path / "silent.safetensors")
    means = mean_activations(VGG16(file).double(), measured_pictures())
    assert means["conv1_1"][5] == 0
    scaled = normalised(rescaled(silent, SCALE), means)
    assert all(bool(tensor.isfinite().all()) for tensor in scaled.values())


@pytest.mark.parametrize("change", ["conv1_2.weight", "conv5_3.weight"])
def test_other_filters_are_refused(measured: Path, tmp_path: Path, change: str) -> None:
    filters = caffe_filters(1 / 8)
    filters[change].view(-1)[7] += 1e-4
    file = saved(filters, tmp_path / "other.safetensors")
    with pytest.raises(
        ValueError,
        match=r"^`activations: normalised` needs Oxford's VGG-16, the one network whose mean "
        r"activations are known, and the filters of this VGG16 are others: leave "
        r"`activations: unit`, or take VGG16 with `weights: oxford`\.$",
    ):
        VGG16(file, activations="normalised")


@pytest.mark.parametrize("network", [VGG16, VGG19])
def test_untrained_filters_have_no_known_means(network: type[VGG]) -> None:
    with pytest.raises(ValueError, match=rf"the filters of this {network.__name__} are others"):
        network(None, activations="normalised")


def test_the_shipped_means_are_those_of_every_filter_and_say_what_was_measured() -> None:
    with safe_open(MEANS, "pt") as file:
        means = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    filters = untrained().network.state_dict()
    assert {f"{name}.bias": mean.shape for name, mean in means.items()} == {
        name: bias.shape for name, bias in filters.items() if name.endswith("bias")
    }
    assert all(bool((mean > 0).all()) for mean in means.values())
    assert MEANS.stat().st_size <= 20_000
    assert "photographs" in metadata["measured"]
    assert filters_digest(filters) != metadata["filters_sha256"]


@pytest.mark.parametrize("value", ["caffe", "normalized"])
def test_a_scale_that_is_no_choice_is_refused(value: Literal["caffe"]) -> None:
    with pytest.raises(
        ValueError,
        match=rf"^`activations` must be one of unit, own, normalised, got '{value}'\.$",
    ):
        VGG16(None, activations=value)  # type: ignore[arg-type]
