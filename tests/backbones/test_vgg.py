import logging
import math
from collections.abc import Callable
from functools import cache
from typing import get_args

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.vgg import cfgs, make_layers

from stylelightning.backbones import VGG16, VGG19
from stylelightning.backbones.padding import Padding
from stylelightning.backbones.pooling import Pooling
from stylelightning.backbones.vgg import VGG
from tests.backbones.measure import picture, support

LAYERS_OF_VGG16 = (
    *("conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1"),
    *("conv2_1", "relu2_1", "conv2_2", "relu2_2", "pool2"),
    *("conv3_1", "relu3_1", "conv3_2", "relu3_2", "conv3_3", "relu3_3", "pool3"),
    *("conv4_1", "relu4_1", "conv4_2", "relu4_2", "conv4_3", "relu4_3", "pool4"),
    *("conv5_1", "relu5_1", "conv5_2", "relu5_2", "conv5_3", "relu5_3", "pool5"),
)
FIRST_LAYERS = LAYERS_OF_VGG16[: LAYERS_OF_VGG16.index("conv3_1")]


@cache
def untrained(
    network: type[VGG] = VGG16, pooling: Pooling = "max", padding: Padding = "zeros"
) -> VGG:
    """One network for all tests: none of them may change it."""
    return network(weights=None, pooling=pooling, padding=padding)


def normalized(image: Tensor) -> Tensor:
    # mean and deviation of ImageNet, as in torchvision's documentation
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    return (image - mean) / torch.tensor([0.229, 0.224, 0.225])[:, None, None]


def convolution(network: VGG, name: str) -> tuple[Tensor, Tensor]:
    state = network.network.state_dict()
    return state[f"{name}.weight"], state[f"{name}.bias"]


def test_layers_are_named_in_depth_order() -> None:
    assert untrained(VGG16).layers == LAYERS_OF_VGG16
    added = {f"{kind}{block}_4" for kind in ("conv", "relu") for block in (3, 4, 5)}
    assert [name for name in untrained(VGG19).layers if name not in added] == list(LAYERS_OF_VGG16)
    assert len(untrained(VGG19).layers) == len(LAYERS_OF_VGG16) + 6


@pytest.mark.parametrize(("network", "configuration"), [(VGG16, "D"), (VGG19, "E")])
def test_every_layer_equals_torchvisions(network: type[VGG], configuration: str) -> None:
    ours = untrained(network)
    # oracle: the features of torchvision 0.29, hooked, with ReLU out of place
    with torch.device("meta"):
        theirs = make_layers(cfgs[configuration], batch_norm=False).to_empty(device="cpu")
    with torch.no_grad():
        for their, our in zip(theirs.parameters(), ours.parameters(), strict=True):
            their.copy_(our)
    seen: list[Tensor] = []
    for module in theirs:
        if isinstance(module, nn.ReLU):
            module.inplace = False
        module.register_forward_hook(lambda module, args, output: seen.append(output))
    image = picture(2, 3, 40, 33)
    features = ours(image, ours.layers)
    with torch.no_grad():
        theirs(normalized(image))
    assert len(seen) == len(ours.layers)
    for name, expected in zip(ours.layers, seen, strict=True):
        torch.testing.assert_close(features[name], expected)


def test_conv_layer_is_what_comes_before_relu() -> None:
    features = untrained()(picture(1, 3, 8, 8), ["conv2_1", "relu2_1"])
    assert features["conv2_1"].min() < 0
    assert torch.equal(features["relu2_1"], features["conv2_1"].clamp_min(0))


