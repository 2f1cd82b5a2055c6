"""What a run minimises: the weighted sum of its losses at a picture."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.losses.base import IMAGE_LAYER, Count, Loss, StatisticalLoss
from stylelightning.losses.blame import blamed_on, checked_term
from stylelightning.losses.references import Reference, References

Compute = Callable[[Tensor, frozenset[str]], Features]
"""Gives the feature maps of a picture at some layers of the backbone."""


@dataclass(frozen=True)
class Terms:
    """The total at one picture and what it is made of.

    Args:
        weighted: The weighted terms by the names of their losses, scalars.
        statistics: What each `StatisticalLoss` compared, by its name, detached.
        counts: Number of positions of each layer, or the sum of their weights, by the same names.
    """

    weighted: dict[str, Tensor]
    statistics: dict[str, Features]
    counts: dict[str, dict[str, Count]]

    @property
    def total(self) -> Tensor:
        """The sum of the terms, a scalar."""
        return torch.stack(list(self.weighted.values())).sum()

    def detached(self) -> "Terms":
        """Return the same values without their gradients."""
        values = {name: term.detach() for name, term in self.weighted.items()}
        return replace(self, weighted=values)


class Objective:
    """The losses of a run with the weights in force, and the way from a picture to them.

    Those named in ``idle`` have a term of 0 and are asked for nothing.

    Args:
        losses: At least one loss, by name.
        compute: The backbone.
        weights: The weights in force; None for those that the losses were configured with.
    """

    def __init__(
        self,
        losses: Mapping[str, Loss],
        compute: Compute,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self.losses = dict(losses)
        self.idle: frozenset[str] = frozenset()
        self.compute = compute
        self._full_layers = {
            layer for loss in losses.values() if not loss.takes_bfloat16 for layer in loss.layers
        }
        configured = {name: loss.weight for name, loss in losses.items()}
        self.weights = configured if weights is None else dict(weights)

    @property
    def in_force(self) -> dict[str, Loss]:
        """The losses that are not idle, by name."""
        return {name: loss for name, loss in self.losses.items() if name not in self.idle}

    @property
    def layers(self) -> frozenset[str]:
        """The layers of the backbone that the losses in force read."""
        read = {name for loss in self.in_force.values() for name in loss.layers}
        return frozenset(read - {IMAGE_LAYER})

    def part(self, names: Iterable[str], weights: Mapping[str, float] | None = None) -> "Objective":
        """Return an objective of some of the losses in force, which it shares.

        Args:
            names: Names of the losses.
            weights: Their weights; None for those in force.
        """
        losses = {name: self.losses[name] for name in names if name not in self.idle}
        return Objective(losses, self.compute, self.weights if weights is None else weights)

    def features(self, picture: Tensor) -> Features:
        """Return the feature maps that the losses read.

        Args:
            picture: Picture of shape (1, 3, H, W) in [0, 1].

        Returns:
            The feature maps by layer, in float32 (float64 for a float64 picture); those that only
            losses with ``takes_bfloat16`` read are in bfloat16 if the network gives such. ``image``
            is the picture itself.
        """
        features = {**self.compute(picture, self.layers), IMAGE_LAYER: picture}
        return {
            name: feature
            if feature.dtype == torch.bfloat16 and name not in self._full_layers
            else feature.to(picture.dtype)
            for name, feature in features.items()
        }

    def references(
        self,
        content: Tensor | None,
        styles: Sequence[Tensor],
        shares: Sequence[float],
        picture: Tensor | None = None,
    ) -> References:
        """Return what a run's images show its losses.

        Args:
            content: Content image of shape (1, 3, H, W) in [0, 1], or None.
            styles: Style images, each of shape (1, 3, h, w).
            shares: Share of each style image in their blend.
            picture: Picture that the scale starts from, (1, 3, H, W), if it is known.
        """
        return References(
            None if content is None else self.features(content),
            [
                Reference(self.features(style), share)
                for style, share in zip(styles, shares, strict=True)
            ],
            picture=picture,
            compute=self.features,
        )

    def restart(self) -> None:
        """Have every loss forget earlier runs."""
        for name, loss in self.losses.items():
            with blamed_on(name, loss, "restart"):
                loss.restart()

    def prepare(self, references: References) -> None:
        """Have every loss in force compute its targets."""
        for name, loss in self.in_force.items():
            with blamed_on(name, loss, "prepare"):
                loss.prepare(references)

    def is_due(self, step: int) -> bool:
        """Return whether ``advance`` has something to do.

        Args:
            step: Steps done since ``prepare``.
        """
        return any(loss.is_due(step) for loss in self.in_force.values())

    @torch.no_grad()
    def advance(self, features: Features, step: int) -> None:
        """Have every loss do what is due once a step.

        Args:
            features: Feature maps of the picture.
            step: Steps done since ``prepare``.
        """
        seen = {name: feature.detach() for name, feature in features.items()}
        with full_precision(features[IMAGE_LAYER].device):
            for name, loss in self.in_force.items():
                with blamed_on(name, loss, "advance", seen):
                    loss.advance(seen, step)

    def terms(self, features: Features) -> Terms:
        """Return the weighted terms; nothing changes by it.

        Args:
            features: What ``features`` gave for the picture.
        """
        terms = Terms({}, {}, {})
        with full_precision(features[IMAGE_LAYER].device):
            for name, loss in self.losses.items():
                if name in self.idle:
                    terms.weighted[name] = features[IMAGE_LAYER].new_zeros(())
                    continue
                value = partial(_value, name, loss, terms)
                unweighted = (
                    F.with_normalized_gradients(value, features, loss.layer_weights)
                    if loss.normalize_gradients
                    else value(features)
                )
                terms.weighted[name] = self.weights[name] * unweighted
        return terms

    def state(self) -> dict[str, dict[str, Any]]:
        """Return what a resumed run needs of each loss, for a checkpoint."""
        return {name: loss.state() for name, loss in self.in_force.items()}

    def load_state(self, state: Mapping[str, dict[str, Any]]) -> None:
        """Have the losses go on from a checkpoint, after ``prepare``."""
        for name, loss in self.in_force.items():
            if own := state.get(name):
                loss.load_state(own)


def full_precision(device: torch.device) -> AbstractContextManager[object]:
    """Switch autocast off where it is on; entering it for nothing would cost a small step much."""
    if torch.is_autocast_enabled(device.type):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()


def _value(name: str, loss: Loss, terms: Terms, features: Features) -> Tensor:
    """Return an unweighted term, and note what it compared."""
    if not isinstance(loss, StatisticalLoss):
        with blamed_on(name, loss, "forward", features):
            value: Tensor = loss(features)
        return checked_term(name, loss, value, features[IMAGE_LAYER].device)
    with blamed_on(name, loss, "statistics and compare", features):
        statistics, count = loss.statistics(features), loss.count(features)
        terms.statistics[name] = {layer: each.detach() for layer, each in statistics.items()}
        terms.counts[name] = count
        value = loss.compare(statistics, count)
    return checked_term(name, loss, value, features[IMAGE_LAYER].device)
