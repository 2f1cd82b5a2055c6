"""The search for nearest patches, by one process or by several."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

import torch
from torch import Tensor

from stylelightning.functional.sharing import Sharing

BLOCK = 2**22
"""Most distances that are held at once: 16 MB in float32, what a processor's cache may hold."""
GROUP = 100
"""Neighbours whose least distance is found before it is looked where that is."""


def nearest_patches(
    queries: Sequence[Tensor],
    bank: Tensor,
    alpha: float | None = None,
    components: int | None = None,
    team: Sharing | None = None,
) -> Tensor:
    r"""Return the index of each query's nearest patch, in bounded memory.

    The squared distance of two patches is the mean over their values. With ``alpha`` it is divided
    by :math:`\alpha + \min_i d_{ij}`, the distance of bank patch j to its own nearest query, so
    that patches which nothing is near to are taken too (completeness).

    Args:
        queries: Patches in one or more tensors of shape (N, D), gone through twice with ``alpha``,
            one at a time.
        bank: Patches of shape (M, D).
        alpha: Completeness, above 0: small values take rare patches more often. None for the plain
            nearest.
        components: Number of the bank's principal components that are compared instead of all D
            values, which is faster; None for an exact search.
        team: Processes that search for the same queries, some of the tensors each; None for this
            one alone.

    Returns:
        Indices into ``bank`` of shape (N,), of all queries.

    Source: Granot, Feinstein, Shocher, Bagon and Irani, "Drop the GAN", CVPR 2022, equation 2,
    https://arxiv.org/abs/2103.15545
    """
    values, length = bank.shape[1], max(1, BLOCK // (len(bank) + GROUP))
    mean = bank.mean(0)  # small numbers lose less to cancellation
    axes = _principal_axes(bank - mean, components)
    bank = (bank - mean) @ axes
    # |q - b|^2 = (q, |q|^2, 1) (-2 b, 1, |b|^2): a distance is one product, scaled or not
    norms = bank.square().sum(1, keepdim=True)
    bank = torch.cat([-2 * bank, torch.ones_like(norms), norms], 1) / values
    last = len(bank) - 1
    bank = torch.cat([bank, bank[-1:].expand(-len(bank) % GROUP, -1)])  # whole groups
    held = bank.new_empty(length, len(bank))  # one block for all: no new memory each time

    def distances(part: Tensor) -> Iterator[Tensor]:
        for chunk in torch.split(part, length):
            moved = (chunk - mean) @ axes
            squares = moved.square().sum(1, keepdim=True)
            moved = torch.cat([moved, squares, torch.ones_like(squares)], 1)
            yield torch.mm(moved, bank.t(), out=held[: len(moved)])

    mine = range(len(queries)) if team is None else range(team.rank, len(queries), team.size)
    if alpha is not None:
        least = bank.new_full((len(bank),), torch.inf)
        for number in mine:
            for block in distances(queries[number]):
                least = torch.minimum(least, block.amin(0))
        least = least if team is None else team.least(least)
        bank = bank / (alpha + least.clamp_min(0))[:, None]
    found: dict[int, Tensor] = {}
    for number in mine:
        part = queries[number]
        # a tensor for each block would pin a hole in memory that no block fits in any more
        found[number] = torch.empty(len(part), dtype=torch.long, device=bank.device)
        for rows, block in zip(torch.split(found[number], length), distances(part), strict=True):
            rows.copy_(row_argmin(block).clamp_max(last))
    if team is None:
        return torch.cat(list(found.values()))
    return _joined(found, torch.zeros(len(queries), dtype=torch.long, device=bank.device), team)


def _joined(found: dict[int, Tensor], lengths: Tensor, team: Sharing) -> Tensor:
    """Return what all processes have found, in the order of what they searched for.

    Args:
        found: What this process has found, by the number of the query.
        lengths: Zeros, one for each query.
        team: The processes.
    """
    for number, each in found.items():
        lengths[number] = len(each)
    (lengths,) = team.all_reduce([lengths])
    ends = list(accumulate(lengths.tolist()))
    joined = lengths.new_zeros(ends[-1])
    for number, each in found.items():
        joined[ends[number] - len(each) : ends[number]] = each
    (joined,) = team.all_reduce([joined])
    return joined


def row_argmin(block: Tensor) -> Tensor:
    """Return the index of each row's least value, the row's length being groups of ``GROUP``.

    This takes a fifth of the time of ``argmin`` over a long row: finding a least value is fast,
    finding where it is is not.
    """
    groups = block.view(len(block), -1, GROUP)
    group = groups.amin(2).argmin(1)
    within = groups[torch.arange(len(block), device=block.device), group].argmin(1)
    index: Tensor = group * GROUP + within
    return index


def _principal_axes(centred: Tensor, components: int | None) -> Tensor:
    """Return the axes of the largest variance, (D, components), or all of space."""
    values = centred.shape[1]
    if components is None or components >= values:
        return torch.eye(values, dtype=centred.dtype, device=centred.device)
    axes: Tensor = torch.linalg.eigh(centred.t() @ centred)[1]  # ascending
    return axes[:, -components:]
