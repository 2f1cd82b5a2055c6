import copy
import hashlib
import logging
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import SqueezeNet1_1_Weights
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from stylelightning.backbones import TorchvisionModel, torchvision_model
from stylelightning.backbones.feature_graph import build_network, cut, trace
from stylelightning.backbones.padding import Padding
from stylelightning.backbones.pooling import Pooling
from stylelightning.backbones.weights.files import Origin
from stylelightning.backbones.weights.finding import Weights
from stylelightning.backbones.weights.torchvision_layouts import load_weights
from tests.backbones.measure import picture, support

NETWORKS = ["squeezenet1_1", "alexnet", "resnet18", "convnext_tiny"]
# a pool, the layer before it, and its size, stride, padding and ceil_mode as the papers have them
POOLS = {
    "squeezenet1_1": ("features.1", "features.2", 3, 2, 0, True),
    "alexnet": ("features.1", "features.2", 3, 2, 0, False),
    "resnet18": ("relu", "maxpool", 3, 2, 1, False),
}
# a padded convolution, the layer before it, and its padding
CONVOLUTIONS = {
    "squeezenet1_1": ("features.3.squeeze_activation", "features.3.expand3x3", 1),
    "alexnet": ("features.2", "features.3", 2),
    "resnet18": ("maxpool", "layer1.0.conv1", 1),
    "convnext_tiny": ("features.0", "features.1.0.block.0", 3),
}


@cache
def initial(network: str) -> nn.Module:
    """The initial network, whose parameters take most of the time."""
    return build_network(network, seed=0)


@pytest.fixture(autouse=True)
def quick_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        torchvision_model, "build_network", lambda network, seed: copy.deepcopy(initial(network))
    )


@cache
def untrained(network: str) -> TorchvisionModel:
    """One backbone for all tests: none of them may change it."""
    return TorchvisionModel(network, weights=None)


@cache
def without_pooling(network: str, padding: Padding) -> TorchvisionModel:
    return TorchvisionModel(network, weights=None, padding=padding)


def padded(x: Tensor, width: int, padding: Padding) -> Tensor:
    return F.pad(x, (width,) * 4, "constant" if padding == "zeros" else padding)


def pooled(
    x: Tensor, kind: str, padding: Padding, size: int, stride: int, width: int, ceil: bool
) -> Tensor:
    """The pool by its definition: what padding with zeros adds beyond the border is absent."""
    if padding != "zeros":
        x, width = padded(x, width, padding), 0
    if kind == "max":
        return F.max_pool2d(F.pad(x, (width,) * 4, value=-torch.inf), size, stride, ceil_mode=ceil)
    values = padded(x if kind == "avg" else x.square(), width, "zeros")
    present = padded(torch.ones_like(x), width, "zeros")
    mean = F.avg_pool2d(values, size, stride, ceil_mode=ceil) / F.avg_pool2d(
        present, size, stride, ceil_mode=ceil
    )
    return mean if kind == "avg" else mean.sqrt()


@pytest.mark.parametrize("padding", get_args(Padding))
@pytest.mark.parametrize("pooling", [None, *get_args(Pooling)])
@pytest.mark.parametrize("network", NETWORKS)
def test_network_with_any_pools_and_padding(
    network: str, pooling: Pooling | None, padding: Padding, monkeypatch: pytest.MonkeyPatch
) -> None:
    backbone = TorchvisionModel(network, weights=None, pooling=pooling, padding=padding)
    if network not in POOLS and pooling is not None:
        own = without_pooling(network, padding)
        assert repr(backbone.network) == repr(own.network)
        assert backbone.layer_table == own.layer_table
        return
    assert_shapes_follow_the_layer_table(backbone)
    if network in POOLS:
        before, layer, size, stride, width, ceil = POOLS[network]
        maps = backbone(picture(1, 3, 40, 37), [before, layer])
        expected = pooled(maps[before], pooling or "max", padding, size, stride, width, ceil)
        torch.testing.assert_close(maps[layer], expected)
    before, layer, width = CONVOLUTIONS[network]
    maps = backbone(picture(1, 3, 40, 37), [before, layer])
    convolution = backbone.network.get_submodule(layer)
    assert isinstance(convolution, nn.Conv2d)
    expected = F.conv2d(
        padded(maps[before], width, padding),
        convolution.weight,
        convolution.bias,
        groups=convolution.groups,
    )
    torch.testing.assert_close(maps[layer], expected)
    assert_smallest_sides_are_exact(backbone, monkeypatch)


