"""Measured mean activations of filters, and which filters they belong to."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

MEANS = Path(__file__).with_name("oxford_vgg16_means.safetensors")
"""Means of Oxford's VGG-16, in the scale of a network for normalised pictures.

``benchmarks/mean_activations.py`` makes it; its metadata says what was measured.
"""

_DIGEST = "filters_sha256"


def mean_activations_of(state: Mapping[str, Tensor], network: str) -> dict[str, Tensor]:
    """Return the measured means of some filters, in the order of their convolutions.

    Args:
        state: Weights and biases in the scale of a network for normalised pictures, in order.
        network: Name of the network, for messages.

    Returns:
        Mean activation of each filter after ReLU, by the name of the convolution, such as
        ``conv1_1``.

    Raises:
        ValueError: If the means are of other filters.
    """
    with safe_open(MEANS, "pt") as file:
        if file.metadata()[_DIGEST] != filters_digest(state):
            raise ValueError(
                f"`activations: normalised` needs Oxford's VGG-16, the one network whose mean "
                f"activations are known, and the filters of this {network} are others: leave "
                "`activations: unit`, or take VGG16 with `weights: oxford`."
            )
        return {name: file.get_tensor(name) for name in convolutions(state)}


def write_means(
    path: Path, means: Mapping[str, Tensor], state: Mapping[str, Tensor], measured: str
) -> None:
    """Write a file of means.

    Args:
        path: Where to, a file that ends in ``.safetensors``.
        means: Mean activation of each filter, by the name of the convolution.
        state: The filters that they belong to, in order.
        measured: What was measured, in words.
    """
    tensors = {name: mean.float().contiguous() for name, mean in means.items()}
    save_file(tensors, path, {_DIGEST: filters_digest(state), "measured": measured})


def filters_digest(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of all filters but the first convolution's, as 64 digits.

    Those are the same numbers whatever pictures the network reads: another order of colours or
    another mean is in the first convolution alone, another scale there and in the biases.

    Args:
        state: Weights and biases, in order.
    """
    digest = hashlib.sha256()
    for name in convolutions(state)[1:]:
        weight = state[f"{name}.weight"].detach().cpu().float().contiguous()
        digest.update(weight.numpy().astype(np.dtype("<f4"), copy=False).data)
    return digest.hexdigest()


def convolutions(state: Mapping[str, Tensor]) -> list[str]:
    """Return the names of a network's convolutions, in order, from those of its tensors."""
    return [name.removesuffix(".weight") for name in state if name.endswith(".weight")]
