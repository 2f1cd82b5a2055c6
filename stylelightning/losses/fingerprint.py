"""What tells one set of vectors from another, in a few numbers."""

import torch
from torch import Tensor

ALIKE = 0.01
"""How far two fingerprints of one set may differ, as a part of their length: features that come
from another device, in another precision or tile by tile are not the same to the last bit."""


def fingerprint(vectors: Tensor) -> Tensor:
    """Return the mean and the deviation of each element, (2, D), on the host.

    Args:
        vectors: Vectors of shape (N, D).
    """
    deviation, mean = torch.std_mean(vectors.detach().float(), 0, correction=0)
    return torch.stack([mean, deviation]).cpu()


def alike(one: Tensor, other: Tensor) -> bool:
    """Return whether two fingerprints are those of one set.

    Args:
        one: A fingerprint.
        other: Another one, perhaps of vectors of another length.
    """
    if one.shape != other.shape:
        return False
    longer = max(float(one.norm()), float(other.norm()))
    return float((one - other).norm()) <= ALIKE * longer
