"""A slim VGG is a VGG with other filters, whose features are given through lenses."""

import copy
import logging
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from stylelightning.backbones import VGG16, SlimVGG
from stylelightning.backbones.padding import Padding
from stylelightning.backbones.pooling import Pooling
from stylelightning.backbones.slim_vgg import SLIM_FILE
from stylelightning.backbones.weights.files import digest
from stylelightning.backbones.weights.slim_file import SlimFile
from stylelightning.backbones.weights.source import FACTS, OXFORD
from tests.backbones.measure import picture
from tests.backbones.weights.slim import slim_path, tiny_slim
from tests.conftest import ROOT

CHANNELS = [[2, 3], [3, 2, 4], [2, 3, 4, 5], [2, 3, 4, 6, 5]]
TINY = [3, 4, 5]


@pytest.fixture
def weights(tmp_path: Path) -> str:
    return slim_path(tmp_path, tiny_slim(TINY))


def normalized(image: Tensor) -> Tensor:
    # mean and deviation of ImageNet, as in torchvision's documentation
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    return (image - mean) / torch.tensor([0.229, 0.224, 0.225])[:, None, None]


def wide(content: SlimFile, **options: Any) -> VGG16:
    """Return a whole VGG-16 that has a slim one's filters in its first channels, and zeros."""
    teacher = VGG16(None, **options)
    state = {name: torch.zeros_like(x) for name, x in teacher.network.state_dict().items()}
    for name, tensor in content.filters.items():
        state[name][tuple(slice(n) for n in tensor.shape)] = tensor
    teacher.network.load_state_dict(state)
    return teacher


# layers


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("padding", get_args(Padding))
def test_layers_have_the_geometry_of_vgg16s(
    channels: list[int], padding: Padding, tmp_path: Path
) -> None:
    table = SlimVGG(slim_path(tmp_path, tiny_slim(channels)), padding=padding).layer_table
    teacher = VGG16(None, padding=padding)
    # the last block ends in its last ReLU, of the fifth the first
    last = {2: "relu2_2", 3: "relu3_3", 4: "relu4_3", 5: "relu5_1"}[len(channels)]
    assert list(table) == list(teacher.layers[: teacher.layers.index(last) + 1])
    for name, layer in table.items():
        width = channels[int(re.sub(r"\D*(\d).*", r"\1", name)) - 1]
        assert layer == replace(teacher.layer_table[name], channels=width)


def test_unknown_layer_is_refused_with_the_near_ones(weights: str) -> None:
    with pytest.raises(ValueError, match=r"^Unknown layer 'relu4_2' for SlimVGG\. Near ones: "):
        SlimVGG(weights)(picture(1, 3, 16, 16), ["relu4_2"])


def test_small_picture_is_refused_with_the_size_that_works(weights: str) -> None:
    with pytest.raises(
        ValueError,
        match=r"^A picture of 9 x 3 pixels is too small for layer 'relu3_1' of SlimVGG, which "
        r"needs sides of at least 4 pixels\.",
    ):
        SlimVGG(weights)(picture(1, 3, 3, 9), ["relu3_1"])


# features


def test_a_layer_by_hand(weights: str) -> None:
    content = tiny_slim(TINY)
    image = picture(2, 3, 7, 6)
    kernel, bias = content.filters["conv1_1.weight"], content.filters["conv1_1.bias"]
    # oracle: every position's window of 3 x 3, of a picture with zeros around it
    windows = F.unfold(F.pad(normalized(image), (1, 1, 1, 1)), 3)  # (B, 27, H*W)
    before = (kernel.flatten(1) @ windows + bias[:, None]).reshape(2, 3, 7, 6)
    after = before.clamp_min(0)
    given = (content.lenses["relu1_1"] @ after.flatten(2)).reshape(2, 3, 7, 6)
    features = SlimVGG(weights)(image, ["conv1_1", "relu1_1"])
    torch.testing.assert_close(features["conv1_1"], before)
    torch.testing.assert_close(features["relu1_1"], given)
    bare = SlimVGG(weights, lenses=False)(image, ["conv1_1", "relu1_1"])
    torch.testing.assert_close(bare["relu1_1"], after)


@pytest.mark.parametrize("channels", CHANNELS)
def test_layers_after_a_relu_alone_go_through_lenses(channels: list[int], tmp_path: Path) -> None:
    content = tiny_slim(channels)
    path = slim_path(tmp_path, content)
    image = picture(1, 3, 32, 17)
    bare, lensed = SlimVGG(path, lenses=False), SlimVGG(path)
    without, given = bare(image, bare.layers), lensed(image, lensed.layers)
    for name in bare.layers:
        expected = without[name]
        if name.startswith("relu"):
            expected = torch.einsum("ij,bjhw->bihw", content.lenses[name], expected)
        torch.testing.assert_close(given[name], expected)


