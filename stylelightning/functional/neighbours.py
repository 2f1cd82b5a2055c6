"""Nearest neighbours among feature vectors, by the angle between them."""

import torch
from torch import Tensor

from stylelightning.functional.patch_search import BLOCK, GROUP, row_argmin


def centred(vectors: Tensor) -> Tensor:
    """Return the vectors minus their mean, (N, D)."""
    return vectors - vectors.mean(0)


def directions(vectors: Tensor) -> Tensor:
    """Return the vectors with length 1, (N, D); one of length 0 stays so."""
    lengths = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    units: Tensor = vectors / lengths.clamp_min(torch.finfo(vectors.dtype).tiny)
    return units


def nearest_directions(queries: Tensor, bank: Tensor) -> Tensor:
    r"""Return the index of the bank's vector that is nearest to each query, in bounded memory.

    .. math:: n(i) = \arg\max_j \cos(q_i - \bar q, b_j - \bar b)

    Both sets are centred at their own mean: what all vectors of a set have in common, and a
    photograph has not in common with a painting, does not decide. At most ``BLOCK`` cosines are
    held at once.

    Args:
        queries: Vectors of shape (N, D).
        bank: Vectors of shape (M, D).

    Returns:
        Indices into ``bank`` of shape (N,); of equally near ones, the first.

    Source: Kolkin et al., NNST, 2022, section 3.2, https://arxiv.org/abs/2203.13215
    """
    count = len(bank)
    away = bank.new_empty(count + -count % GROUP, bank.shape[1])  # one copy: a bank is large
    units = torch.sub(bank, bank.mean(0), out=away[:count])
    lengths = torch.linalg.vector_norm(units, dim=1, keepdim=True)
    units.div_(-lengths.clamp_min(torch.finfo(units.dtype).tiny))
    away[count:] = units[-1]
    length = max(1, BLOCK // len(away))
    held = bank.new_empty(min(length, len(queries)), len(away))
    found = [
        row_argmin(torch.mm(part, away.t(), out=held[: len(part)]))
        for part in torch.split(centred(queries), length)
    ]
    return torch.cat(found).clamp_max(count - 1)


def cosine_distances_to(vectors: Tensor, targets: Tensor) -> Tensor:
    """Return one minus the cosine of the angle between each vector and its own target.

    A vector of length 0 has the distance 1, and no gradient.

    Args:
        vectors: Vectors of shape (N, D).
        targets: Vectors of shape (N, D), of length 1 or 0.

    Returns:
        Distances of shape (N,), from 0 to 2.
    """
    squares = vectors.square().sum(1)
    empty = squares == 0
    cosines = (vectors * targets).sum(1) / squares.masked_fill(empty, 1).sqrt()
    distances: Tensor = 1 - cosines.masked_fill(empty, 0)
    return distances.clamp_min(0)  # rounding
