"""What is known of filters that are fetched out of somebody's package."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FACTS = Path(__file__).with_name("sources.toml")
"""The facts, which `stylelightning weights` reads too."""


@dataclass(frozen=True)
class Source:
    """Filters of a VGG in an ONNX file in a wheel, and all that they are known by.

    Args:
        name: What ``weights`` calls them.
        network: Class of the network whose filters they are.
        megabytes: Size of the download, in units of 1024 x 1024 bytes.
        file: Name of the file that they are kept in.
        package: The package, as an index calls it.
        version: Its version.
        wheel: Name of the wheel.
        wheel_size: Size of the wheel in bytes.
        wheel_sha256: Its SHA-256, 64 digits.
        member: The ONNX file in the wheel.
        member_size: Its size in bytes.
        member_sha256: Its SHA-256, 64 digits.
        kernel: Name of a kernel there, with ``{block}`` and ``{number}`` for those of the layer.
        bias: Name of a bias there.
        digest: SHA-256 of all tensors, as ``checking.digest_of`` computes it.
        licence: Short name of the filters' licence.
        licence_link: Its text.
        credit: Who made them, and where that is described.
        changes: What was changed since.
        probes: Names, indices and values of single numbers that are published elsewhere.
        convolutions: Channels out and in of each convolution by its name, such as ``conv1_1``, in
            depth order.
    """

    name: str
    network: str
    megabytes: int
    file: str
    package: str
    version: str
    wheel: str
    wheel_size: int
    wheel_sha256: str
    member: str
    member_size: int
    member_sha256: str
    kernel: str
    bias: str
    digest: str
    licence: str
    licence_link: str
    credit: str
    changes: str
    probes: Sequence[tuple[str, Sequence[int], float]]
    convolutions: Mapping[str, tuple[int, int]]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor by its name in Caffe's layout, in depth order."""
        shapes: dict[str, tuple[int, ...]] = {}
        for name, (outputs, inputs) in self.convolutions.items():
            shapes |= {f"{name}.weight": (outputs, inputs, 3, 3), f"{name}.bias": (outputs,)}
        return shapes

    @property
    def onnx_names(self) -> dict[str, str]:
        """Names in the ONNX file by those in Caffe's layout."""
        names: dict[str, str] = {}
        for name in self.convolutions:
            block, number = name.removeprefix("conv").split("_")
            for kind, pattern in (("weight", self.kernel), ("bias", self.bias)):
                names[f"{name}.{kind}"] = pattern.format(block=block, number=number)
        return names

    @property
    def torchvision_names(self) -> dict[str, str]:
        """Names in torchvision's layout, which numbers all layers, by those in Caffe's."""
        names: dict[str, str] = {}
        for n, name in enumerate(self.convolutions):
            # a convolution comes with a ReLU, and a block ends with a pool
            index = 2 * n + int(name.removeprefix("conv").split("_")[0]) - 1
            names |= {f"{name}.{kind}": f"features.{index}.{kind}" for kind in ("weight", "bias")}
        return names


OXFORD = Source(**tomllib.loads(FACTS.read_text(encoding="utf-8"))["oxford"])
"""The original filters of VGG-16, from the first convolution to the last."""
