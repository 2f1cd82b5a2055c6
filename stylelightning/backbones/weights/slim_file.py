"""Files of slim VGGs: filters, lenses, and what is to be known of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from stylelightning.backbones.weights.checking import digest_of, first_wrong
from stylelightning.backbones.weights.files import reason
from stylelightning.files.atomic import write_atomically

DIGEST = "digest"
"""Name of the entry that holds the SHA-256 of all tensors, as ``checking.digest_of`` has it."""
LENS = "lens."
"""What the names of lenses begin with."""


@dataclass(frozen=True)
class SlimFile:
    """The content of a file.

    Args:
        filters: Kernels and biases by name, such as ``conv1_1.weight``, in depth order.
        lenses: Matrix of each layer after a ReLU by its name, of shape (channels, channels), that
            gives its features the lengths and the angles of the teacher's.
        about: What is to be known: ``name``, ``teacher``, ``licence``, ``credit``, ``changes``,
            ``commit``, ``version``, ``config``, ``pictures``, ``explained`` and ``digest``.
    """

    filters: Mapping[str, Tensor]
    lenses: Mapping[str, Tensor]
    about: Mapping[str, str]

    @property
    def convolutions(self) -> list[int]:
        """Number of convolutions in each block, from the first to the last in a row."""
        counts: list[int] = []
        while f"conv{len(counts) + 1}_1.weight" in self.filters:
            names = (f"conv{len(counts) + 1}_{n}.weight" for n in count(1))
            counts.append(sum(1 for _ in takewhile(self.filters.__contains__, names)))
        return counts

    @property
    def channels(self) -> list[int]:
        """Number of channels in each block."""
        blocks = range(1, len(self.convolutions) + 1)
        return [self.filters[f"conv{block}_1.weight"].shape[:1].numel() for block in blocks]

    def first_wrong(self, filters: Mapping[str, tuple[int, ...]], lenses: Mapping[str, int]) -> str:
        """Return what is wrong with the first tensor that is not that of a network.

        Args:
            filters: Shape of each kernel and bias of the network, by name.
            lenses: Number of channels of each of its layers that has a lens, by name.

        Returns:
            The beginning of a sentence, empty when nothing is wrong.
        """
        shapes = {**filters, **{LENS + name: (width, width) for name, width in lenses.items()}}
        tensors = {**self.filters, **{LENS + name: lens for name, lens in self.lenses.items()}}
        if not filters:
            return "'conv1_1.weight' is missing"
        if wrong := first_wrong(tensors, shapes):
            return wrong
        unknown = next((name for name in tensors if name not in shapes), None)
        return f"{unknown!r} belongs to none of its layers" if unknown else ""


def write_slim_file(path: str | Path, content: SlimFile) -> None:
    """Write a file in half precision, whole or not at all; the same content is the same bytes.

    Args:
        path: Path of the file.
        content: What it holds; its digest is computed here.

    Raises:
        OSError: If it can't be written.
    """
    tensors = {
        name: tensor.detach().cpu().half().contiguous()
        for name, tensor in (
            *content.filters.items(),
            *((LENS + name, lens) for name, lens in content.lenses.items()),
        )
    }
    about = {**content.about, DIGEST: slim_digest(tensors)}
    write_atomically(path, _with_sorted_header(safetensors.torch.save(tensors, about)))


def read_slim_file(path: Path) -> SlimFile:
    """Return the content of a file, in single precision.

    Args:
        path: Path of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or of another kind.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"`weights` of SlimVGG: there is no file {path.absolute()}. "
            "`python -m stylelightning distill` makes one; `slim` comes with the package."
        )
    try:
        with safe_open(path, "pt") as file:
            about = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"`weights` of SlimVGG: {path.absolute()} is damaged or no safetensors file "
            f"({reason(error)})."
        ) from error
    if about.get(DIGEST) != slim_digest(tensors):
        raise ValueError(
            f"`weights` of SlimVGG: {path.absolute()} is damaged, or was not written by "
            "`python -m stylelightning distill`: its tensors have another SHA-256 than it says."
        )
    filters: dict[str, Tensor] = {}
    lenses: dict[str, Tensor] = {}
    for name, tensor in _in_order(tensors).items():
        part = lenses if name.startswith(LENS) else filters
        part[name.removeprefix(LENS)] = tensor.float()
    return SlimFile(filters, lenses, about)


def slim_digest(tensors: Mapping[str, Tensor]) -> str:
    """Return one SHA-256 of the tensors of a file, whatever their order there.

    Args:
        tensors: Tensors by name, in half precision.
    """
    return digest_of((name, tensor.float()) for name, tensor in _in_order(tensors).items())


def _with_sorted_header(data: bytes) -> bytes:
    """Return a safetensors file with its metadata in order, which safetensors shuffles."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:start]), sort_keys=True).encode()
    header += b" " * (-len(header) % 8)  # the tensors stay aligned
    return len(header).to_bytes(8, "little") + header + data[start:]


def _in_order(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors in depth order, a kernel before its bias."""
    names = sorted(tensors, key=lambda name: (name.endswith(".bias"), name))
    names.sort(key=lambda name: name.partition(".")[0] if not name.startswith(LENS) else name)
    return {name: tensors[name] for name in names}
