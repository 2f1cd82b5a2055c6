"""The mathematics of patches: cutting a feature map up, finding nearest ones, voting."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Literal, overload

import torch
from torch import Tensor
from torch.nn import functional

from stylelightning.functional.sharing import Sharing

BLOCK = 2**22
"""Most distances that are held at once: 16 MB in float32, what a processor's cache may hold."""

GROUP = 100
"""Neighbours whose least distance is found before it is looked where that is."""
BAND = 2**15
"""Most patches that are cut out at once: 19 MB for 7 x 7 colours in float32."""

PatchPadding = Literal["valid", "circular"]
"""``valid``: patches lie within the map. ``circular``: they go round its borders."""

TURNS = {
    1: ((0, False),),
    2: ((0, False), (0, True)),
    4: tuple((turn, False) for turn in range(4)),
    8: tuple((turn, flip) for turn in range(4) for flip in (False, True)),
}
"""Quarter turns, and whether a mirroring follows, by how many orientations there are."""


def turned(features: Tensor, turn: tuple[int, bool]) -> Tensor:
    """Return a feature map in another orientation.

    Args:
        features: Feature map of shape (..., H, W).
        turn: One of ``TURNS``.
    """
    rotated = features.rot90(turn[0], (-2, -1))
    return rotated.flip(-1) if turn[1] else rotated


def patch_positions(
    length: int, size: int, stride: int, padding: PatchPadding = "valid", offset: int = 0
) -> Tensor:
    """Return where patches start along one side, so that every pixel is in one.

    The first and the last patch always end at the borders, whatever stride and offset; with
    ``circular``, patches go round them.

    Args:
        length: Number of pixels of the side, at least ``size``.
        size: Number of pixels of a patch.
        stride: Pixels from one patch to the next, at most ``size``.
        padding: Whether patches go round the border.
        offset: Pixels by which the grid is moved, from 0 to ``stride`` - 1.

    Returns:
        Ascending positions of shape (n,).

    Raises:
        ValueError: If a patch doesn't fit, or the stride would leave pixels out.

    Example:
        >>> patch_positions(10, 3, 2)
        tensor([0, 2, 4, 6, 7])
        >>> patch_positions(10, 3, 2, offset=1)
        tensor([0, 1, 3, 5, 7])
        >>> patch_positions(9, 3, 2, "circular", offset=1)
        tensor([0, 1, 3, 5, 7])
    """
    if not 1 <= size <= length:
        raise ValueError(f"A patch of {size} px doesn't fit into {length} px.")
    if not 1 <= stride <= size:
        raise ValueError(f"`stride` must be from 1 to the patch's {size} px, got {stride}.")
    if padding == "circular":
        return ((torch.arange(0, length, stride) + offset) % length).sort().values
    last = length - size
    return torch.tensor(sorted({0, *range(offset, last, stride), last}))


def coverage(length: int, size: int, starts: Tensor) -> Tensor:
    """Return in how many patches each pixel of a side lies.

    Args:
        length: Number of pixels of the side.
        size: Number of pixels of a patch.
        starts: Where patches start, of shape (n,); they go round the border.

    Returns:
        Counts of shape (length,).

    Example:
        >>> coverage(5, 3, torch.tensor([0, 2]))
        tensor([1, 1, 2, 1, 1])
    """
    places = (starts[:, None] + torch.arange(size)).flatten() % length
    return torch.bincount(places, minlength=length)


def extract_patches(features: Tensor, size: int, rows: Tensor, columns: Tensor) -> Tensor:
    """Return the patches of a feature map that start at the places of a grid.

    Args:
        features: Feature map of shape (1, C, H, W).
        size: Side of a patch in pixels, at most H and W.
        rows: First rows of shape (n,), from 0 to H - 1; patches go round the lower border.
        columns: First columns of shape (m,), from 0 to W - 1; patches go round the right border.

    Returns:
        Patches of shape (n * m, C * size * size), row by row.
    """
    beyond = [
        max(0, int(starts.max()) + size - length)
        for starts, length in ((columns, features.shape[3]), (rows, features.shape[2]))
    ]
    if any(beyond):  # without need it would copy the map
        features = functional.pad(features, (0, beyond[0], 0, beyond[1]), mode="circular")
    return patches_at(features, size, *torch.cartesian_prod(rows, columns).unbind(1))


