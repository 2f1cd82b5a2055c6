"""The scale of a VGG's features, set through its filters.

Convolution, ReLU and pooling are positively homogeneous: a positive factor on what they read is the
same factor on what they give, for each channel by itself where channels do not mix. So a factor on
the features is one on filters and biases, and the network otherwise stays what it is.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor

from stylelightning.backbones.mean_activations import convolutions, mean_activations_of
from stylelightning.backbones.normalization import NORMALIZATIONS, Normalization

Activations = Literal["unit", "own", "normalised"]
"""Names of the scales."""

State = Mapping[str, Tensor]
"""Weights and biases of convolutions that follow each other, as ``conv1_1.weight``, in order."""

FLOOR = 0.01
"""The smallest mean that a filter is divided by, as a part of its layer's median."""


def scale_of(normalization: Normalization) -> float:
    """Return how much larger features are than those of a network for normalised pictures.

    It is the mean of ImageNet's deviations by the mean of those that pictures are divided by: 1
    for ``imagenet``, 0.226 * 255 = 57.63 for pictures in [0, 255], 0.226 for ``centred``.

    Args:
        normalization: What is done to a picture first.
    """
    return sum(NORMALIZATIONS["imagenet"].std) / sum(normalization.std)


def rescaled(state: State, factor: float) -> dict[str, Tensor]:
    """Return the filters of a network whose features are all divided by a factor.

    The first convolution's filters and every bias are divided by it.

    Args:
        state: Weights and biases.
        factor: What the features are divided by, above 0.
    """
    first = next(iter(state))
    return {
        name: tensor / factor if name == first or name.endswith(".bias") else tensor
        for name, tensor in state.items()
    }


def normalised(state: State, means: Mapping[str, Tensor]) -> dict[str, Tensor]:
    r"""Return filters whose activations have the mean 1, and that otherwise see the same.

    .. math:: w'_{cd} = \frac{m_d}{m_c} w_{cd}, \qquad b'_c = \frac{b_c}{m_c}

    with d a channel that a convolution reads and c one that it gives. Channel c is then divided by
    its own mean at every layer, pooled ones included. A mean below ``FLOOR`` times the median of
    those in its layer that are above 0 is replaced by that, so that a filter that hardly fired on
    the measured pictures is not magnified without bound on others; where none fired, nothing is
    divided.

    Args:
        state: Weights and biases.
        means: Mean activation of each filter after ReLU, by the name of the convolution.

    Source: Gatys, Ecker and Bethge, "Texture synthesis using convolutional neural networks",
    NIPS 2015, section 2, https://arxiv.org/abs/1505.07376
    """
    scaled: dict[str, Tensor] = {}
    read: Tensor | None = None
    for name in convolutions(state):
        weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
        given = _divisors(means[name])
        if read is not None:
            weight = weight * read[:, None, None]
        scaled[f"{name}.weight"] = weight / given[:, None, None, None]
        scaled[f"{name}.bias"] = bias / given
        read = given
    return scaled


def _divisors(means: Tensor) -> Tensor:
    """Return what the filters of a layer are divided by: their means, none too small."""
    fired = means[means > 0]
    if not len(fired):
        return torch.ones_like(means)
    return means.clamp_min(FLOOR * float(fired.median()))


def _unit(state: State, normalization: Normalization, network: str) -> dict[str, Tensor]:
    return rescaled(state, scale_of(normalization))


def _own(state: State, normalization: Normalization, network: str) -> dict[str, Tensor]:
    return dict(state)


def _normalised(state: State, normalization: Normalization, network: str) -> dict[str, Tensor]:
    unit = _unit(state, normalization, network)
    return normalised(unit, mean_activations_of(unit, network))


ACTIVATIONS: Mapping[Activations, Callable[[State, Normalization, str], dict[str, Tensor]]] = (
    MappingProxyType({"unit": _unit, "own": _own, "normalised": _normalised})
)
"""What gives a network's filters each scale, from the filters, what pictures are normalised by and
the network's name for messages."""
