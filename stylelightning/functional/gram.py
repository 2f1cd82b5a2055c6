"""Gram matrices."""

from typing import Any, Literal

import torch
from torch import Tensor

GramNormalization = Literal["none", "hw", "chw", "gatys"]
PART = 2048
"""Positions whose products are added up in 16 bits; the fastest of 256 to 16,384 on two cores."""


def gram_divisor(
    channels: int, positions: int | Tensor, normalization: GramNormalization
) -> int | Tensor:
    """Return what a Gram matrix is divided by.

    Args:
        channels: Number of channels C.
        positions: Number of positions H * W, or the sum of their weights, a scalar.
        normalization: ``none``, ``hw``, ``chw`` or ``gatys``.

    Returns:
        1, H * W, C * H * W or 2 * C * H * W.
    """
    return {
        "none": 1,
        "hw": positions,
        "chw": channels * positions,
        "gatys": 2 * channels * positions,
    }[normalization]


def gram_matrix(features: Tensor, normalization: GramNormalization = "hw") -> Tensor:
    r"""Return the correlations between the channels of a feature map.

    .. math:: G_{ij} = \frac{1}{Z} \sum_{k} F_{ik} F_{jk}

    Gatys et al. divide the loss, not the matrix, by the size; dividing the matrix keeps a weight
    valid when the picture is enlarged.

    Args:
        features: Feature map of shape (B, C, H, W). One in bfloat16 is multiplied so, and added up
            in float32: 4e-4 of the matrix's norm off.
        normalization: The divisor Z: ``none`` is 1, ``hw`` is H * W, ``chw`` is C * H * W,
            ``gatys`` is twice that.

    Returns:
        Gram matrix of shape (B, C, C), symmetric, in float32 at least.

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


def moment_sums(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return the sums over positions of products of two channels, and of each channel.

    Args:
        features: Feature map of shape (B, C, H, W).

    Returns:
        The undivided Gram matrix, (B, C, C), and the sums of values, (B, C).
    """
    found: tuple[Tensor, Tensor] = _ProductAndSum.apply(features.flatten(2))
    return found


class _Product(torch.autograd.Function):
    """A matrix times its own transpose, with half of autograd's work and memory for the gradient.

    Autograd multiplies once for each factor, dG F and dG^T F, and adds; this is (dG + dG^T) F. It
    comes in the layout of the features, so that adding it to another gradient reorders nothing.

    Values in bfloat16 are multiplied as they are, added up in float32, and their gradient is in
    bfloat16 again.
    """

    @staticmethod
    def forward(ctx: Any, flat: Tensor) -> Tensor:
        ctx.save_for_backward(flat)
        if flat.dtype != torch.bfloat16:
            return flat @ flat.mT
        return _product_on_cpu(flat) if flat.device.type == "cpu" else _product_on_gpu(flat)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (flat,) = ctx.saved_tensors
        return _symmetric_product(gradient, flat)


class _ProductAndSum(torch.autograd.Function):
    """The same, and the sum over the columns, whose gradient is added in place."""

    @staticmethod
    def forward(ctx: Any, flat: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(flat)
        return flat @ flat.mT, flat.sum(2)

    @staticmethod
    def backward(ctx: Any, of_product: Tensor, of_sum: Tensor) -> Tensor:
        (flat,) = ctx.saved_tensors
        return _symmetric_product(of_product, flat).add_(of_sum[..., None])


def _symmetric_product(gradient: Tensor, flat: Tensor) -> Tensor:
    """Return (dG + dG^T) F in the layout and the precision of F."""
    symmetric = (gradient + gradient.mT).to(flat.dtype)
    channels_last = flat.stride(1) == 1
    product: Tensor = (flat.mT @ symmetric).mT if channels_last else symmetric @ flat
    return product


def _product_on_gpu(flat: Tensor) -> Tensor:
    """Return the product in float32 of values in bfloat16; of the sum nothing is rounded to 16."""
    product: Tensor = torch.bmm(flat, flat.mT, out_dtype=torch.float32)
    return product


def _product_on_cpu(flat: Tensor) -> Tensor:
    """Return the product in float32 of values in bfloat16, (B, C, P), on a CPU.

    Torch rounds what it returns to 16 bits there. So that is the sum of a part of the positions,
    and the parts are added up in 32: their errors mostly cancel, and parts are faster besides.
    """
    batch, channels, positions = flat.shape
    whole = positions - positions % PART
    parts = flat.mT[:, :whole].reshape(-1, PART, channels)
    sums = torch.bmm(parts.mT, parts).float().reshape(batch, -1, channels, channels).sum(1)
    if whole < positions:
        rest = flat.mT[:, whole:]
        sums = sums + torch.bmm(rest.mT, rest).float()
    return sums
