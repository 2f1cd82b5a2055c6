"""The mathematics of patches: cutting a feature map up, and voting."""

from collections.abc import Sequence
from typing import Literal, overload

import torch
from torch import Tensor
from torch.nn import functional

BAND = 2**15
"""Most patches that are cut out at once: 19 MB for 7 x 7 colours in float32."""

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
