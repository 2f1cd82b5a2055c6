"""Pretrained weights: by torchvision's name for them, or out of a file."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from torch import Tensor
from torchvision.models import WeightsEnum

from stylelightning.backbones.weights.files import log_digest, read_file, reason

_SECONDS_WITHOUT_ANSWER = 10.0


@dataclass(frozen=True)
class Weights:
    """The tensors of a network and where they came from.

    Args:
        state: Tensors by name.
        file: The file that held them.
        entry: torchvision's entry for them; None when a file was named.
    """

    state: Mapping[str, Any]
    file: Path
    entry: WeightsEnum | None


def find_weights(weights: str, network: str, entries: type[WeightsEnum]) -> Weights:
    """Return the weights that a name or a path stands for, and log the hash of their file.

    Args:
        weights: A name out of ``entries``, or the path of a file.
        network: Name of the network, for messages.
        entries: torchvision's weights of this network.

    Raises:
        FileNotFoundError: If the file is not there, or neither cached nor to be downloaded.
        OSError: If the cached file is damaged.
        ValueError: If the name is unknown, or the file is not one of weights.
    """
    entry = entries.__members__.get(weights.removeprefix(f"{entries.__name__}."))
    path = Path(weights)
    if entry is not None:
        file = cached_file(entry)
        state = _download(entry, network)
    elif path.suffix or path.name != weights or path.exists():
        file = path.expanduser().absolute()
        state = read_file(file, network)
    else:
        known = ", ".join(entry.name for entry in entries)
        raise ValueError(
            f"Unknown `weights` {weights!r} for {network}. Names: {known}. The path of a local "
            "file (.pth or .safetensors) works too."
        )
    log_digest(file, network)
    return Weights(state, file, entry)


def first_wrong(state: Mapping[str, Any], shapes: Mapping[str, torch.Size]) -> str:
    """Return what is wrong with the first tensor that is missing or of another shape.

    Args:
        state: Tensors by name.
        shapes: Shape of each tensor that is needed, by name.

    Returns:
        The beginning of a sentence, empty when nothing is wrong.
    """
    for name, shape in shapes.items():
        tensor = state.get(name)
        if not isinstance(tensor, Tensor):
            return f"{name!r} is missing"
        if tensor.shape != shape:
            return f"{name!r} must have shape {tuple(shape)}, got {tuple(tensor.shape)}"
    return ""


def cached_file(entry: WeightsEnum) -> Path:
    """Return where torchvision keeps the file of an entry, whether it is there or not."""
    return Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(entry.url).path).name).absolute()


def _download(entry: WeightsEnum, network: str) -> Mapping[str, Any]:
    file = cached_file(entry)
    cached = file.is_file()
    try:
        with _limit_on_silence(_SECONDS_WITHOUT_ANSWER):
            state: Mapping[str, Any] = entry.get_state_dict(
                progress=True, check_hash=True, map_location="cpu", weights_only=True
            )
    except Exception as error:  # of the network, the disk, the hash, the archive or the pickle
        if cached:
            raise OSError(
                f"`weights` of {network}: the cached file {file} is damaged ({reason(error)}). "
                "Delete it to have it downloaded again, or name a good copy with `weights: PATH`; "
                "configs/quickstart.yaml needs none."
            ) from error
        raise FileNotFoundError(
            f"`weights` of {network}: {file.name} is not in {file.parent}, and can't be downloaded "
            f"from {entry.url} ({reason(error)}). Put the file there, or name a copy of it with "
            "`weights: PATH`; configs/quickstart.yaml needs none."
        ) from error
    return state


@contextmanager
def _limit_on_silence(seconds: float) -> Iterator[None]:
    """Give up on a server that is silent for that long: torch.hub itself waits for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(before or seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
