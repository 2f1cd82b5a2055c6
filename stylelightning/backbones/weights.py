"""Pretrained weights of a VGG: by torchvision's name for them, or out of a file."""

import socket
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from torch import Tensor
from torchvision.models import WeightsEnum

from stylelightning.backbones.normalization import NORMALIZATIONS, Normalization

_VGG_BY_CONVOLUTIONS = {8: "VGG11", 10: "VGG13", 13: "VGG16", 16: "VGG19"}
_SECONDS_WITHOUT_ANSWER = 10.0


def load_weights(
    weights: str,
    network: str,
    entries: type[WeightsEnum],
    layers: Sequence[str],
    shapes: Mapping[str, torch.Size],
) -> tuple[dict[str, Tensor], Normalization]:
    """Return the weights of a network, and the normalisation that belongs to them.

    Args:
        weights: A name out of ``entries``, or the path of a file in torchvision's layout
            (``features.0.weight``) or Caffe's (``conv1_1.weight``).
        network: Name of the network, for messages.
        entries: torchvision's weights of this network.
        layers: All layers in depth order, which is how torchvision numbers them.
        shapes: Shape of each tensor by its name, which is Caffe's, such as ``conv1_1.weight``.

    Returns:
        The tensors by the names in ``shapes``, and the normalisation.

    Raises:
        FileNotFoundError: If the file is not there, or neither cached nor to be downloaded.
        OSError: If the cached file is damaged.
        ValueError: If the name is unknown, or the file holds no or other weights.
    """
    entry = entries.__members__.get(weights.removeprefix(f"{entries.__name__}."))
    path = Path(weights)
    if entry is not None:
        source = _cached_file(entry)
        state = _download(entry, network)
    elif path.suffix or path.name != weights or path.exists():
        source = path.expanduser().absolute()
        state = _read(source, network)
    else:
        known = ", ".join(entry.name for entry in entries)
        raise ValueError(
            f"Unknown `weights` {weights!r} for {network}. Names: {known}. The path of a local "
            "file (.pth) works too."
        )
    if "features.0.weight" in state:
        normalization = NORMALIZATIONS["imagenet"]
        names = [
            f"features.{layers.index(layer)}.{kind}"
            for layer, kind in (name.split(".") for name in shapes)
        ]
    elif "conv1_1.weight" in state:
        normalization = NORMALIZATIONS["caffe"]
        names = list(shapes)
    else:
        raise ValueError(
            f"`weights` of {network}: {source} has neither 'features.0.weight' (torchvision's "
            "layout) nor 'conv1_1.weight' (Caffe's)."
        )
    _check_tensors(state, dict(zip(names, shapes.values(), strict=True)), source, network)
    if entry is not None:
        preset = entry.transforms()
        normalization = Normalization(tuple(preset.mean), tuple(preset.std))
    return {own: state[name] for own, name in zip(shapes, names, strict=True)}, normalization


def _cached_file(entry: WeightsEnum) -> Path:
    return Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(entry.url).path).name).absolute()


def _download(entry: WeightsEnum, network: str) -> Mapping[str, Any]:
    file = _cached_file(entry)
    cached = file.is_file()
    try:
        with _limit_on_silence(_SECONDS_WITHOUT_ANSWER):
            state: Mapping[str, Any] = entry.get_state_dict(
                progress=True, check_hash=True, map_location="cpu", weights_only=True
            )
    except Exception as error:  # of the network, the disk, the hash, the archive or the pickle
        if cached:
            raise OSError(
                f"`weights` of {network}: the cached file {file} is damaged ({_reason(error)}). "
                "Delete it to have it downloaded again, or name a good copy with `weights: PATH`; "
                "configs/quickstart.yaml needs none."
            ) from error
        raise FileNotFoundError(
            f"`weights` of {network}: {file.name} is not in {file.parent}, and can't be downloaded "
            f"from {entry.url} ({_reason(error)}). Put the file there, or name a copy of it with "
            "`weights: PATH`; configs/quickstart.yaml needs none."
        ) from error
    return state


def _read(file: Path, network: str) -> Mapping[str, Any]:
    if not file.exists():
        raise FileNotFoundError(f"`weights` of {network}: there is no file {file}.")
    try:
        # The file is mapped, so that the classifier of 500 MB is never read.
        state = torch.load(
            file, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(file)
        )
    except Exception as error:  # a pickle may fail in any way
        raise ValueError(
            f"`weights` of {network}: {file} is no weights file that can be read safely "
            f"({_reason(error)}). It must be a state dict written by `torch.save`."
        ) from error
    if isinstance(state, Mapping):
        state = state.get("state_dict", state)
    if not isinstance(state, Mapping):
        raise ValueError(
            f"`weights` of {network}: {file} holds a {type(state).__name__}, not a state dict."
        )
    return state


def _check_tensors(
    state: Mapping[str, Any], shapes: Mapping[str, torch.Size], source: Path, network: str
) -> None:
    found = {
        name: tensor
        for name, tensor in state.items()
        if isinstance(tensor, Tensor) and name.startswith(("features.", "conv"))
    }
    wrong = ""
    for name, shape in shapes.items():
        if name not in found:
            wrong = f"{name!r} is missing"
        elif found[name].shape != shape:
            wrong = f"{name!r} must have shape {tuple(shape)}, got {tuple(found[name].shape)}"
        if wrong:
            break
    else:
        extra = next((name for name in found if name not in shapes), None)
        if extra is None:
            return
        wrong = f"{network} has no {extra!r}"
    convolutions = sum(tensor.ndim == 4 for tensor in found.values())
    guess = _VGG_BY_CONVOLUTIONS.get(convolutions)
    if guess is not None and any(name.endswith("running_mean") for name in found):
        guess += " with batch normalisation"
    hint = f" These look like the weights of {guess}." if guess not in (None, network) else ""
    raise ValueError(f"`weights` of {network}: {wrong} in {source}.{hint}")


@contextmanager
def _limit_on_silence(seconds: float) -> Iterator[None]:
    """Give up on a server that is silent for that long: torch.hub itself waits for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(before or seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _reason(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
