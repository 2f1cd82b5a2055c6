"""Metrics that look through a trained network, which is loaded once in a process."""

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache

import torch
from torch import Tensor

from stylelightning import backbones
from stylelightning.backbones import VGG16, Backbone, Features
from stylelightning.backbones.weights.cache import kept_file
from stylelightning.backbones.weights.source import OXFORD
from stylelightning.backbones.windows import Maps
from stylelightning.metrics.base import PictureMetric
from stylelightning.metrics.parts import maps_of

NETWORK_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1")
"""Layers of VGG-16 that a metric may compare."""


def trained_filters_are_here() -> bool:
    """Return whether Oxford's filters of VGG-16 are in the cache."""
    return kept_file(OXFORD).is_file()


class NetworkMetric(PictureMetric):
    """A metric of the feature maps of a network: a number for each layer, and their mean.

    Args:
        backbone: The network; None for VGG-16 with Oxford's filters.
        layers: Layers to compare.
        name: Name of the mean, and beginning of the layers' names.

    Raises:
        ValueError: If a layer is unknown, or there is none.
    """

    def __init__(self, backbone: Backbone | None, layers: Sequence[str], name: str) -> None:
        _check_layers(type(self).__name__, backbone, layers)
        super().__init__([name, *(f"{name}/{layer}" for layer in layers)])
        self.backbone = None if backbone is None else backbone.requires_grad_(False)
        self.layers = tuple(layers)
        self.name = name

    def features(self, image: Tensor) -> Maps:
        """Return the maps of a picture, from the network in the layout in which it is fastest.

        Args:
            image: Picture of shape (1, 3, H, W) in [0, 1]; the maps of a large one are computed
                tile by tile when they are asked for.

        Raises:
            OSError: If the trained filters are not in the cache: a metric never fetches anything.
            ValueError: If the picture is too small for a layer.
        """
        network = self._network()
        network.to(image.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

        def compute(part: Tensor, layers: frozenset[str]) -> Features:
            laid_out = part.contiguous(memory_format=torch.channels_last)
            found: Features = network(laid_out, layers)
            return found

        return maps_of(network, compute, self.layers, image)

    def with_mean(self, of_layers: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the metric's numbers, the mean first.

        Args:
            of_layers: The number of each layer.
        """
        mean = torch.stack(list(of_layers.values())).mean()
        return {self.name: mean} | {f"{self.name}/{key}": each for key, each in of_layers.items()}

    def _network(self) -> Backbone:
        if self.backbone is not None:
            return self.backbone
        if not trained_filters_are_here():
            raise FileNotFoundError(
                f"{type(self).__name__} needs Oxford's filters of VGG-16, which are not in "
                f"{kept_file(OXFORD)}: get them with `python -m stylelightning weights get "
                "oxford`, or give it a `backbone`."
            )
        return _vgg16()


def _check_layers(metric: str, backbone: Backbone | None, layers: Sequence[str]) -> None:
    """Refuse layers that the network does not have, before it is loaded."""
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