@pytest.mark.parametrize(
    "options",
    [
        *({"pooling": pooling} for pooling in get_args(Pooling)),
        *({"padding": padding} for padding in get_args(Padding)),
        {"first_padding": "replicate"},
        {"padding": "reflect", "first_padding": "zeros"},
        {"pooling": "avg", "pooling_factor": 2.0},
    ],
)
def test_options_do_what_they_do_in_vgg16(options: dict[str, Any], tmp_path: Path) -> None:
    content = tiny_slim(TINY)
    slim = SlimVGG(slim_path(tmp_path, content), lenses=False, **options)
    # oracle: VGG-16, whose other channels are all 0
    teacher = wide(content, **options)
    image = picture(2, 3, 17, 12)
    features, expected = slim(image, slim.layers), teacher(image, slim.layers)
    for name, feature in features.items():
        torch.testing.assert_close(feature, expected[name][:, : feature.shape[1]])


@pytest.mark.parametrize("lenses", [True, False])
def test_computing_again_changes_neither_features_nor_gradients(lenses: bool, weights: str) -> None:
    found = []
    for recomputes in (False, True):
        network = SlimVGG(weights, lenses=lenses)
        network.recomputes = recomputes
        image = picture(1, 3, 16, 12).requires_grad_()
        features = network(image, ["relu1_2", "conv2_1", "pool2", "relu3_3"])
        total = sum(feature.square().mean() for feature in features.values())
        assert isinstance(total, Tensor)
        found.append((features, torch.autograd.grad(total, image)[0]))
    (kept, gradient), (again, same) = found
    assert gradient.any()
    assert torch.equal(same, gradient)
    assert all(torch.equal(again[name], kept[name]) for name in kept)


@pytest.mark.parametrize("pooling", get_args(Pooling))
def test_gradient_is_that_of_finite_differences(pooling: Pooling, weights: str) -> None:
    network = SlimVGG(weights, pooling=pooling, padding="reflect").double()
    image = picture(2, 3, 4, 5, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: tuple(network(x, ["conv1_2", "relu2_2"]).values()), image, fast_mode=True
    )


def test_channels_last_keeps_features_and_gradient(weights: str) -> None:
    network = SlimVGG(weights)
    names = ["relu1_1", "relu3_3"]
    image = picture(2, 3, 16, 12).requires_grad_()
    expected = network(image, names)
    (gradient,) = torch.autograd.grad(expected["relu3_3"].sum(), image)
    other = copy.deepcopy(network).to(memory_format=torch.channels_last)
    last = image.detach().to(memory_format=torch.channels_last).requires_grad_()
    features = other(last, names)
    (same,) = torch.autograd.grad(features["relu3_3"].sum(), last)
    assert features["relu3_3"].is_contiguous(memory_format=torch.channels_last)
    for name in names:
        torch.testing.assert_close(features[name], expected[name])
    torch.testing.assert_close(same, gradient)


def test_bfloat16_autocast_keeps_features_and_gives_a_gradient(weights: str) -> None:
    network = SlimVGG(weights)
    image = picture(2, 3, 16, 16).requires_grad_()
    names = ["relu1_1", "relu2_2"]
    expected = network(image, names)
    with torch.autocast("cpu", torch.bfloat16):
        features = network(image, names)
    for name in names:
        assert features[name].dtype == torch.bfloat16
        # bfloat16 has 8 bits of mantissa, lost again in each of four convolutions and a lens
        difference = (features[name].float() - expected[name]).norm() / expected[name].norm()
        assert difference < 2.5e-2
    (gradient,) = torch.autograd.grad(features["relu2_2"].float().sum(), image)
    assert gradient.dtype == torch.float32
    assert gradient.isfinite().all()
    assert gradient.any()


def test_network_is_frozen_whatever_mode_is_asked(weights: str) -> None:
    network = SlimVGG(weights)
    assert not network.train().training
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert len(list(network.lenses.parameters())) == 7  # or there would be none to look at


def test_global_random_numbers_are_left_alone(weights: str) -> None:
    before = torch.get_rng_state()
    SlimVGG(weights)
    assert torch.equal(torch.get_rng_state(), before)


# files