def test_pass_stops_at_the_deepest_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    network = untrained()
    ran: list[str] = []
    for name, module in network.network.named_children():
        forward = module.forward

        def record(x: Tensor, name: str = name, forward: Callable[..., Tensor] = forward) -> Tensor:
            ran.append(name)
            return forward(x)

        monkeypatch.setattr(module, "forward", record)
    features = network(picture(1, 3, 8, 8), ["relu2_1", "conv1_1"])
    assert set(features) == {"relu2_1", "conv1_1"}
    assert ran == list(LAYERS_OF_VGG16[: LAYERS_OF_VGG16.index("relu2_1") + 1])


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        # by hand, of the squares of positions [1 2; 3 4] and [0 0; 0 0]
        ("max", [4.0, 0.0]),
        ("avg", [2.5, 0.0]),
        ("l2", [math.sqrt((1 + 4 + 9 + 16) / 4), 0.0]),
    ],
)
def test_pooling_of_two_squares(pooling: Pooling, expected: list[float]) -> None:
    pool = untrained(pooling=pooling).network.get_submodule("pool1")
    x = torch.tensor([[1.0, 2.0, 0.0, 0.0], [3.0, 4.0, 0.0, 0.0]], requires_grad=True)
    pooled = pool(x[None, None])
    torch.testing.assert_close(pooled, torch.tensor([[[expected]]]))
    pooled.sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert x.grad[:, :2].abs().sum() > 0


@pytest.mark.parametrize("value", [1e-30, 1e-22, 1e-19, 1e-3, 1e19])
def test_gradient_of_l2_pooling_is_one_half_per_position_at_most(value: float) -> None:
    pool = untrained(pooling="l2").network.get_submodule("pool1")
    x = torch.full((1, 1, 2, 2), value, requires_grad=True)
    pool(x).sum().backward()
    assert x.grad is not None
    # by hand: d rms / d x_i = x_i / (4 rms), which is at most 1/2
    assert 0 <= x.grad.min() <= x.grad.max() <= 0.5


def test_l2_pooling_of_large_half_precision_values_does_not_overflow() -> None:
    pool = untrained(pooling="l2").network.get_submodule("pool1")
    pooled = pool(torch.full((1, 1, 2, 2), 1000.0, dtype=torch.float16))
    assert torch.equal(pooled, torch.full((1, 1, 1, 1), 1000.0, dtype=torch.float16))


@pytest.mark.parametrize("padding", get_args(Padding))
def test_convolutions_are_padded_as_asked(padding: Padding) -> None:
    network = untrained(padding=padding)
    image = picture(1, 3, 7, 6)
    # oracle: torch.nn.functional.pad, then convolutions that pad nothing
    mode = "constant" if padding == "zeros" else padding
    x = normalized(image)
    for name in ("conv1_1", "conv1_2"):
        x = F.relu(F.conv2d(F.pad(x, (1, 1, 1, 1), mode), *convolution(network, name)))
    x = F.max_pool2d(x, 2)
    x = F.conv2d(F.pad(x, (1, 1, 1, 1), mode), *convolution(network, "conv2_1"))
    torch.testing.assert_close(network(image, ["conv2_1"])["conv2_1"], x)


def test_first_convolution_alone_has_its_own_padding() -> None:
    network = VGG16(weights=None, padding="zeros", first_padding="replicate")
    image = picture(1, 3, 7, 6)
    # oracle: torch.nn.functional.pad, then convolutions that pad nothing
    x = F.pad(normalized(image), (1, 1, 1, 1), "replicate")
    x = F.relu(F.conv2d(x, *convolution(network, "conv1_1")))
    x = F.conv2d(F.pad(x, (1, 1, 1, 1)), *convolution(network, "conv1_2"))
    torch.testing.assert_close(network(image, ["conv1_2"])["conv1_2"], x)


@pytest.mark.parametrize(
    ("padding", "first_padding", "smallest"),
    # by hand: a mirrored map needs two positions, which are 2 pixels in the first block and 4 in
    # the second
    [("zeros", "reflect", {"conv1_1": 2, "conv2_1": 2}), ("reflect", "zeros", {"conv1_1": 1})],
)
def test_first_padding_decides_the_smallest_side_of_the_first_layer(
    padding: Padding, first_padding: Padding, smallest: dict[str, int]
) -> None:
    table = VGG16(weights=None, padding=padding, first_padding=first_padding).layer_table
    assert {name: table[name].smallest_side for name in smallest} == smallest
    assert table["conv2_1"].smallest_side == (2 if padding == "zeros" else 4)


