"""What a run minimises: the weighted sum of its losses at a picture."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.backbones.tiled_maps import TiledMaps
from stylelightning.backbones.tiles import Compute
from stylelightning.backbones.windows import Maps
from stylelightning.losses.base import IMAGE_LAYER, Loss, StatisticalLoss
from stylelightning.losses.blame import blamed_on, checked_term
from stylelightning.losses.references import Reference, References
from stylelightning.losses.sums import Sums
from stylelightning.losses.terms import Terms, add_sums, term_at, term_of_sums

See = Callable[[Tensor, bool], Maps]
"""Gives the feature maps of an image, (1, 3, H, W), and is told whether it is the content image."""


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
        full = [loss for loss in losses.values() if not loss.takes_bfloat16]
        self._full_layers = {layer for loss in full for layer in loss.layers}
        self._full_of_content = {
            layer for loss in full if loss.needs_content for layer in loss.layers
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

    def features(
        self, picture: Tensor, layers: frozenset[str] | None = None, of_content: bool = False
    ) -> Features:
        """Return the feature maps that the losses read.

        Args:
            picture: Picture of shape (1, 3, H, W) in [0, 1], or a part of it.
            layers: The layers of the backbone that are wanted; None for all that are read.
            of_content: Whether it is the content image, which losses on the style don't read.

        Returns:
            The feature maps by layer, in float32 (float64 for a float64 picture); those that only
            losses with ``takes_bfloat16`` read are in bfloat16 if the network gives such. ``image``
            is the picture itself.
        """
        wanted = self.layers if layers is None else layers
        full = self._full_of_content if of_content else self._full_layers
        features = {**self.compute(picture, wanted), IMAGE_LAYER: picture}
        return {
            name: feature
            if feature.dtype == torch.bfloat16 and name not in full
            else feature.to(picture.dtype)
            for name, feature in features.items()
        }

    def references(
        self,
        content: Tensor | None,
        styles: Sequence[Tensor],
        shares: Sequence[float],
        picture: Tensor | None = None,
        maps: See | None = None,
    ) -> References:
        """Return what a run's images show its losses.

        Args:
            content: Content image of shape (1, 3, H, W) in [0, 1], or None.
            styles: Style images, each of shape (1, 3, h, w).
            shares: Share of each style image in their blend.
            picture: Picture that the scale starts from, (1, 3, H, W), if it is known.
            maps: What gives the feature maps of an image; None for ``features``.
        """
        see = maps or (lambda image, of_content: self.features(image, of_content=of_content))
        pairs = zip(styles, shares, strict=True)
        return References(
            None if content is None else see(content, True),
            [Reference(see(style, False), share) for style, share in pairs],
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
    def advance(self, features: Maps, step: int) -> None:
        """Have every loss do what is due once a step.

        Args:
            features: Feature maps of the picture.
            step: Steps done since ``prepare``.
        """
        seen = features
        if not isinstance(features, TiledMaps):  # which have no gradients
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
                value = partial(term_at, name, loss, terms)
                unweighted = (
                    F.with_normalized_gradients(value, features, loss.layer_weights)
                    if loss.normalize_gradients
                    else value(features)
                )
                terms.weighted[name] = self.weights[name] * unweighted
        return terms

    def add_sums(self, features: Features, sums: Sums) -> None:
        """Add what the losses on sums see in a part of the picture.

        Args:
            features: Feature maps of the part, with their windows.
            sums: What was seen in other parts.
        """
        with full_precision(features[IMAGE_LAYER].device):
            for name, loss in self.in_force.items():
                with blamed_on(name, loss, "statistics", features):
                    add_sums(name, loss, features, sums)

    def terms_of(self, sums: Sums, picture: Tensor) -> Terms:
        """Return the weighted terms from what was seen in all parts of the picture.

        Args:
            sums: The sums over all parts.
            picture: The picture, (1, 3, H, W) in [0, 1], for losses that read it alone.
        """
        terms = Terms({}, {}, sums.counts)
        with full_precision(picture.device):
            for name, loss in self.losses.items():
                if name in self.idle:
                    terms.weighted[name] = picture.new_zeros(())
                    continue
                method = "compare" if isinstance(loss, StatisticalLoss) else "forward"
                with blamed_on(name, loss, method):
                    value = term_of_sums(name, loss, terms, sums, picture)
                value = checked_term(name, loss, value, picture.device)
                terms.weighted[name] = self.weights[name] * value
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
