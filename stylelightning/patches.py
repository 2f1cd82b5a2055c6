"""The mathematics of patches: cutting a feature map up, finding nearest ones, voting."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

BLOCK = 2**22
"""Most distances that are held at once: 16 MB in float32, what a processor's cache may hold."""

PatchPadding = Literal["valid", "circular"]
"""``valid``: patches lie within the map. ``circular``: they go round its borders."""


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
    features = F.pad(features, (0, beyond[0], 0, beyond[1]), mode="circular")
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
    grid = patches.reshape(len(rows), len(columns), channels, size, size)
    total = patches.new_zeros(1, channels, height, width)
    for down in range(size):
        for across in range(size):
            said = grid[..., down, across].permute(2, 0, 1)  # (C, n, m)
            total[0, :, ((rows + down) % height)[:, None], (columns + across) % width] += said
    return total


def nearest_patches(
    queries: Tensor, bank: Tensor, alpha: float | None = None, dimensions: int | None = None
) -> Tensor:
    r"""Return the index of each query's nearest patch, in bounded memory.

    The squared distance of two patches is the mean over their values. With ``alpha`` it is divided
    by :math:`\alpha + \min_i d_{ij}`, the distance of bank patch j to its own nearest query, so
    that patches which nothing is near to are taken too (completeness).

    Args:
        queries: Patches of shape (N, D).
        bank: Patches of shape (M, D).
        alpha: Completeness, above 0: small values take rare patches more often. None for the plain
            nearest.
        dimensions: Number of the bank's principal components that are compared instead of all D
            values, which is faster; None for an exact search.

    Returns:
        Indices into ``bank`` of shape (N,).

    Source: Granot, Feinstein, Shocher, Bagon and Irani, "Drop the GAN", CVPR 2022, equation 2,
    https://arxiv.org/abs/2103.15545
    """
    values = bank.shape[1]
    mean = bank.mean(0)
    queries, bank = queries - mean, bank - mean  # small numbers lose less to cancellation
    if dimensions is not None and dimensions < values:
        _, axes = torch.linalg.eigh(bank.t() @ bank)  # ascending
        axes = axes[:, -dimensions:]
        queries, bank = queries @ axes, bank @ axes
    # |q - b|^2 = (q, |q|^2, 1) (-2 b, 1, |b|^2): a distance is one product, scaled or not
    squares, one = queries.square().sum(1, keepdim=True), queries.new_ones(1, 1)
    queries = torch.cat([queries, squares, one.expand(len(queries), 1)], 1)
    norms = bank.square().sum(1, keepdim=True)
    bank = torch.cat([-2 * bank, one.expand(len(bank), 1), norms], 1) / values
    chunks = torch.split(queries, max(1, BLOCK // len(bank)))
    held = bank.new_empty(len(chunks[0]), len(bank))  # one block for all: no new memory each time

    def distances(chunk: Tensor) -> Tensor:
        return torch.mm(chunk, bank.t(), out=held[: len(chunk)])

    if alpha is not None:
        least = bank.new_full((len(bank),), torch.inf)
        for chunk in chunks:
            least = torch.minimum(least, distances(chunk).amin(0))
        bank = bank / (alpha + least.clamp_min(0))[:, None]
    return torch.cat([distances(chunk).argmin(1) for chunk in chunks])