def test_pooled_maps_are_multiplied_by_the_factor() -> None:
    image = picture(1, 3, 9, 8)
    # two times an average of 2 x 2 positions is half of their sum
    doubled = VGG16(weights=None, pooling="avg", pooling_factor=2.0)(image, ["relu1_2", "pool1"])
    halves = F.avg_pool2d(doubled["relu1_2"], 2, divisor_override=2)
    torch.testing.assert_close(doubled["pool1"], halves)
    assert torch.equal(doubled["relu1_2"], untrained()(image, ["relu1_2"])["relu1_2"])


def test_imagenet255_is_a_picture_in_255_minus_imagenets_mean() -> None:
    image = picture(1, 3, 7, 6)
    network = VGG16(weights=None, normalization="imagenet255", activations="own")
    # oracle: pytorch-neural-style-transfer's constants
    mean = torch.tensor([123.675, 116.28, 103.53])[:, None, None]
    expected = F.conv2d(image * 255 - mean, *convolution(network, "conv1_1"), padding=1)
    feature = network(image, ["conv1_1"])["conv1_1"]
    torch.testing.assert_close(feature, expected, rtol=1e-4, atol=1e-3)


def test_centred_is_a_picture_minus_a_half() -> None:
    image = picture(1, 3, 7, 6)
    network = VGG16(weights=None, normalization="centred", activations="own")
    expected = F.conv2d(image - 0.5, *convolution(network, "conv1_1"), padding=1)
    torch.testing.assert_close(network(image, ["conv1_1"])["conv1_1"], expected)


@pytest.mark.parametrize("factor", [0.0, -1.0, math.inf, math.nan, None])
def test_pooling_factor_that_is_no_number_above_0_is_refused(factor: float | None) -> None:
    with pytest.raises(
        ValueError, match=rf"^`pooling_factor` must be a number above 0, got {factor}\.$"
    ):
        VGG16(weights=None, pooling_factor=factor)  # type: ignore[arg-type]


