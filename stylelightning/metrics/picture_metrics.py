"""All metrics of a picture at once."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.images import RunPictures
from stylelightning.metrics.base import PictureMetric
from stylelightning.metrics.content_similarity import ContentSimilarity
from stylelightning.metrics.feature_similarity import FeatureSimilarity
from stylelightning.metrics.gaussian_distance import GaussianDistance
from stylelightning.metrics.gram_distance import GramDistance
from stylelightning.metrics.lpips import LPIPS
from stylelightning.metrics.style_distance import StyleDistance
from stylelightning.metrics.total_variation import TotalVariation
from stylelightning.metrics.trained_network import trained_filters_are_here

LARGEST = 512
"""Longer side in pixels to which larger pictures are reduced, unless another size is asked for."""


class PictureMetrics:
    """The numbers of several metrics for one picture after the other.

    After ``measure``, ``left_out`` says by name why numbers are not there, and ``failures`` those
    of them that could have been there: what cannot be computed is left out, never made up.

    Args:
        metrics: The metrics; None for all of this package, those with a trained network only if its
            weights are here.

    Raises:
        ValueError: If two metrics have a number of the same name.
    """

    def __init__(self, metrics: Sequence[PictureMetric] | None = None) -> None:
        self.metrics = default_metrics() if metrics is None else list(metrics)
        names = [name for metric in self.metrics for name in metric.names]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(
                f"Every number must have a name of its own, but {twice!r} is there twice: take "
                "one of its metrics out, or give it another `name`."
            )
        self.left_out: dict[str, str] = {}
        self.failures: dict[str, str] = {}

    @torch.no_grad()
    def measure(
        self,
        picture: Tensor,
        content: Tensor | None = None,
        styles: Sequence[Tensor] = (),
        shares: Sequence[float] = (),
    ) -> dict[str, float]:
        """Return the numbers of a picture by name, in the order of the metrics.

        Args:
            picture: Picture of shape (1, 3, H, W) in [0, 1].
            content: Content image of shape (1, 3, h, w), resized to the picture's size; None for
                none.
            styles: Style images, at the size at which they are compared with the picture.
            shares: Share of each style image in a blend; empty for equal ones.

        Returns:
            Finite numbers.
        """
        values: dict[str, float] = {}
        self.left_out, self.failures = {}, {}
        for metric in self.metrics:
            if missing := metric.missing(content, styles):
                self.left_out |= dict.fromkeys(metric.names, f"there is no {missing} image")
                continue
            metric.reset()
            try:
                metric.update(picture, content, styles, shares)
                found = {name: float(value) for name, value in metric.compute().items()}
            except Exception as error:  # of anyone's metric: the others are still worth having
                self.failures |= dict.fromkeys(metric.names, _one_line(error))
                continue
            finally:
                metric.reset()
            for name in metric.names:
                if math.isfinite(found.get(name, math.nan)):
                    values[name] = found[name]
                elif content is None:
                    self.left_out[name] = "there is no content image"
                else:
                    self.left_out[name] = "it is not defined for these pictures"
        self.left_out |= self.failures
        return values

    def measure_result(
        self, picture: Tensor, pictures: RunPictures, size: int | None = None
    ) -> dict[str, float]:
        """Return the numbers of a picture by those of a run's images in their own colours.

        Args:
            picture: Picture of shape (1, 3, H, W) in [0, 1].
            pictures: The run's images.
            size: Longer side in pixels at which all are compared; None for the picture's own, at
                most ``LARGEST``.
        """
        shape = self.compared_size(picture, size)
        content, styles = pictures.references(shape)
        return self.measure(F.resize(picture, shape), content, styles, pictures.shares)

    @staticmethod
    def compared_size(picture: Tensor, size: int | None) -> tuple[int, int]:
        """Return the height and width in pixels at which ``measure_result`` compares."""
        height, width = picture.shape[2:]
        long_side = min(max(height, width), LARGEST) if size is None else size
        return F.fit_long_side(height, width, long_side)


def default_metrics() -> list[PictureMetric]:
    """Return the metrics of this package; of those with a trained network, what has its weights.

    Nothing is fetched.
    """
    lpips = LPIPS()
    found: list[PictureMetric] = [StyleDistance(), GramDistance(), ContentSimilarity()]
    if trained_filters_are_here():
        found += [GaussianDistance(), FeatureSimilarity()]
    return [*found, *([lpips] if lpips.available else []), TotalVariation()]


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, OSError | ValueError) else f"{type(error).__name__}: {text}"
