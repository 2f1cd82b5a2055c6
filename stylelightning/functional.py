"""The mathematics of the losses and of the picture, without state."""

from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Reduction = Literal["mean", "sum"]
GramNormalization = Literal["none", "hw", "chw"]


def squared_distance(
    first: Tensor, second: Tensor, reduction: Reduction = "mean", weight: Tensor | None = None
) -> Tensor:
    """Return the sum or the mean of the squared differences.

    Args:
        first: Tensor of any shape.
        second: Tensor of the same shape.
        reduction: ``mean`` or ``sum``; the mean divides by the number of values, not of weights.
        weight: Factors of the squares, of a shape that broadcasts; None for 1.

    Returns:
        A scalar that is at least 0.

    Raises:
        ValueError: If the shapes differ.
    """
    if first.shape != second.shape:
        raise ValueError(
            f"Both tensors must have one shape, got {tuple(first.shape)} and {tuple(second.shape)}."
        )
    if weight is None:
        return F.mse_loss(first, second, reduction=reduction)
    squares = weight * (first - second).square()
    return squares.mean() if reduction == "mean" else squares.sum()


def edge_weights(features: Tensor, smallest: float, largest: float, width: int = 5) -> Tensor:
    r"""Return how strong the edges of a feature map are at each position, as factors.

    .. math:: w_k = \min(b, \max(a, e_k / \bar e)), \quad
        e = \mathrm{box} * \sqrt{\sum_c (\partial_x F_c)^2 + (\partial_y F_c)^2}

    The strength is relative to the map's mean, so an evenly textured map weighs 1 everywhere, and
    so does a map without any edge.

    Args:
        features: Feature map of shape (B, C, H, W).
        smallest: The factor a of flat places, at least 0.
        largest: The factor b of the strongest edges.
        width: Side in positions of the box over which edges are averaged, odd.

    Returns:
        Factors of shape (B, 1, H, W).
    """
    across = F.pad(features.diff(dim=3), (0, 1, 0, 0))  # (B, C, H, W), 0 at the border
    down = F.pad(features.diff(dim=2), (0, 0, 0, 1))
    edges = (across.square() + down.square()).sum(1, keepdim=True).sqrt()  # (B, 1, H, W)
    edges = F.avg_pool2d(edges, width, 1, width // 2, count_include_pad=False)
    mean = edges.mean((2, 3), keepdim=True)
    relative = torch.where(mean > 0, edges / mean.clamp_min(torch.finfo(edges.dtype).tiny), 1.0)
    return relative.clamp(smallest, largest)


def gram_divisor(channels: int, positions: int, normalization: GramNormalization) -> int:
    """Return what a Gram matrix is divided by.

    Args:
        channels: Number of channels C.
        positions: Number of positions H * W.
        normalization: ``none``, ``hw`` or ``chw``.

    Returns:
        1, H * W or C * H * W.
    """
    return {"none": 1, "hw": positions, "chw": channels * positions}[normalization]


def gram_matrix(features: Tensor, normalization: GramNormalization = "hw") -> Tensor:
    r"""Return the correlations between the channels of a feature map.

    .. math:: G_{ij} = \frac{1}{Z} \sum_{k} F_{ik} F_{jk}

    Gatys et al. divide the loss, not the matrix, by the size; dividing the matrix keeps a weight
    valid when the picture is enlarged.

    Args:
        features: Feature map of shape (B, C, H, W).
        normalization: The divisor Z: ``none`` is 1, ``hw`` is H * W, ``chw`` is C * H * W.

    Returns:
        Gram matrix of shape (B, C, C), symmetric.

    Raises:
        ValueError: If ``features`` does not have four dimensions.

    Example:
        >>> gram_matrix(torch.tensor([[[[1.0, 2.0]], [[0.0, 3.0]]]]))
        tensor([[[2.5000, 3.0000],
                 [3.0000, 4.5000]]])

    Source: Gatys, Ecker and Bethge, CVPR 2016, section 2.2,
    https://doi.org/10.1109/CVPR.2016.265
    """
    if features.ndim != 4:
        raise ValueError(f"`features` must have shape (B, C, H, W), got {tuple(features.shape)}.")
    flat = features.flatten(2)  # (B, C, H*W)
    matrix: Tensor = _Product.apply(flat)  # (B, C, C)
    return matrix / gram_divisor(flat.shape[1], flat.shape[2], normalization)


class _Product(torch.autograd.Function):
    """A matrix times its own transpose, with half of autograd's work and memory for the gradient.

    Autograd multiplies once for each factor, dG F and dG^T F, and adds; this is (dG + dG^T) F.
    """

    @staticmethod
    def forward(ctx: Any, flat: Tensor) -> Tensor:
        ctx.save_for_backward(flat)
        return flat @ flat.mT

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (flat,) = ctx.saved_tensors
        product: Tensor = (gradient + gradient.mT) @ flat
        return product


def total_variation(
    image: Tensor,
    exponent: float = 2.0,
    isotropic: bool = False,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return how much neighbouring pixels differ.

    .. math:: \sum_k |\partial_x I_k|^p + |\partial_y I_k|^p \quad\text{or}\quad
        \sum_k \left( (\partial_x I_k)^2 + (\partial_y I_k)^2 \right)^{p/2}

    The isotropic form reads the pixels that have both a right and a lower neighbour. At equal
    pixels the gradient is 0, for p below 2 as well.

    Args:
        image: Picture or feature map of shape (B, C, H, W).
        exponent: The power p, at least 1.
        isotropic: Whether the two differences are joined before the power is taken.
        reduction: ``mean`` divides by B * C * H * W, ``sum`` does not.

    Returns:
        A scalar that is at least 0.

    Example:
        >>> total_variation(torch.tensor([[[[0.0, 1.0], [1.0, 0.0]]]]), reduction="sum")
        tensor(4.)

    Source: Mahendran and Vedaldi, CVPR 2015, section 3,
    https://doi.org/10.1109/CVPR.2015.7299155
    """
    across = image[..., :, 1:] - image[..., :, :-1]  # (B, C, H, W-1)
    down = image[..., 1:, :] - image[..., :-1, :]  # (B, C, H-1, W)
    if isotropic:
        squares = across[..., :-1, :].square() + down[..., :, :-1].square()
        flat = squares == 0  # a root has no gradient at 0
        total = squares.masked_fill(flat, 1).pow(exponent / 2).masked_fill(flat, 0).sum()
    else:
        total = across.abs().pow(exponent).sum() + down.abs().pow(exponent).sum()
    return total / image.numel() if reduction == "mean" else total


def resize(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the picture at another size, in [0, 1], without aliasing.

    Args:
        image: Picture of shape (B, C, H, W) in [0, 1].
        size: Height and width in pixels.

    Returns:
        Bicubic resampling of shape (B, C, *size), cut to [0, 1]; the same tensor when the size is
        the same.
    """
    if tuple(image.shape[-2:]) == size:
        return image
    resized = F.interpolate(image, size, mode="bicubic", align_corners=False, antialias=True)
    return resized.clamp(0, 1)


def cover(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the picture resized to fill a size and cut at its centre, not stretched.

    Args:
        image: Picture of shape (B, C, H, W) in [0, 1].
        size: Height and width in pixels.

    Returns:
        Picture of shape (B, C, *size).
    """
    height, width = image.shape[-2:]
    scale = max(size[0] / height, size[1] / width)
    filled = resize(
        image, (max(size[0], round(height * scale)), max(size[1], round(width * scale)))
    )
    top, left = (filled.shape[-2] - size[0]) // 2, (filled.shape[-1] - size[1]) // 2
    return filled[..., top : top + size[0], left : left + size[1]]


def fit_long_side(height: float, width: float, long_side: int) -> tuple[int, int]:
    """Return the height and width of a picture whose longer side is given, at least 1 each.

    Args:
        height: Height of a picture of the same shape, in any unit.
        width: Its width.
        long_side: Longer side in pixels.

    Example:
        >>> fit_long_side(300, 400, 128)
        (96, 128)
    """
    scale = long_side / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def smoothed_by_softmax(features: Tensor) -> Tensor:
    r"""Return a feature map with its peaks flattened by a softmax over all its values.

    .. math:: S_{ck} = C H W \frac{\exp F_{ck}}{\sum_{c'k'} \exp F_{c'k'}}

    Wang, Li and Vasconcelos have no factor. Here it is the number of values, so that their mean is
    1 for a map of any size: a weight stays valid when the picture is enlarged.

    Args:
        features: Feature map of shape (B, C, H, W).

    Returns:
        Map of the same shape, at least in float32: half precision overflows at large sums.

    Source: Wang, Li and Vasconcelos, CVPR 2021, section 4, https://arxiv.org/abs/2104.05623
    """
    flat = features.to(torch.promote_types(features.dtype, torch.float32)).flatten(1)
    return (flat.shape[1] * flat.softmax(1)).view(features.shape)
