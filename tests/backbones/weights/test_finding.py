import hashlib
import logging
import re
import socket
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Literal, NoReturn

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torchvision.models import VGG16_Weights, VGG19_Weights, WeightsEnum
from torchvision.models.vgg import cfgs, make_layers

from stylelightning.backbones import VGG16, VGG19, Backbone, TorchvisionModel
from stylelightning.backbones.vgg import VGG
from tests.backbones.measure import picture

BLOCKS = {"VGG16": (2, 2, 3, 3, 3), "VGG19": (2, 2, 4, 4, 4)}
CONFIGURATIONS = {"VGG13": "B", "VGG16": "D", "VGG19": "E"}
LAYERS = ["conv1_1", "relu1_2", "pool1", "relu3_1"]


@cache
def storage() -> Tensor:
    return torch.randn(2_500_000, generator=torch.Generator().manual_seed(0)) * 0.04


def torchvision_state(network: str, batch_norm: bool = False) -> dict[str, Tensor]:
    """Random weights in torchvision's layout, in 10 MB: all tensors are parts of one storage."""
    with torch.device("meta"):
        shapes = make_layers(cfgs[CONFIGURATIONS[network]], batch_norm=batch_norm).state_dict()
    state = {
        f"features.{name}": storage()[n * 1000 : n * 1000 + meta.numel()].view(meta.shape)
        for n, (name, meta) in enumerate(shapes.items())
    }
    # torchvision's IMAGENET1K_FEATURES has a classifier of nan
    return {**state, "classifier.0.weight": torch.full((4, 4), torch.nan)}


def caffe_state(network: str) -> dict[str, Tensor]:
    """The same weights in Caffe's layout."""
    names = [
        f"conv{b}_{n}" for b, count in enumerate(BLOCKS[network], 1) for n in range(1, 1 + count)
    ]
    keys = [f"{name}.{kind}" for name in names for kind in ("weight", "bias")]
    features = list(torchvision_state(network).values())[:-1]
    return {**dict(zip(keys, features, strict=True)), "fc6.weight": torch.zeros(4, 4)}


def saved(state: object, file: Path) -> str:
    torch.save(state, file)
    return str(file)


def parameters(backbone: VGG) -> list[Tensor]:
    return list(backbone.parameters())


