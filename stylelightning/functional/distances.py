"""How far two tensors are from each other."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

Reduction = Literal["mean", "sum"]
EDGE_ROWS = 64
"""Rows of a feature map whose edges are computed at once."""


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
    _check_shapes(first, second)
    if weight is None:
        if first.ndim == 4 and first.is_contiguous(memory_format=torch.channels_last):
            # torch's gradient has the axes in the order of the shape, which is this memory's then
            first, second = first.movedim(1, -1), second.movedim(1, -1)
        return functional.mse_loss(first, second, reduction=reduction)
    squares = weight * (first - second).square()
    return squares.mean() if reduction == "mean" else squares.sum()


def absolute_distance(first: Tensor, second: Tensor, reduction: Reduction = "mean") -> Tensor:
    """Return the sum or the mean of the absolute differences.

    Args:
        first: Tensor of any shape.
        second: Tensor of the same shape.
        reduction: ``mean`` or ``sum``.

    Returns:
        A scalar that is at least 0.

    Raises:
        ValueError: If the shapes differ.
    """
    _check_shapes(first, second)
    return functional.l1_loss(first, second, reduction=reduction)


def edge_weights(features: Tensor, smallest: float, largest: float, width: int = 5) -> Tensor:
    r"""Return how strong the edges of a feature map are at each position, as factors.

    .. math:: w_k = \min(b, \max(a, e_k / \bar e)), \quad
        e = \mathrm{box} * \sqrt{\sum_c (\partial_x F_c)^2 + (\partial_y F_c)^2}

    The strength is relative to the map's mean, so an evenly textured map weighs 1 everywhere, and
    so does a map without any edge.

    Args:
        features: Feature map of shape (B, C, H, W), looked at a few rows at a time.
        smallest: The factor a of flat places, at least 0.
        largest: The factor b of the strongest edges.
        width: Side in positions of the box over which edges are averaged, odd.

    Returns:
        Factors of shape (B, 1, H, W), in float32 at least.
    """
    rows = range(0, features.shape[2], EDGE_ROWS)
    edges = torch.cat([_steepness(features[:, :, top : top + EDGE_ROWS + 1]) for top in rows], 2)
    edges = functional.avg_pool2d(edges, width, 1, width // 2, count_include_pad=False)
    mean = edges.mean((2, 3), keepdim=True)
    relative = torch.where(mean > 0, edges / mean.clamp_min(torch.finfo(edges.dtype).tiny), 1.0)
    return relative.clamp(smallest, largest)


def _steepness(features: Tensor) -> Tensor:
    """Return how much a feature map changes at each position, without that of a row too many.

    Args:
        features: The last rows of a map, or ``EDGE_ROWS`` of its rows and the one after them.
    """
    rows = features.to(torch.promote_types(features.dtype, torch.float32))
    down = functional.pad(rows.diff(dim=2), (0, 0, 0, 1))  # (B, C, h, W), 0 at the border
    across = functional.pad(rows.diff(dim=3), (0, 1, 0, 0))
    steepness = (across.square() + down.square()).sum(1, keepdim=True).sqrt()  # (B, 1, h, W)
    return steepness[:, :, :EDGE_ROWS]


def with_normalized_gradients(
    function: Callable[[dict[str, Tensor]], Tensor],
    features: Mapping[str, Tensor],
    weights: Mapping[str, float],
    epsilon: float = 1e-8,
) -> Tensor:
    r"""Return a function's value; its gradient at each layer is divided by its own L1 norm.

    .. math:: g_l = w_l \frac{\nabla_l f}{\lVert \nabla_l f \rVert_1 + \epsilon}

    A term then pulls with the same strength at every step, whatever its value: the value is no
    longer what is minimised, and a line search makes no sense.

    Args:
        function: Function of ``features`` with a scalar value.
        features: Feature maps by layer.
        weights: Weight of each layer that the function reads.
        epsilon: What keeps a gradient of 0 from being divided by 0.

    Returns:
        The value, a scalar.

    Source: neural_style.lua, lines 477 and 555, option ``-normalize_gradients``. neural-style-pt
    (lines 404 to 414) normalises the gradient of the scalar instead, which squares the weight.
    """
    with torch.enable_grad():
        leaves = {name: features[name].detach().requires_grad_() for name in weights}
        value = function({**features, **leaves})
        found = torch.autograd.grad(value, list(leaves.values()), materialize_grads=True)
    scaled = [
        weight * gradient / (gradient.abs().sum() + epsilon)
        for weight, gradient in zip(weights.values(), found, strict=True)
    ]
    result: Tensor = _Prescribed.apply(value.detach(), scaled, *(features[n] for n in weights))
    return result


def _check_shapes(first: Tensor, second: Tensor) -> None:
    if first.shape != second.shape:
        raise ValueError(
            f"Both tensors must have one shape, got {tuple(first.shape)} and {tuple(second.shape)}."
        )


class _Prescribed(torch.autograd.Function):
    """A value that is given, with gradients that are given."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, gradients: list[Tensor], *features: Tensor) -> Tensor:
        ctx.save_for_backward(*gradients)
        return value.clone()

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *(upstream * gradient for gradient in ctx.saved_tensors)
