"""A picture moved along a flow, and how far a flow between two frames can be trusted."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

HOLE = -1.0
"""What a pixel that was hidden counts before smoothing: below 0, so that holes grow outwards."""
SMOOTHING = 0.8
"""Standard deviation in pixels of the Gaussian that smooths the weights."""
RADIUS = 3
"""Pixels on either side that it reaches."""


def warp(picture: Tensor, flow: Tensor) -> Tensor:
    r"""Return a picture moved along a flow, between pixels by bilinear interpolation.

    .. math:: W(p) = x(p + w(p))

    Args:
        picture: Picture of shape (1, C, H, W).
        flow: Flow w in pixels, (1, 2, H, W), to the right and downwards.

    Returns:
        Picture of the same shape; a place outside of it has the nearest pixel of its border.
    """
    height, width = flow.shape[2:]
    at = _places(flow) + flow
    # corners at -1 and 1 are the borders of the outer pixels
    scale = at.new_tensor([width, height])[None, :, None, None]
    grid = ((2 * at + 1) / scale - 1).permute(0, 2, 3, 1)
    return functional.grid_sample(picture, grid, "bilinear", "border", align_corners=False)


def stays_inside(flow: Tensor) -> Tensor:
    """Return where a flow leads to a place in the picture: 1 or 0, (1, 1, H, W).

    Args:
        flow: Flow in pixels, (1, 2, H, W).
    """
    height, width = flow.shape[2:]
    across, down = (_places(flow) + flow).unbind(1)
    inside = (across >= 0) & (across <= width - 1) & (down >= 0) & (down <= height - 1)
    return inside[:, None].to(flow)


def flow_weights(flow: Tensor, back: Tensor) -> Tensor:
    r"""Return how far each pixel's flow can be trusted, from 0 to 1.

    With w the flow, :math:`\hat w` the flow of the other frame back to this one and
    :math:`\tilde w(p) = \hat w(p + w(p))`, a pixel counts nothing where

    - it leaves the picture;
    - it is hidden in the other frame,
      :math:`|w + \tilde w|^2 \ge 0.01 (|w|^2 + |\tilde w|^2) + 0.5`;
    - it is at the border of a motion,
      :math:`|\nabla u|^2 + |\nabla v|^2 > 0.01 |w|^2 + 0.002`, w being (u, v);

    and 1 elsewhere. The weights are smoothed by a Gaussian of 0.8 px, in which what is hidden
    counts -1, and cut to [0, 1].

    Args:
        flow: Flow from this frame to another, in pixels, (1, 2, H, W).
        back: Flow from the other frame to this one, of the same shape.

    Returns:
        The weights, (1, 1, H, W).

    Source: Ruder, Dosovitskiy and Brox, GCPR 2016, equations 5 and 6,
    https://arxiv.org/abs/1604.08610, after Sundaram, Brox and Keutzer, ECCV 2010; the smoothing
    is that of the authors' program, consistencyChecker.cpp.
    """
    returned = warp(back, flow)
    length = _squared(flow)
    hidden = _squared(flow + returned) >= 0.01 * (length + _squared(returned)) + 0.5
    across, down = (torch.gradient(flow, dim=side)[0] for side in (3, 2))
    border = _squared(across) + _squared(down) > 0.01 * length + 0.002
    weights = stays_inside(flow).masked_fill(border, 0)
    return _smoothed(weights.masked_fill(hidden, HOLE)).clamp(0, 1)


def closest_first(weights: Sequence[Tensor]) -> list[Tensor]:
    r"""Return weights of several frames of which a pixel follows the closest that it can.

    .. math:: c_j \leftarrow \max(0, c_j - \sum_{k \text{ closer than } j} c_k)

    Args:
        weights: Weights as ``flow_weights`` gives them, the closest frame's first.

    Source: Ruder, Dosovitskiy and Brox, GCPR 2016, equation 9, https://arxiv.org/abs/1604.08610;
    the weights that are taken away are those before any was, as there. The authors' program takes
    away what is left of them.
    """
    left: list[Tensor] = []
    for number, each in enumerate(weights):
        left.append((each - sum(weights[:number], torch.zeros_like(each))).clamp(min=0))
    return left


def _places(flow: Tensor) -> Tensor:
    """Return each pixel's own place, (1, 2, H, W): across and down."""
    height, width = flow.shape[2:]
    down, across = torch.meshgrid(
        torch.arange(height, dtype=flow.dtype, device=flow.device),
        torch.arange(width, dtype=flow.dtype, device=flow.device),
        indexing="ij",
    )
    return torch.stack([across, down])[None]


def _squared(vectors: Tensor) -> Tensor:
    """Return the squared lengths of the vectors at each pixel, (1, 1, H, W)."""
    return vectors.square().sum(1, keepdim=True)


def _smoothed(weights: Tensor) -> Tensor:
    """Return the weights smoothed; the picture's border repeats outwards."""
    offsets = torch.arange(-RADIUS, RADIUS + 1, dtype=weights.dtype, device=weights.device)
    kernel = (-offsets.square() / (2 * SMOOTHING**2)).exp()
    kernel = kernel / kernel.sum()
    padded = functional.pad(weights, (RADIUS,) * 4, mode="replicate")
    across = functional.conv2d(padded, kernel.view(1, 1, 1, -1))
    return functional.conv2d(across, kernel.view(1, 1, -1, 1))
