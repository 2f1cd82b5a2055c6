"""Targets of losses on sorted values."""

from collections.abc import Sequence

from torch import Tensor

from stylelightning.functional.transport import blended_quantiles
from stylelightning.functional.weighted_transport import weighted_quantile_means


def barycentre(
    samples: Sequence[Tensor], weights: Sequence[Tensor | None], shares: Sequence[float]
) -> Tensor:
    """Return the mean of samples' quantile functions, as values that count alike.

    Args:
        samples: Samples of shape (P, N), in any order; N may differ.
        weights: Weights of each one's values, N in any shape; None where they count alike.
        shares: Share of each sample, adding up to 1.

    Returns:
        Values of shape (P, N), ascending, N being that of the largest sample.
    """
    even = [
        sample if each is None else weighted_quantile_means(sample, each.flatten(), sample.shape[1])
        for sample, each in zip(samples, weights, strict=True)
    ]
    return blended_quantiles(even, shares)
