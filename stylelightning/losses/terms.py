"""A run's terms: what each loss is at a picture, and what it compared."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from stylelightning.backbones.base import Features
from stylelightning.losses.base import IMAGE_LAYER, Loss, StatisticalLoss
from stylelightning.losses.blame import blamed_on, checked_term
from stylelightning.losses.references import with_weights
from stylelightning.losses.regional import RegionalLoss
from stylelightning.losses.sums import Count, Sums


@dataclass(frozen=True)
class Terms:
    """The total at one picture and what it is made of.

    Args:
        weighted: The weighted terms by the names of their losses, scalars.
        statistics: What each `StatisticalLoss` compared, by its name, detached; of one in regions
            what each region compared, by ``<name>/<region>``.
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


def term_at(name: str, loss: Loss, terms: Terms, features: Features) -> Tensor:
    """Return an unweighted term, and note what it compared.

    Args:
        name: Name of the loss.
        loss: The loss.
        terms: What ``statistics`` and ``counts`` are noted in, in place.
        features: Feature maps of the picture.

    Returns:
        A scalar.

    Raises:
        ValueError: If a loss of a user's own fails, or any returns no scalar; the text names it.
    """
    method = "statistics and compare" if isinstance(loss, StatisticalLoss) else "forward"
    with blamed_on(name, loss, method, features):
        value = _noted(name, loss, terms, features)
    return checked_term(name, loss, value, features[IMAGE_LAYER].device)


def _noted(name: str, loss: Loss, terms: Terms, features: Features) -> Tensor:
    """Return what a loss returns, and note what it compared, or each of its regions."""
    if isinstance(loss, RegionalLoss):
        return loss.summed(
            features, lambda region, term, seen: _noted(f"{name}/{region}", term, terms, seen)
        )
    if not isinstance(loss, StatisticalLoss):
        value: Tensor = loss(features)
        return value
    statistics, count = loss.statistics(features), loss.count(features)
    terms.statistics[name] = {layer: each.detach() for layer, each in statistics.items()}
    terms.counts[name] = count
    return loss.compare(statistics, count)


def add_sums(name: str, loss: Loss, features: Features, sums: Sums) -> None:
    """Add what a loss, or each of its regions, sees in a part of the picture.

    Args:
        name: Name of the loss.
        loss: The loss; one that is not on sums adds nothing.
        features: Feature maps of the part.
        sums: What is added to, in place.
    """
    if isinstance(loss, RegionalLoss):
        for region, part in loss.parts.items():
            seen = with_weights(features, part.weights)
            add_sums(f"{name}/{region}", part.term, seen, sums)
    elif isinstance(loss, StatisticalLoss):
        sums.add({name: loss.statistics(features)}, {name: loss.count(features)})


def term_of_sums(name: str, loss: Loss, terms: Terms, sums: Sums, picture: Tensor) -> Tensor:
    """Return an unweighted term by what was seen in all parts, and note what it compared.

    Args:
        name: Name of the loss.
        loss: The loss, on sums or on nothing but the picture.
        terms: What ``statistics`` are noted in, in place.
        sums: What ``add_sums`` made of all parts.
        picture: The whole picture, (1, 3, H, W) in [0, 1].

    Returns:
        A scalar.
    """
    if isinstance(loss, RegionalLoss) and isinstance(loss.term, StatisticalLoss):
        values = [
            part.share * term_of_sums(f"{name}/{region}", part.term, terms, sums, picture)
            for region, part in loss.parts.items()
        ]
        return torch.stack(values).sum() if values else picture.sum() * 0
    if not isinstance(loss, StatisticalLoss):
        value: Tensor = loss({IMAGE_LAYER: picture})
        return value
    statistics = sums.statistics[name]
    terms.statistics[name] = {key: each.detach() for key, each in statistics.items()}
    return loss.compare(statistics, sums.counts[name])
