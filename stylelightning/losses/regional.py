"""A style term in several regions of the picture, each with targets of its own."""

import logging
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from stylelightning.backbones.base import Features
from stylelightning.backbones.windows import Maps
from stylelightning.losses.base import Loss
from stylelightning.losses.references import (
    References,
    RegionReferences,
    uneven,
    weights_of,
    with_weights,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """The term of a region.

    Args:
        term: A copy of the term, prepared for the region.
        weights: Weights of the picture's positions by layer.
        share: The region's part in the sum.
    """

    term: Loss
    weights: Features
    share: float


class RegionalLoss(Loss):
    r"""A style term that is computed in each region of the picture apart.

    .. math:: L = \sum_r g_r \, L_r

    Each region has a copy of the term, prepared with the region's own style images and handed the
    weights of its positions. At a layer at which a region has no position it is left out, and that
    is said once; a region that has none at any layer has no term at that size.

    Args:
        term: The term, which must heed weights.

    Raises:
        ValueError: If it does not.
    """

    def __init__(self, term: Loss) -> None:
        super().__init__(term.weight, term.layer_weights)
        if not term.takes_weights:
            raise ValueError(
                f"{type(term).__name__} can't be computed in regions: it does not heed the weights "
                "of positions. Take another style term, or leave `data.content_masks` out."
            )
        self.scope = term.scope
        self.needs_content, self.needs_style = term.needs_content, term.needs_style
        self.takes_bfloat16, self.stochastic = term.takes_bfloat16, term.stochastic
        self.normalize_gradients = term.normalize_gradients
        self.renew_every_n_steps = term.renew_every_n_steps
        self.smallest_map = term.smallest_map
        self.term = term
        self.parts: dict[str, Part] = {}
        self._said: set[tuple[str, str]] = set()

    def prepare(self, references: References) -> None:
        """Prepare a copy of the term for each region."""
        self.parts = {}
        for region in references.regions:
            part = deepcopy(self.term)
            part.layer_weights = dict(self._seen(region))
            if part.layer_weights:
                weights = {name: region.weights[name] for name in part.layers}
                part.prepare(References(references.content, region.styles))
                self.parts[region.name] = Part(part, uneven(weights), region.share)

    def is_due(self, step: int) -> bool:
        """Return whether a region's term has something to do."""
        return any(part.term.is_due(step) for part in self.parts.values())

    def advance(self, features: Maps, step: int) -> None:
        """Have each region's term do what is due."""
        for part in self.parts.values():
            part.term.advance(with_weights(features, part.weights), step)

    @property
    def terms(self) -> dict[str, Loss]:
        """The copies of the term by their regions, those that have one at this size."""
        return {name: part.term for name, part in self.parts.items()}

    def forward(self, features: Features) -> Tensor:
        """Return the sum of the regions' terms by their shares."""
        return self.summed(features, lambda _, term, seen: term(seen))

    def summed(
        self, features: Features, evaluate: Callable[[str, Loss, Features], Tensor]
    ) -> Tensor:
        """Return the sum of the regions' terms by their shares, each evaluated by the caller.

        Args:
            features: Feature maps of the picture.
            evaluate: What gives a region's term, a scalar, by the region's name, its copy of the
                term, and the feature maps with the weights of its positions.
        """
        terms = [
            part.share * evaluate(name, part.term, with_weights(features, part.weights))
            for name, part in self.parts.items()
        ]
        return torch.stack(terms).sum() if terms else features[self.layers[0]].sum() * 0

    def state(self) -> dict[str, Any]:
        """Return what each region's term needs."""
        return {"regions": {name: part.term.state() for name, part in self.parts.items()}}

    def load_state(self, state: dict[str, Any]) -> None:
        """Have each region's term go on; one that the checkpoint lacks begins anew."""
        for name, own in state.get("regions", {}).items():
            if own and name in self.parts:
                self.parts[name].term.load_state(own)

    def _seen(self, region: RegionReferences) -> Iterator[tuple[str, float]]:
        """Yield the layers at which the region has a position, in picture and style images."""
        for name, weight in self.layer_weights.items():
            where = None
            if not region.weights[name].any():
                where = "the picture"
            elif not all(_counts(style.features, name) for style in region.styles):
                where = "a style image"
            if where is None:
                yield name, weight
            elif (region.name, name) not in self._said:
                self._said.add((region.name, name))
                log.warning(
                    "The region %s of %s has no position at the layer %s, and is left out there.",
                    region.name,
                    where,
                    name,
                )


def _counts(features: Maps, name: str) -> bool:
    weights = weights_of(features, name)
    return weights is None or bool(weights.any())
