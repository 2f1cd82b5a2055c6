"""How fast a critic's scores change."""

import math

import torch
from torch import Tensor

from stylelightning.adversarial.penalties.base import Network, Penalty


def squared_slopes(network: Network, crops: Tensor) -> Tensor:
    """Return how fast the scores of each crop change, squared, for each of its scores.

    Args:
        network: The critic's network.
        crops: Crops of shape (B, C, h, w).

    Returns:
        Squared slopes of shape (B,), with a gradient at the network's parameters.
    """
    crops = crops.detach().requires_grad_()
    scores = network(crops)
    (slope,) = torch.autograd.grad(scores.sum(), crops, create_graph=True)
    return slope.square().sum((1, 2, 3)) / scores[0].numel()


def checked_strength(penalty: Penalty, strength: float | None) -> float:
    """Return the strength of a penalty.

    Raises:
        ValueError: If it is below 0 or not finite.
    """
    if strength is None or not 0 <= strength < math.inf:  # the parser lets null pass
        raise ValueError(
            f"`strength` of {type(penalty).__name__} must be a number of at least 0, got "
            f"{strength}."
        )
    return strength
