"""A package like the one that holds VGG-16's filters, with a tiny network in it."""

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from stylelightning.backbones.weights.source import OXFORD, Source
from tests.backbones.weights.protobuf import model

TINY = {"conv1_1": (2, 3), "conv1_2": (2, 2), "conv2_1": (4, 2)}
WHEEL = "tiny_filters-1.0-py3-none-any.whl"
MEMBER = "tiny_filters/models/classifier.onnx"


@dataclass(frozen=True)
class Package:
    """A wheel and all that is known of it.

    Args:
        source: The facts.
        wheel: The file.
        network: The ONNX file in it.
        filters: Its tensors by their names in Caffe's layout.
    """

    source: Source
    wheel: Path
    network: bytes
    filters: dict[str, Tensor]


def make_package(
    folder: Path,
    convolutions: Mapping[str, tuple[int, int]] = TINY,
    held: Mapping[str, Tensor] | None = None,
    network: bytes | None = None,
    member: str = MEMBER,
) -> Package:
    """Write a wheel, and its facts as if they had been measured on it.

    Args:
        folder: Where to put it.
        convolutions: Channels out and in of each.
        held: Tensors in place of some of those that the facts are about.
        network: Content in the place of the ONNX file.
        member: Name of the ONNX file in the wheel.
    """
    wheel = folder / WHEEL
    draft = replace(OXFORD, convolutions=convolutions)
    generator = torch.Generator().manual_seed(7)
    filters = {n: torch.randn(shape, generator=generator) for n, shape in draft.shapes.items()}
    names = draft.onnx_names
    if network is None:
        tensors = {names[n]: tensor for n, tensor in {**filters, **(held or {})}.items()}
        network = model(tensors)
    write_wheel(wheel, {member: network})
    first = filters["conv1_1.weight"]
    source = replace(
        draft,
        package="tiny-filters",
        version="1.0",
        wheel=WHEEL,
        wheel_size=wheel.stat().st_size,
        wheel_sha256=sha256(wheel.read_bytes()),
        member=MEMBER,
        member_size=len(network),
        member_sha256=sha256(network),
        probes=[("conv1_1.weight", [1, 2, 0, 1], first[1, 2, 0, 1].item())],
        digest=expected_digest(filters),
    )
    return Package(source, wheel, network, filters)


def write_wheel(file: Path, content: Mapping[str, bytes], name: str = "tiny_filters-1.0") -> None:
    """Write a wheel that pip takes."""
    package, version = name.split("-")
    metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for member, data in content.items():
            archive.writestr(member, data)
        archive.writestr(f"{name}.dist-info/METADATA", metadata)
        archive.writestr(f"{name}.dist-info/WHEEL", tags)
        archive.writestr(f"{name}.dist-info/RECORD", "")


def expected_digest(filters: Mapping[str, Tensor]) -> str:
    """The digest by its definition: everything in one string."""
    parts = [
        f"{name} {'x'.join(str(n) for n in tensor.shape)}\n".encode()
        + tensor.numpy().astype("<f4").tobytes()
        for name, tensor in filters.items()
    ]
    return sha256(b"".join(parts))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