def test_the_hash_of_the_file_is_said(weights: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        SlimVGG(weights)
    assert [record.getMessage() for record in caplog.records] == [
        f"Weights of SlimVGG: slim.safetensors, sha256 {digest(Path(weights))}."
    ]


def test_a_path_may_be_in_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert SlimVGG("~/slim.safetensors").layers == SlimVGG(weights).layers


def test_numbers_of_convolutions_are_those_of_the_file(tmp_path: Path) -> None:
    names = SlimVGG(slim_path(tmp_path, tiny_slim([2, 3], [1, 4]))).layers
    assert names[:3] == ("conv1_1", "relu1_1", "pool1")
    assert names[-2:] == ("conv2_4", "relu2_4")


@pytest.mark.parametrize("name", ["oxford", "IMAGENET1K_V1", "", None])
def test_a_name_of_other_weights_is_told_its_own(name: Any) -> None:
    message = (
        f"Unknown `weights` {name!r} for SlimVGG: `slim` is the file in the package, and the path "
        "of one that `python -m stylelightning distill` wrote works too."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SlimVGG(name)


@pytest.mark.parametrize("path", ["none.safetensors", "none/slim", "~/none"])
def test_a_path_of_nothing_is_named(path: str) -> None:
    whole = re.escape(str(Path(path).expanduser().absolute()))
    with pytest.raises(
        FileNotFoundError, match=f"^`weights` of SlimVGG: there is no file {whole}\\. "
    ):
        SlimVGG(path)


@pytest.mark.parametrize(
    ("filters", "lenses", "wrong"),
    [
        pytest.param(
            {"conv2_1.weight": torch.ones(4, 2, 3, 3)},
            {},
            "'conv2_1.weight' must have shape (4, 3, 3, 3), got (4, 2, 3, 3)",
            id="kernel",
        ),
        pytest.param(
            {"conv1_2.bias": torch.ones(4)},
            {},
            "'conv1_2.bias' must have shape (3,), got (4,)",
            id="bias",
        ),
        pytest.param(
            {"conv1_1.weight": torch.tensor(1.0)},
            {},
            "'conv1_1.weight' must have shape (1, 3, 3, 3), got ()",
            id="number",
        ),
        pytest.param({"conv1_1.weight": None}, {}, "'conv1_1.weight' is missing", id="first"),
        pytest.param({"conv1_1.bias": None}, {}, "'conv1_1.bias' is missing", id="no bias"),
        pytest.param(
            {"conv2_1.weight": None},
            {},
            "'conv2_1.bias' belongs to none of its layers",
            id="no block",
        ),
        pytest.param(
            {"fc6.weight": torch.ones(2, 2)},
            {},
            "'fc6.weight' belongs to none of its layers",
            id="classifier",
        ),
        pytest.param({}, {"relu2_1": None}, "'lens.relu2_1' is missing", id="no lens"),
        pytest.param(
            {},
            {"relu2_1": torch.ones(4, 3)},
            "'lens.relu2_1' must have shape (4, 4), got (4, 3)",
            id="lens",
        ),
        pytest.param(
            {},
            {"relu9_1": torch.ones(4, 4)},
            "'lens.relu9_1' belongs to none of its layers",
            id="lens of no layer",
        ),
        pytest.param(
            {},
            {"conv1_1": torch.ones(3, 3)},
            "'lens.conv1_1' belongs to none of its layers",
            id="lens before a ReLU",
        ),
    ],
)
@pytest.mark.parametrize("with_lenses", [True, False])
def test_a_wrong_tensor_is_one_line(
    filters: dict[str, Tensor | None],
    lenses: dict[str, Tensor | None],
    wrong: str,
    with_lenses: bool,
    tmp_path: Path,
) -> None:
    tiny = tiny_slim(TINY)
    path = slim_path(
        tmp_path,
        SlimFile(changed(tiny.filters, filters), changed(tiny.lenses, lenses), tiny.about),
    )
    message = f"`weights` of SlimVGG: {wrong} in {path}."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SlimVGG(path, lenses=with_lenses)


def changed(tensors: Any, changes: dict[str, Tensor | None]) -> dict[str, Tensor]:
    """Return tensors with others in the place of some, and without those that become None."""
    return {name: value for name, value in {**tensors, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("pooling", "min", "`pooling` must be one of max, avg, l2, got 'min'."),
        (
            "padding",
            "same",
            "`padding` must be one of zeros, replicate, reflect, circular, got 'same'.",
        ),
        (
            "first_padding",
            "same",
            "`first_padding` must be one of zeros, replicate, reflect, circular, got 'same'.",
        ),
        ("pooling_factor", 0.0, "`pooling_factor` must be a number above 0, got 0.0."),
        ("pooling_factor", None, "`pooling_factor` must be a number above 0, got None."),
    ],
)
def test_argument_that_is_no_choice_is_refused(
    argument: str, value: Any, message: str, weights: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SlimVGG(weights, **{argument: value})


# licence


def test_credit_and_licence_lie_beside_the_file_and_go_into_the_package() -> None:
    slim = tomllib.loads(FACTS.read_text(encoding="utf-8"))["slim"]
    beside = SLIM_FILE.with_suffix(".LICENSE.md")
    text = " ".join(beside.read_text(encoding="utf-8").replace("> ", "").split())
    authors, paper, address = re.split(r", \"|\", ", slim["credit"])
    for part in (SLIM_FILE.name, slim["licence"], slim["licence_link"], paper, address):
        assert part in text
    assert f"by {authors}, which are under the same licence" in text
    assert (slim["credit"], slim["licence"]) == (OXFORD.credit, OXFORD.licence)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert str(beside.relative_to(ROOT).as_posix()) in project["license-files"]
    assert "CC-BY-4.0" in project["license"].split(" AND ")
