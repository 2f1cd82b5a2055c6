"""The mathematics of patches: cutting a feature map up, finding nearest ones, voting."""

import torch
from torch import Tensor

BLOCK = 2**24
"""Most distances that are held at once: 64 MB in float32."""


def patch_positions(length: int, size: int, stride: int) -> Tensor:
    """Return where patches start along one side, so that every pixel is in one.

    The last patch always ends at the border, whatever the stride.

    Args:
        length: Number of pixels of the side, at least ``size``.
        size: Number of pixels of a patch.
        stride: Pixels from one patch to the next, at most ``size``.

    Returns:
        Ascending positions of shape (n,).

    Raises:
        ValueError: If a patch doesn't fit, or the stride would leave pixels out.

    Example:
        >>> patch_positions(10, 3, 2)
        tensor([0, 2, 4, 6, 7])
    """
    if not 1 <= size <= length:
        raise ValueError(f"A patch of {size} px doesn't fit into {length} px.")
    if not 1 <= stride <= size:
        raise ValueError(f"`stride` must be from 1 to the patch's {size} px, got {stride}.")
    last = length - size
    return torch.tensor([*range(0, last, stride), last])


def extract_patches(features: Tensor, size: int, stride: int = 1) -> Tensor:
    """Return the patches of a feature map as rows.

    Args:
        features: Feature map of shape (1, C, H, W).
        size: Side of a patch in pixels.
        stride: Pixels from one patch to the next; the last ones end at the border.

    Returns:
        Patches of shape (N, C * size * size), row by row.
    """
    rows = patch_positions(features.shape[2], size, stride).to(features.device)
    columns = patch_positions(features.shape[3], size, stride).to(features.device)
    patches = features.unfold(2, size, 1)[:, :, rows]  # (1, C, n, W, size)
    patches = patches.unfold(3, size, 1)[:, :, :, columns]  # (1, C, n, m, size, size)
    return patches[0].permute(1, 2, 0, 3, 4).flatten(0, 1).flatten(1)


def vote(patches: Tensor, shape: tuple[int, int, int], size: int, stride: int) -> Tensor:
    """Return the sum of what overlapping patches say of each pixel.

    This is the adjoint of ``extract_patches``.

    Args:
        patches: Patches of shape (N, C * size * size), as ``extract_patches`` orders them.
        shape: Channels, height and width of the feature map.
        size: Side of a patch in pixels.
        stride: Pixels from one patch to the next.

    Returns:
        Sums of shape (1, C, H, W).
    """
    channels, height, width = shape
    rows = patch_positions(height, size, stride).to(patches.device)
    columns = patch_positions(width, size, stride).to(patches.device)
    grid = patches.reshape(len(rows), len(columns), channels, size, size)
    total = patches.new_zeros(1, channels, height, width)
    for down in range(size):
        for across in range(size):
            said = grid[..., down, across].permute(2, 0, 1)  # (C, n, m)
            total[0, :, (rows + down)[:, None], columns + across] += said
    return total


def nearest_patches(queries: Tensor, bank: Tensor, alpha: float | None = None) -> Tensor:
    r"""Return the index of each query's nearest patch, by exact search in bounded memory.

    The squared distance of two patches is the mean over their values. With ``alpha`` it is divided
    by :math:`\alpha + \min_i d_{ij}`, the distance of bank patch j to its own nearest query, so
    that patches which nothing is near to are taken too (completeness).

    Args:
        queries: Patches of shape (N, D).
        bank: Patches of shape (M, D).
        alpha: Completeness, above 0: small values take rare patches more often. None for the plain
            nearest.

    Returns:
        Indices into ``bank`` of shape (N,).

    Source: Granot, Feinstein, Shocher, Bagon and Irani, "Drop the GAN", CVPR 2022, equation 2,
    https://arxiv.org/abs/2103.15545
    """
    norms = bank.square().sum(1)  # (M,)
    columns = bank.t().contiguous()  # (D, M)
    chunks = torch.split(queries, max(1, BLOCK // len(bank)))

    def distances(chunk: Tensor) -> Tensor:
        products = torch.addmm(norms, chunk, columns, alpha=-2)
        return products.add_(chunk.square().sum(1, keepdim=True)).div_(bank.shape[1])

    if alpha is None:
        return torch.cat([distances(chunk).argmin(1) for chunk in chunks])
    least = torch.full_like(norms, torch.inf)
    for chunk in chunks:
        least = torch.minimum(least, distances(chunk).amin(0))
    scale = (alpha + least.clamp_min(0)).reciprocal()
    return torch.cat([distances(chunk).mul_(scale).argmin(1) for chunk in chunks])