@pytest.mark.parametrize(("layer", "stride"), [("relu1_2", 1), ("pool2", 4), ("relu4_1", 8)])
def test_circular_padding_makes_a_layer_blind_to_rolling(layer: str, stride: int) -> None:
    network = untrained(padding="circular")
    image = picture(1, 3, 24, 32)
    feature = network(image, [layer])[layer]
    rolled = network(image.roll((stride, -2 * stride), (2, 3)), [layer])[layer]
    torch.testing.assert_close(rolled, feature.roll((1, -2), (2, 3)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("network", "layer"),
    [
        (VGG16, "conv1_1"),
        (VGG16, "relu1_2"),
        (VGG16, "pool1"),
        (VGG16, "conv2_2"),
        (VGG19, "relu3_4"),
        (VGG19, "pool3"),
        (VGG16, "relu4_1"),
    ],
)
def test_layer_sees_as_far_as_its_entry_says(network: type[VGG], layer: str) -> None:
    # averages, since the maximum of a random picture may never be at the border of the field
    backbone = untrained(network, "avg")
    entry = backbone.layer_table[layer]
    assert entry.receptive_field is not None
    side = math.ceil(2.2 * entry.receptive_field / entry.stride) * entry.stride + entry.stride
    middle = side // entry.stride // 2
    first, last = support(backbone, layer, side, middle)
    assert last - first + 1 == entry.receptive_field
    assert support(backbone, layer, side, middle + 1)[0] - first == entry.stride


def test_receptive_fields_of_the_deepest_layers_are_those_of_the_literature() -> None:
    # Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks",
    # Distill 2019: 212 pixels and stride 32 for VGG-16's features
    table = untrained(VGG16).layer_table
    assert (table["pool5"].receptive_field, table["pool5"].stride) == (212, 32)
    assert [table[f"pool{n}"].channels for n in range(1, 6)] == [64, 128, 256, 512, 512]


@pytest.mark.parametrize("pooling", get_args(Pooling))
def test_gradient_is_that_of_finite_differences(pooling: Pooling) -> None:
    network = VGG16(weights=None, pooling=pooling, padding="reflect").double()
    image = picture(2, 3, 4, 5, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: tuple(network(x, ["conv1_2", "relu2_2"]).values()), image, fast_mode=True
    )


@pytest.mark.parametrize("pooling", get_args(Pooling))
def test_bfloat16_autocast_keeps_features_and_gives_a_gradient(pooling: Pooling) -> None:
    network = untrained(pooling=pooling)
    image = picture(2, 3, 16, 16).requires_grad_()
    expected = network(image, FIRST_LAYERS)
    with torch.autocast("cpu", torch.bfloat16):
        features = network(image, FIRST_LAYERS)
    assert features["relu2_2"].dtype == torch.bfloat16
    for name in FIRST_LAYERS:
        # bfloat16 has 8 bits of mantissa, lost again in each of four convolutions
        difference = (features[name].float() - expected[name]).norm() / expected[name].norm()
        assert difference < 2e-2
    (gradient,) = torch.autograd.grad(features["relu2_2"].float().sum(), image)
    assert gradient.dtype == torch.float32
    assert gradient.isfinite().all()
    assert gradient.abs().sum() > 0


def test_every_picture_of_a_batch_is_treated_alone() -> None:
    network = untrained()
    images = picture(3, 3, 16, 18)
    together = network(images, ["relu4_1"])["relu4_1"]
    for n, image in enumerate(images):
        torch.testing.assert_close(network(image[None], ["relu4_1"])["relu4_1"][0], together[n])


def test_network_is_frozen_whatever_mode_is_asked() -> None:
    network = untrained()
    assert not network.train().training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_untrained_filters_are_he_initialised() -> None:
    network = untrained()
    for name in ("conv1_2", "conv3_1", "conv5_3"):
        weight, bias = convolution(network, name)
        # He et al. 2015: deviation sqrt(2 / fan-in), where fan-in is 9 times the channels read
        expected = math.sqrt(2 / (9 * weight.shape[1]))
        assert weight.std().item() == pytest.approx(expected, rel=0.02)
        assert weight.mean().item() == pytest.approx(0, abs=0.02 * expected)
        assert not bias.any()


def test_untrained_network_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        VGG19(weights=None, seed=4)
    assert [record.getMessage() for record in caplog.records] == [
        "Untrained VGG19: its filters are drawn from seed 4, and its pictures are not those of "
        "the paper. Trained filters: `weights: IMAGENET1K_V1`, or the path of a file."
    ]


def test_seed_decides_the_filters_and_leaves_the_global_random_numbers_alone() -> None:
    before = torch.get_rng_state()
    again, other = VGG16(weights=None), VGG16(weights=None, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    image = picture(1, 3, 8, 8)
    feature = untrained()(image, ["conv1_2"])["conv1_2"]
    assert torch.equal(again(image, ["conv1_2"])["conv1_2"], feature)
    assert not torch.equal(other(image, ["conv1_2"])["conv1_2"], feature)


def test_unknown_layer_is_refused_with_the_near_ones() -> None:
    with pytest.raises(ValueError, match=r"^Unknown layer 'relu4_5' for VGG16\. Near ones: relu4_"):
        untrained()(picture(1, 3, 8, 8), ["relu4_5"])


def test_small_picture_is_refused_with_the_size_that_works() -> None:
    with pytest.raises(
        ValueError,
        match=r"^A picture of 40 x 15 pixels is too small for layer 'relu5_1' of VGG16, which "
        r"needs sides of at least 16 pixels\.",
    ):
        untrained()(picture(1, 3, 15, 40), ["relu5_1", "relu1_1"])


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("pooling", "min", r"^`pooling` must be one of max, avg, l2, got 'min'\.$"),
        (
            "padding",
            "same",
            r"^`padding` must be one of zeros, replicate, reflect, circular, got 'same'\.$",
        ),
        (
            "first_padding",
            "same",
            r"^`first_padding` must be one of zeros, replicate, reflect, circular, got 'same'\.$",
        ),
        (
            "normalization",
            "vgg",
            r"^`normalization` must be one of imagenet, caffe, imagenet255, centred, got 'vgg'\.$",
        ),
    ],
)
def test_argument_that_is_no_choice_is_refused(argument: str, value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VGG16(weights=None, **{argument: value})  # type: ignore[arg-type]
