"""Whether tensors are the ones that were meant."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stylelightning.backbones.weights.source import Source


def first_wrong(state: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> str:
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


def checked_filters(state: Mapping[str, Any], source: Source) -> dict[str, Tensor]:
    """Return a source's filters out of all that a file held, in float32 and in depth order.

    Args:
        state: Tensors by name, in Caffe's layout.
        source: What they must be.

    Raises:
        ValueError: If a tensor is missing or of another shape, a value is not the published one,
            or the digest of all is another.
    """
    if wrong := first_wrong(state, source.shapes):
        raise ValueError(wrong)
    filters = {name: state[name].detach().cpu().to(torch.float32) for name in source.shapes}
    for name, index, value in source.probes:
        got = filters[name][tuple(index)]
        if got != torch.tensor(value, dtype=torch.float32):
            raise ValueError(f"{name}{list(index)} must be {value}, got {got.item():.8g}")
    digest = digest_of(filters.items())
    if digest != source.digest:
        raise ValueError(f"the SHA-256 of its filters must be {source.digest}, got {digest}")
    return filters


def digest_of(tensors: Iterable[tuple[str, Tensor]]) -> str:
    """Return one SHA-256 of tensors in their order, as 64 digits.

    Of each, a line with its name and shape (``conv1_1.weight 64x3x3x3``, ``conv1_1.bias 64``) is
    hashed, then its values, little-endian float32 in C order. How a file stores them has no part
    in it.

    Args:
        tensors: Names and tensors.
    """
    digest = hashlib.sha256()
    for name, tensor in tensors:
        digest.update(f"{name} {'x'.join(map(str, tensor.shape))}\n".encode())
        digest.update(np.ascontiguousarray(tensor.numpy(), dtype="<f4").data)
    return digest.hexdigest()
