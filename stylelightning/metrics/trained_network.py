"""The trained network that metrics look through, loaded once in a process."""

import logging
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from stylelightning import backbones
from stylelightning.backbones import VGG16, Backbone, Features
from stylelightning.backbones.weights.cache import kept_file
from stylelightning.backbones.weights.source import OXFORD

NETWORK_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1")
"""Layers of VGG-16 that a metric may compare."""


def trained_filters_are_here() -> bool:
    """Return whether Oxford's filters of VGG-16 are in the cache."""
    return kept_file(OXFORD).is_file()


def network_for(metric: str, backbone: Backbone | None) -> Backbone:
    """Return the network that a metric looks through.

    Args:
        metric: Class of the metric, for the message.
        backbone: The one that it was given; None for VGG-16 with Oxford's filters.

    Raises:
        OSError: If these filters are not in the cache: a metric never fetches anything.
    """
    if backbone is not None:
        return backbone
    if not trained_filters_are_here():
        raise FileNotFoundError(
            f"{metric} needs Oxford's filters of VGG-16, which are not in {kept_file(OXFORD)}: get "
            "them with `python -m stylelightning weights get oxford`, or give it a `backbone`."
        )
    return _vgg16()


def features(network: Backbone, image: Tensor, layers: Sequence[str]) -> Features:
    """Return the maps of a picture, in the layout in which a network is fastest.

    Args:
        network: The network; its weights' layout is changed.
        image: Picture of shape (1, 3, H, W) in [0, 1].
        layers: Names of the layers.

    Raises:
        ValueError: If the picture is too small for a layer.
    """
    network.to(image.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    found: Features = network(image.contiguous(memory_format=torch.channels_last), layers)
    return found


def check_layers(metric: str, backbone: Backbone | None, layers: Sequence[str]) -> None:
    """Refuse layers that the network does not have, before it is loaded.

    Args:
        metric: Class of the metric, for the message.
        backbone: The network that it was given, if any.
        layers: The layers that it compares.

    Raises:
        ValueError: If there is none, or one is unknown.
    """
    if not layers:
        raise ValueError(f"`layers` of {metric} must name a layer, got none.")
    if backbone is not None:
        backbone.check_layers(layers)
    elif unknown := [each for each in layers if each not in NETWORK_LAYERS]:
        raise ValueError(
            f"`layers` of {metric} without a `backbone` must be of {', '.join(NETWORK_LAYERS)}, "
            f"got {unknown[0]!r}."
        )


@lru_cache(maxsize=1)
def _vgg16() -> Backbone:
    logger = logging.getLogger(backbones.__name__)
    level = logger.level
    logger.setLevel(logging.WARNING)  # which weights a run has is said by the run alone
    try:
        return VGG16(weights="oxford").requires_grad_(False)
    finally:
        logger.setLevel(level)