def published(
    entry: WeightsEnum, state: object, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Let torchvision's entry point to a file of ours, named by its hash as theirs are."""
    draft = Path(saved(state, folder / "draft.pth"))
    digest = hashlib.sha256(draft.read_bytes()).hexdigest()
    file = draft.rename(folder / f"vgg-{digest[:8]}.pth")
    monkeypatch.setattr(entry.value, "url", file.as_uri())
    return file


@pytest.mark.parametrize("network", [VGG16, VGG19])
@pytest.mark.parametrize("state_of", [torchvision_state, caffe_state])
@pytest.mark.parametrize("wrapped", [False, True])
def test_weights_come_out_of_a_local_file(
    network: type[VGG], state_of: Callable[[str], dict[str, Tensor]], wrapped: bool, tmp_path: Path
) -> None:
    state = state_of(network.__name__)
    backbone = network(
        weights=saved({"state_dict": state} if wrapped else state, tmp_path / "w.pt"),
        activations="own",
    )
    for ours, theirs in zip(parameters(backbone), list(state.values())[:-1], strict=True):
        assert torch.equal(ours, theirs)
        assert not ours.requires_grad


def test_weights_come_out_of_a_file_older_than_torch_1_6(tmp_path: Path) -> None:
    # such a file is no zip archive; torchvision's own are of this kind
    state = torchvision_state("VGG16")
    torch.save(state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    backbone = VGG16(weights=str(tmp_path / "old.pth"))
    assert torch.equal(parameters(backbone)[-1], list(state.values())[-2])


@pytest.mark.parametrize("state_of", [torchvision_state, caffe_state])
def test_weights_come_out_of_a_safetensors_file(
    state_of: Callable[[str], dict[str, Tensor]], tmp_path: Path
) -> None:
    state = {name: tensor.clone() for name, tensor in state_of("VGG16").items()}
    save_file(state, tmp_path / "w.safetensors")
    backbone = VGG16(weights=str(tmp_path / "w.safetensors"), activations="own")
    for ours, theirs in zip(parameters(backbone), list(state.values())[:-1], strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("kept", [0, 5, 4000, -1000])
def test_damaged_safetensors_file_is_named(kept: int, tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    save_file({name: t.clone() for name, t in torchvision_state("VGG16").items()}, file)
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(
        ValueError,
        match=rf"^`weights` of VGG16: {re.escape(str(file))} is damaged or no safetensors file "
        r"\(SafetensorError: [^\n]*\)\. Copy it again from where it came from\.$",
    ):
        VGG16(weights=str(file))


def test_file_and_hash_of_the_weights_are_logged_once(
    tmp_path: Path, hub: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    entry = VGG16_Weights.IMAGENET1K_V1
    file = published(entry, torchvision_state("VGG16"), tmp_path, monkeypatch)
    # oracle: hashlib over the file's bytes
    line = f"Weights of VGG16: {file.name}, sha256 {hashlib.sha256(file.read_bytes()).hexdigest()}."
    for weights in (str(file), entry.name):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            VGG16(weights=weights)
        assert [record.getMessage() for record in caplog.records] == [line]
    assert (hub / file.name).is_file()


def test_weights_of_half_precision_become_float32(tmp_path: Path) -> None:
    state = {name: tensor.half() for name, tensor in list(torchvision_state("VGG16").items())}
    backbone = VGG16(weights=saved(state, tmp_path / "half.pth"))
    assert {parameter.dtype for parameter in parameters(backbone)} == {torch.float32}


def test_trained_network_gives_no_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        VGG16(weights=saved(torchvision_state("VGG16"), tmp_path / "w.pth"))
    assert caplog.records == []


def test_caffe_weights_get_blue_green_red_in_255_minus_the_mean(tmp_path: Path) -> None:
    state = caffe_state("VGG16")
    image = picture(1, 3, 12, 10)
    network = VGG16(weights=saved(state, tmp_path / "caffe.pth"), activations="own")
    features = network(image, ["conv1_1"])
    # oracle: the preprocessing of Gatys' notebook, one channel after the other
    red, green, blue = (image * 255).unbind(1)
    x = torch.stack([blue - 103.939, green - 116.779, red - 123.68], 1)
    expected = torch.conv2d(x, state["conv1_1.weight"], state["conv1_1.bias"], padding=1)
    torch.testing.assert_close(features["conv1_1"], expected, rtol=1e-4, atol=1e-3)


def test_caffe_weights_scaled_accordingly_give_the_features_of_torchvisions(
    tmp_path: Path,
) -> None:
    ours = torchvision_state("VGG16")
    caffe = caffe_state("VGG16")
    # (x - m) / s in torchvision's terms is (255 x - c) / (255 s) + (c / 255 - m) / s in Caffe's
    mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[:, :, None, None]
    subtracted = torch.tensor([123.68, 116.779, 103.939])[:, None, None] / 255
    weight = ours["features.0.weight"]
    caffe["conv1_1.weight"] = (weight / (255 * std)).flip(1)
    shift = (weight * (subtracted - mean) / std).sum((1, 2, 3))
    caffe["conv1_1.bias"] = ours["features.0.bias"] + shift
    # borders are replicated, since a zero is another colour in each normalisation
    expected = VGG16(weights=saved(ours, tmp_path / "a.pth"), padding="replicate")
    backbone = VGG16(
        weights=saved(caffe, tmp_path / "b.pth"), padding="replicate", activations="own"
    )
    image = picture(2, 3, 12, 10)
    wanted = expected(image, LAYERS)
    for name, feature in backbone(image, LAYERS).items():
        torch.testing.assert_close(feature, wanted[name], rtol=1e-4, atol=1e-5)


def test_normalization_overrides_what_the_layout_says(tmp_path: Path) -> None:
    image = picture(1, 3, 12, 10)
    caffe = saved(caffe_state("VGG16"), tmp_path / "caffe.pth")
    ours = saved(torchvision_state("VGG16"), tmp_path / "torchvision.pth")
    cases: list[tuple[Literal["imagenet", "caffe"], str, str]]
    cases = [("caffe", caffe, ours), ("imagenet", ours, caffe)]
    for normalization, same, other in cases:
        expected = VGG16(weights=same)(image, LAYERS)
        features = VGG16(weights=other, normalization=normalization)(image, LAYERS)
        for name in LAYERS:
            assert torch.equal(features[name], expected[name])
        assert not torch.equal(
            VGG16(weights=other)(image, ["conv1_1"])["conv1_1"], expected["conv1_1"]
        )


@pytest.mark.parametrize(
    "entry",
    [
        VGG16_Weights.IMAGENET1K_V1,
        VGG16_Weights.IMAGENET1K_FEATURES,
        VGG19_Weights.IMAGENET1K_V1,
    ],
    ids=str,
)
def test_named_weights_are_downloaded_once_and_bring_their_normalisation(
    entry: WeightsEnum, tmp_path: Path, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = {VGG16_Weights: VGG16, VGG19_Weights: VGG19}[type(entry)]
    state = torchvision_state(network.__name__)
    file = published(entry, state, tmp_path, monkeypatch)
    network(weights=entry.name)
    file.unlink()  # from here on only the cache has it
    backbone = network(weights=str(entry), activations="own")
    assert [cached.name for cached in hub.iterdir()] == [file.name]
    for ours, theirs in zip(parameters(backbone), list(state.values())[:-1], strict=True):
        assert torch.equal(ours, theirs)
    image = picture(1, 3, 12, 12)
    # oracle: the transforms that torchvision 0.29 publishes with the weights, at our size
    x = entry.transforms(crop_size=12, resize_size=12)(image)
    expected = torch.conv2d(x, state["features.0.weight"], state["features.0.bias"], padding=1)
    torch.testing.assert_close(backbone(image, ["conv1_1"])["conv1_1"], expected)


def test_without_network_and_cache_the_error_says_what_to_do(hub: Path) -> None:
    with pytest.raises(
        FileNotFoundError,
        match=rf"^`weights` of VGG19: vgg19-dcbb9e9d\.pth is not in {re.escape(str(hub))}, and "
        r"can't be downloaded from https://\S+/vgg19-dcbb9e9d\.pth \(URLError: .*Name or service "
        r"not known.*\)\. Put the file there, or name a copy of it with `weights: PATH`; "
        r"configs/quickstart\.yaml downloads none\.$",
    ):
        VGG19()
    assert list(hub.iterdir()) == []


def test_silent_server_is_given_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float | None] = []

    def connect(*args: object, **kwargs: object) -> NoReturn:
        limits.append(socket.getdefaulttimeout())
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "getaddrinfo", connect)
    with pytest.raises(FileNotFoundError, match=r"can't be downloaded .*timed out"):
        VGG19()
    assert limits == [10]
    assert socket.getdefaulttimeout() is None


def test_download_with_another_hash_is_refused(
    tmp_path: Path, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = published(VGG19_Weights.IMAGENET1K_V1, torchvision_state("VGG19"), tmp_path, monkeypatch)
    file.write_bytes(b"<html>Please log in to the network</html>")
    with pytest.raises(
        FileNotFoundError,
        match=rf"{file.name} is not in .* \(RuntimeError: invalid hash value .*`weights: PATH`",
    ):
        VGG19()
    assert list(hub.iterdir()) == []


def test_damaged_cached_file_is_named(hub: Path) -> None:
    hub.mkdir(parents=True)
    file = hub / "vgg16-397923af.pth"
    saved(torchvision_state("VGG16"), file)
    file.write_bytes(file.read_bytes()[:100_000])
    with pytest.raises(
        OSError,
        match=rf"^`weights` of VGG16: the cached file {re.escape(str(file))} is damaged \(.*\)\. "
        r"Delete it to have it downloaded again, or name a good copy with `weights: PATH`; "
        r"configs/quickstart\.yaml downloads none\.$",
    ):
        VGG16()


def test_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ValueError,
        match=r"^Unknown `weights` 'IMAGENET1K_V2' for VGG16\. Names: oxford, "
        r"IMAGENET1K_V1, IMAGENET1K_FEATURES\. The path of a local file \(\.pth or "
        r"\.safetensors\) works too\.$",
    ):
        VGG16(weights="IMAGENET1K_V2")


@pytest.mark.parametrize("network", [VGG19, partial(TorchvisionModel, "vgg16")])
def test_oxford_is_refused_for_other_networks(network: Callable[..., Backbone]) -> None:
    with pytest.raises(
        ValueError,
        match=r"^Unknown `weights` 'oxford' for (VGG19|vgg16)\. Names: IMAGENET1K_V1.* works too\. "
        r"`oxford` is for the class VGG16 alone\.$",
    ):
        network(weights="oxford")


@pytest.mark.parametrize("weights", ["IMAGENET1K_V1", "no.pth"])
def test_what_is_missing_for_vgg16_has_a_small_way_out(weights: str) -> None:
    with pytest.raises(FileNotFoundError, match=r"\. The small way, 58 MB: `weights: oxford`\.$"):
        VGG16(weights=weights)


@pytest.mark.parametrize("name", ["vgg19.pth", "models/vgg19"])
def test_missing_file_is_named_with_its_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = re.escape(str(tmp_path / name))
    with pytest.raises(
        FileNotFoundError, match=rf"^`weights` of VGG19: there is no file {file}\.$"
    ):
        VGG19(weights=name)


@pytest.mark.parametrize("content", [b"", b"not a pickle", b"PK\x03\x04"])
def test_file_that_is_no_pickle_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "notes.pth"
    file.write_bytes(content)
    with pytest.raises(
        ValueError,
        match=rf"^`weights` of VGG19: {re.escape(str(file))} is no weights file that can be read "
        r"safely \([^\n]*\)\. It must be a state dict written by `torch\.save`, or end in "
        r"\.safetensors\.$",
    ):
        VGG19(weights=str(file))


def test_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    file = saved(torch.nn.Linear(1, 1), tmp_path / "module.pth")
    with pytest.raises(ValueError, match=r"is no weights file that can be read safely"):
        VGG19(weights=file)


def test_file_of_something_else_is_refused(tmp_path: Path) -> None:
    file = saved(torch.zeros(3), tmp_path / "tensor.pth")
    with pytest.raises(
        ValueError, match=r"^`weights` of VGG19: .*tensor\.pth holds a Tensor, not a state dict\.$"
    ):
        VGG19(weights=file)


def test_file_of_neither_layout_is_refused(tmp_path: Path) -> None:
    file = saved({"layer1.0.conv1.weight": torch.zeros(3)}, tmp_path / "resnet.pth")
    with pytest.raises(
        ValueError,
        match=r"^`weights` of VGG19: .*resnet\.pth has neither 'features\.0\.weight' "
        r"\(torchvision's layout\) nor 'conv1_1\.weight' \(Caffe's\)\.$",
    ):
        VGG19(weights=file)


@pytest.mark.parametrize(
    ("network", "state", "message"),
    [
        (
            VGG16,
            torchvision_state("VGG19"),
            # module 17 is conv4_1 in VGG-16 and relu3_4 in VGG-19
            r"'features\.17\.weight' is missing in .*\. These look like the weights of VGG19\.$",
        ),
        (
            VGG19,
            torchvision_state("VGG16"),
            r"'features\.16\.weight' is missing in .*\. These look like the weights of VGG16\.$",
        ),
        (
            VGG16,
            caffe_state("VGG19"),
            r"VGG16 has no 'conv3_4\.weight' in .*\. These look like the weights of VGG19\.$",
        ),
        (
            VGG19,
            caffe_state("VGG16"),
            r"'conv3_4\.weight' is missing in .*\. These look like the weights of VGG16\.$",
        ),
        (
            VGG16,
            torchvision_state("VGG13"),
            r"'features\.14\.weight' is missing in .*\. These look like the weights of VGG13\.$",
        ),
        (
            VGG16,
            torchvision_state("VGG16", batch_norm=True),
            r"'features\.2\.weight' is missing in .*\. These look like the weights of VGG16 with "
            r"batch normalisation\.$",
        ),
        (
            VGG16,
            torchvision_state("VGG16") | {"features.5.weight": torch.zeros(2, 64, 3, 3)},
            r"'features\.5\.weight' must have shape \(128, 64, 3, 3\), got \(2, 64, 3, 3\) in "
            r".*other\.pth\.$",
        ),
        (
            VGG19,
            {"features.0.weight": torch.zeros(64, 3, 3, 3)},
            r"'features\.0\.bias' is missing in .*other\.pth\.$",
        ),
    ],
    ids=["19-16", "16-19", "caffe-19-16", "caffe-16-19", "13-16", "bn", "shape", "part"],
)
def test_weights_of_another_network_are_refused(
    network: type[VGG], state: dict[str, Tensor], message: str, tmp_path: Path
) -> None:
    file = saved(state, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=rf"^`weights` of {network.__name__}: {message}"):
        network(weights=file)