def patches_at(features: Tensor, size: int, rows: Tensor, columns: Tensor) -> Tensor:
    """Return the patches that start at the given places.

    Args:
        features: Feature map of shape (1, C, H, W).
        size: Side of a patch in pixels.
        rows: First row of each patch, (N,).
        columns: First column of each patch, (N,).

    Returns:
        Patches of shape (N, C * size * size).
    """
    every = features[0].unfold(1, size, 1).unfold(2, size, 1)  # (C, H', W', size, size), a view
    places = rows.to(features.device), columns.to(features.device)
    return every[:, places[0], places[1]].transpose(0, 1).flatten(1)


def vote(
    patches: Tensor, shape: tuple[int, int, int], size: int, rows: Tensor, columns: Tensor
) -> Tensor:
    """Return the sum of what overlapping patches say of each pixel.

    This is the adjoint of ``extract_patches``.

    Args:
        patches: Patches of shape (n * m, C * size * size), as ``extract_patches`` orders them.
        shape: Channels, height and width of the feature map.
        size: Side of a patch in pixels.
        rows: First rows of shape (n,).
        columns: First columns of shape (m,).

    Returns:
        Sums of shape (1, C, H, W).
    """
    channels, height, width = shape
    rows, columns = rows.to(patches.device), columns.to(patches.device)
    grid = patches.reshape(len(rows), len(columns), channels * size, size)
    lines = patches.new_zeros(len(rows), width, channels * size)
    for across in range(size):
        lines.index_add_(1, (columns + across) % width, grid[..., across])
    lines = lines.view(len(rows), width, channels, size)
    total = patches.new_zeros(height, width, channels)
    for down in range(size):
        total.index_add_(0, (rows + down) % height, lines[..., down])
    return total.permute(2, 0, 1)[None]


class PatchBands(Sequence[Tensor]):
    """The patches of a grid, band by band, so that they need little memory whatever the picture.

    A band, (N, C * size * size), is the patches of some rows of the grid, cut when it is asked for.

    Args:
        features: Feature map of shape (1, C, H, W).
        size: Side of a patch in pixels.
        rows: First rows of shape (n,).
        columns: First columns of shape (m,).
    """

    def __init__(self, features: Tensor, size: int, rows: Tensor, columns: Tensor) -> None:
        self.features = features
        self.size = size
        self.rows = torch.split(rows, max(1, BAND // len(columns)))
        self.columns = columns

    def __len__(self) -> int:
        """Return the number of bands."""
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Tensor: ...
    @overload
    def __getitem__(self, index: slice) -> list[Tensor]: ...
    def __getitem__(self, index: int | slice) -> Tensor | list[Tensor]:
        """Return the patches of a band, or of several."""
        if isinstance(index, slice):
            return [self._patches(self.features, rows) for rows in self.rows[index]]
        return self._patches(self.features, self.rows[index])

    def votes(self, indices: Tensor, bank: Tensor) -> tuple[Tensor, Tensor]:
        """Return what patches of a bank, laid over the grid, say of each pixel.

        Args:
            indices: Which patch lies at each place of the grid, (n * m,).
            bank: Patches of shape (M, C * size * size).

        Returns:
            Mean over the patches at each pixel, (1, C, H, W), and the variance around it in the
            mean over all pixels, a scalar.
        """
        _, channels, height, width = self.features.shape
        down = coverage(height, self.size, torch.cat(self.rows))
        share = (down[:, None] * coverage(width, self.size, self.columns)).to(bank).reciprocal()
        share = share[None, None]  # of each patch in a pixel's mean, (1, 1, H, W)
        mean, square = torch.zeros_like(self.features), bank.new_zeros(())
        places = torch.split(indices, [len(rows) * len(self.columns) for rows in self.rows])
        for rows, here in zip(self.rows, places, strict=True):
            patches, (seen, starts) = bank[here], self._band(rows)
            band = mean[:, :, seen]
            shape = channels, band.shape[2], width
            band += vote(patches, shape, self.size, starts, self.columns)
            shares = self._patches(share, rows)  # (N, size * size)
            squares = patches.square_().view(len(here), channels, -1).sum(1)
            square += (shares * squares).sum()
        mean *= share
        return mean, square / mean.numel() - mean.square().mean()

    def _patches(self, features: Tensor, rows: Tensor) -> Tensor:
        seen, starts = self._band(rows)
        return extract_patches(features[:, :, seen], self.size, starts, self.columns)

    def _band(self, rows: Tensor) -> tuple[slice, Tensor]:
        """Return the part of the map that a band lies in, and where its patches start there."""
        first, end = int(rows[0]), int(rows[-1]) + self.size
        if end > self.features.shape[2]:  # they go round the border
            return slice(None), rows
        return slice(first, end), rows - first


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