def assert_shapes_follow_the_layer_table(backbone: TorchvisionModel) -> None:
    side = backbone.smallest_side(backbone.layers)
    image = torch.zeros(1, 3, side, side + 13)
    features = backbone(image, backbone.layers)
    # oracle: PyTorch's own shapes, on the device that computes nothing else
    meta = copy.deepcopy(backbone).to("meta")(image.to("meta"), backbone.layers)
    assert list(backbone.layer_table) == [entry.name for entry in backbone.layer_table.values()]
    for name, entry in backbone.layer_table.items():
        assert features[name].shape == meta[name].shape, name
        assert features[name].shape[1] == entry.channels, name
        assert features[name].isfinite().all(), name
    wider = backbone(F.pad(image, (0, 64)), backbone.layers)
    for name, entry in backbone.layer_table.items():
        assert wider[name].shape[3] - features[name].shape[3] == 64 // entry.stride, name
        assert wider[name].shape[2] == features[name].shape[2], name


def assert_smallest_sides_are_exact(
    backbone: TorchvisionModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_side: dict[int, list[str]] = {}
    for name, entry in backbone.layer_table.items():
        of_side.setdefault(entry.smallest_side, []).append(name)
    layers = {name for names in of_side.values() for name in (names[0], names[-1])}
    for name in layers:
        side = backbone.layer_table[name].smallest_side
        assert backbone(torch.zeros(1, 3, side, side), [name])[name].numel() > 0, name
        with pytest.raises(ValueError, match=f"needs sides of at least {side} pixels"):
            backbone(torch.zeros(1, 3, side - 1, side), [name])
    with monkeypatch.context() as patch:
        patch.setattr(TorchvisionModel, "check_image", lambda *_: None)
        for name in layers:
            side = backbone.layer_table[name].smallest_side
            if side > 1:
                # too small a map is an error of PyTorch's, or empty
                try:
                    features = backbone(torch.zeros(1, 3, side - 1, side - 1), [name])[name]
                except RuntimeError:
                    continue
                assert features.numel() == 0, name


@pytest.mark.parametrize("network", NETWORKS)
def test_layers_equal_those_of_torchvisions_own_extractor(network: str) -> None:
    model = copy.deepcopy(initial(network))
    for module in model.modules():
        if hasattr(module, "inplace"):
            setattr(module, "inplace", False)  # noqa: B010 - mypy sees no such attribute
    names = get_graph_node_names(model, suppress_diff_warning=True)[1]
    backbone = untrained(network)
    # torchvision's sums of a ResNet are in place, on the map of the last normalisation
    common = [n for n in names if n in backbone.layers and not n.endswith((".bn2", ".1"))]
    assert len(common) >= 12
    theirs = create_feature_extractor(model, common, suppress_diff_warning=True)
    image = picture(2, 3, 70, 64)
    expected = theirs(backbone.normalize(image))
    features = backbone(image, common)
    for name in common:
        channels_last = expected[name].shape[1] != backbone.layer_table[name].channels
        their = expected[name].permute(0, 3, 1, 2) if channels_last else expected[name]
        torch.testing.assert_close(features[name], their)


def test_blocks_are_layers_too() -> None:
    backbone = untrained("resnet18")
    image = picture(1, 3, 32, 32)
    for block, last in (("layer1", "layer1.1.relu_1"), ("layer1.0", "layer1.0.relu_1")):
        assert torch.equal(backbone(image, [block])[block], backbone(image, [last])[last])
    names = list(backbone.layers)
    assert names.index("layer1.0") < names.index("layer1.1.conv1") < names.index("layer1")


@pytest.mark.parametrize(
    ("network", "before", "after"),
    [
        ("squeezenet1_1", "features.0", "features.1"),
        ("alexnet", "features.3", "features.4"),
        ("resnet18", "layer1.0.bn1", "layer1.0.relu"),
        ("resnet18", "layer1.0.add", "layer1.0.relu_1"),
    ],
)
def test_relu_is_out_of_place(network: str, before: str, after: str) -> None:
    features = untrained(network)(picture(1, 3, 40, 40), [before, after])
    assert features[before].min() < 0
    assert torch.equal(features[after], features[before].clamp_min(0))


def test_sum_of_a_residual_block_is_out_of_place() -> None:
    names = ["maxpool", "layer1.0.bn2", "layer1.0.add"]
    first, second, total = untrained("resnet18")(picture(1, 3, 32, 32), names).values()
    torch.testing.assert_close(total, first + second)


@pytest.mark.parametrize(
    ("network", "layer"),
    [
        ("squeezenet1_1", "features.3.expand3x3_activation"),
        ("squeezenet1_1", "features.6"),
        ("alexnet", "features.1"),
        ("alexnet", "features.6"),
        ("resnet18", "maxpool"),
        ("resnet18", "layer1.1.relu_1"),
        ("resnet18", "layer2.0.relu_1"),
        ("convnext_tiny", "features.0"),
        ("convnext_tiny", "features.1.0"),
        ("shufflenet_v2_x0_5", "stage2.0"),
    ],
)
def test_layer_sees_as_far_as_its_entry_says(network: str, layer: str) -> None:
    # averages, since the maximum of a random picture may never be at the border of the field
    backbone = TorchvisionModel(network, weights=None, pooling="avg")
    entry = backbone.layer_table[layer]
    assert entry.receptive_field is not None
    side = 3 * max(entry.receptive_field, 2 * entry.stride)
    middle = side // entry.stride // 2
    first, last = support(backbone, layer, side, middle)
    assert last - first + 1 == entry.receptive_field
    assert support(backbone, layer, side, middle + 1)[0] - first == entry.stride


def test_layer_behind_squeeze_and_excitation_sees_the_whole_picture() -> None:
    backbone = untrained("mobilenet_v3_small")
    name = "features.1.block.1.mul"
    assert backbone.layer_table["features.1.block.0"].receptive_field == 7  # by hand: 3, then 3 / 2
    assert backbone.layer_table[name].receptive_field is None
    assert support(backbone, name, 96, 12) == (0, 95)


def test_maps_with_the_channels_last_come_out_with_the_channels_first() -> None:
    backbone = untrained("swin_t")
    features = backbone(picture(1, 3, 64, 96), ["features.1.0", "permute"])
    assert features["features.1.0"].shape == (1, 96, 16, 24)
    assert features["permute"].shape == (1, 768, 2, 3)
    assert backbone.layer_table["features.1.0"].channels == 96


@pytest.mark.parametrize(
    ("network", "residual"),
    [
        ("resnet18", True),
        ("convnext_tiny", True),
        ("swin_t", True),
        ("mobilenet_v3_small", True),
        ("alexnet", False),
        ("squeezenet1_1", False),
        ("googlenet", False),
        ("shufflenet_v2_x0_5", False),
    ],
)
def test_backbone_knows_whether_it_is_residual(network: str, residual: bool) -> None:
    assert untrained(network).residual is residual


def test_smoothed_backbone_is_not_residual_and_gives_the_softmax_of_its_maps() -> None:
    backbone = TorchvisionModel("resnet18", weights=None, softmax_smoothing=True)
    assert not backbone.residual
    image = picture(2, 3, 48, 40)
    smooth = backbone(image, ["layer1.0"])["layer1.0"]
    plain = untrained("resnet18")(image, ["layer1.0"])["layer1.0"]
    # oracle: the definition, times the number of values
    for ours, theirs in zip(smooth, plain, strict=True):
        torch.testing.assert_close(ours, theirs.numel() * theirs.exp() / theirs.exp().sum())
    torch.testing.assert_close(smooth.mean((1, 2, 3)), torch.ones(2))


# what every backbone promises


def test_backbone_is_frozen_and_leaves_global_state_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torchvision_model, "build_network", build_network)
    before = torch.get_rng_state()
    first, again, other = (
        TorchvisionModel("squeezenet1_1", weights=None, seed=seed) for seed in (0, 0, 1)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert not first.train().training
    assert not any(module.training for module in first.modules())
    assert not any(parameter.requires_grad for parameter in first.parameters())
    weights = [next(each.parameters()) for each in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_untrained_filters_are_said(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("stylelightning")
    logger.addHandler(caplog.handler)
    TorchvisionModel("squeezenet1_1", weights=None)
    logger.removeHandler(caplog.handler)
    assert "Untrained squeezenet1_1" in caplog.text
    assert "`weights: DEFAULT`" in caplog.text


def test_picture_stays_and_nothing_is_computed_without_layers() -> None:
    image = picture(1, 3, 32, 32)
    before = image.clone()
    backbone = untrained("resnet18")
    backbone(image, backbone.layers)
    assert torch.equal(image, before)
    assert backbone(image, iter([])) == {}


@pytest.mark.parametrize("network", ["resnet18", "convnext_tiny", "swin_t"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_backbone_can_be_moved_after_it_was_used(network: str, dtype: torch.dtype) -> None:
    backbone = copy.deepcopy(untrained(network))
    layer = backbone.layers[20]
    image = picture(1, 3, 64, 64)
    expected = backbone(image, [layer])[layer]
    moved = backbone.to(dtype)(image.to(dtype), [layer])[layer]
    assert moved.dtype == dtype
    # bfloat16 has 8 bits of mantissa, and the values are of size 1
    torch.testing.assert_close(moved.float(), expected, rtol=3e-2, atol=6e-2)


def test_gradient_is_that_of_finite_differences() -> None:
    backbone = TorchvisionModel(
        "squeezenet1_1", weights=None, pooling="l2", padding="reflect", softmax_smoothing=True
    ).double()
    image = picture(1, 3, 12, 13, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: tuple(backbone(x, ["features.2", "features.3"]).values()), image, fast_mode=True
    )


# normalisation


def test_picture_is_normalised_as_asked() -> None:
    image = picture(1, 3, 4, 4)
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    expected = {
        None: (image - mean) / torch.tensor([0.229, 0.224, 0.225])[:, None, None],
        "imagenet255": 255 * (image - mean),
    }
    names: tuple[Literal["imagenet255"] | None, ...] = (None, "imagenet255")
    for name in names:
        backbone = TorchvisionModel("squeezenet1_1", weights=None, normalization=name)
        torch.testing.assert_close(backbone.normalize(image), expected[name])
    # oracle: torchvision's Inceptions get ImageNet's normalisation and turn it into this one
    torch.testing.assert_close(untrained("googlenet").normalize(image), 2 * image - 1)


# weights


def squeezenet_state(seed: int = 3) -> dict[str, Tensor]:
    return dict(build_network("squeezenet1_1", seed).state_dict())


def saved(state: object, file: Path) -> str:
    torch.save(state, file)
    return str(file)


def as_pth(state: dict[str, Tensor], folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    return saved(state, folder / "weights.pth")


def as_safetensors(state: dict[str, Tensor], folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    save_file(state, folder / "weights.safetensors")
    return str(folder / "weights.safetensors")


def as_hub_entry(state: dict[str, Tensor], folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put the file where torch.hub keeps it, named by its hash as torchvision's are."""
    hub = folder / "torch" / "hub" / "checkpoints"
    hub.mkdir(parents=True)
    draft = Path(saved(state, hub / "draft.pth"))
    digest = hashlib.sha256(draft.read_bytes()).hexdigest()
    file = draft.rename(hub / f"squeezenet1_1-{digest[:8]}.pth")
    url = f"https://download.pytorch.org/models/{file.name}"
    monkeypatch.setattr(SqueezeNet1_1_Weights.IMAGENET1K_V1.value, "url", url)
    return "DEFAULT"


@pytest.mark.parametrize("written", [as_pth, as_safetensors, as_hub_entry])
def test_weights_come_out_of_every_kind_of_file(
    written: Callable[[dict[str, Tensor], Path, pytest.MonkeyPatch], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = squeezenet_state()
    backbone = TorchvisionModel("squeezenet1_1", written(state, tmp_path, monkeypatch))
    own = backbone.network.state_dict()
    assert set(own) == set(state)  # its classifier is a convolution
    for name, tensor in own.items():
        assert torch.equal(tensor, state[name])


def test_weights_of_densenet_may_have_their_old_names(tmp_path: Path) -> None:
    graph, nodes = trace(build_network("densenet121", seed=1))
    network = cut(graph, {"features": nodes["features"]})
    state = {name: tensor + 1 for name, tensor in network.state_dict().items()}
    old = {re.sub(r"(denselayer\d+\.\w+?)([12])\.", r"\1.\2.", k): v for k, v in state.items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    weights = Weights(old, tmp_path / "old.pth", None, Origin("old.pth", ""))
    load_weights(network, weights, "densenet121")
    for name, tensor in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(tensor, state[name]), name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features.3.squeeze.weight": None}, r"'features\.3\.squeeze\.weight' is missing in "),
        (
            {"features.0.weight": torch.zeros(64, 3, 7, 7)},
            r"'features\.0\.weight' must have shape \(64, 3, 3, 3\), got \(64, 3, 7, 7\) in ",
        ),
    ],
    ids=["missing", "shape"],
)
def test_weights_that_do_not_fit_are_refused(
    change: dict[str, Tensor | None], message: str, tmp_path: Path
) -> None:
    state: dict[str, Any] = {**squeezenet_state(), **change}
    file = saved({k: v for k, v in state.items() if v is not None}, tmp_path / "other.pth")
    with pytest.raises(
        ValueError, match=rf"^`weights` of squeezenet1_1: {message}{re.escape(file)}\.$"
    ):
        TorchvisionModel("squeezenet1_1", file)


def test_without_network_and_cache_the_error_says_what_to_do() -> None:
    with pytest.raises(
        FileNotFoundError,
        match=r"^`weights` of squeezenet1_1: squeezenet1_1-b8a52dc0\.pth is not in .* Put the file "
        r"there, or name a copy",
    ):
        TorchvisionModel("squeezenet1_1")


# what is refused


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ("resnet51", r"Near ones: resnet50, resnet"),
        ("", r"Some of them: alexnet, convnext_tiny, densenet121"),
        ("fcn_resnet50", r"Near ones: .*resnet50"),  # it segments
    ],
    ids=["typo", "empty", "segmentation"],
)
def test_unknown_network_is_refused_with_the_near_ones(network: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^Unknown `network` '{network}' of torch.*{message}"):
        TorchvisionModel(network, weights=None)


def test_network_of_one_size_of_pictures_is_refused() -> None:
    with pytest.raises(
        ValueError,
        match=r"^`network` vit_b_16 has no feature maps of pictures of any size: it reads "
        r"pictures of one size only\. Take a convolutional network, such as [^\n]*\.$",
    ):
        TorchvisionModel("vit_b_16", weights=None)


def test_unknown_layer_is_refused_with_the_near_ones() -> None:
    with pytest.raises(
        ValueError,
        match=r"^Unknown layer 'layer1\.0\.rel' for TorchvisionModel\. Near ones: layer1",
    ):
        untrained("resnet18")(picture(1, 3, 32, 32), ["layer1.0.rel"])
    with pytest.raises(ValueError, match=r"Some of its 81 layers: conv1, [^\n]*\.$"):
        untrained("resnet18").check_layers(["octave1"])


@pytest.mark.parametrize("option", ["pooling", "padding", "normalization"])
def test_unknown_option_is_refused(option: str) -> None:
    options: dict[str, Any] = {option: "median"}
    with pytest.raises(ValueError, match=rf"^`{option}` must be one of .*, got 'median'\.$"):
        TorchvisionModel("squeezenet1_1", weights=None, **options)
