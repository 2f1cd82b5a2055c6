"""Hide the colours that lie under transparent pixels."""

from pathlib import Path

import torch
from torch import Tensor


def fill_transparent(pixels: Tensor, alpha: Tensor, path: Path) -> Tensor:
    r"""Return the picture on a background of its own mean colour.

    .. math:: \bar{x} = \frac{\sum_k \alpha_k x_k}{\sum_k \alpha_k}, \quad
        y_k = \alpha_k x_k + (1 - \alpha_k) \bar{x}

    A file may hold any colour under a transparent pixel. One fill that depends only on what is
    seen leaves no trace of it, and no halo as black or white would.

    Args:
        pixels: Colours of shape (1, 3, H, W) in [0, 1].
        alpha: Opacity of shape (1, 1, H, W) in [0, 1].
        path: Absolute path of the file, for the error.

    Returns:
        Colours of shape (1, 3, H, W) in [0, 1].

    Raises:
        ValueError: If every pixel is fully transparent.
    """
    seen = alpha.sum(dtype=torch.float64)
    if seen == 0:
        raise ValueError(
            f"Cannot read the picture {path}: at least one pixel must be visible, all are fully"
            " transparent. Remove its alpha channel or choose another picture."
        )
    mean = (pixels * alpha).sum((2, 3), keepdim=True, dtype=torch.float64) / seen  # (1, 3, 1, 1)
    return (pixels * alpha + mean.to(pixels.dtype) * (1 - alpha)).clamp(0, 1)
