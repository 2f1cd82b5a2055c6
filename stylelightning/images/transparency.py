"""Hide the colours that lie under transparent pixels, and find those of pixels half seen."""

from pathlib import Path

import torch
from torch import Tensor

from stylelightning.images.convert import strips


def fill_transparent_(pixels: Tensor, alpha: Tensor, path: Path) -> None:
    r"""Lay the picture on a background of its own mean colour, in place.

    .. math:: \bar{x} = \frac{\sum_k \alpha_k x_k}{\sum_k \alpha_k}, \quad
        y_k = \alpha_k x_k + (1 - \alpha_k) \bar{x}

    A file may hold any colour under a transparent pixel. One fill that depends only on what is
    seen leaves no trace of it, and no halo as black or white would.

    Args:
        pixels: Colours of shape (1, 3, H, W) in [0, 1], which are changed.
        alpha: Opacity of shape (1, 1, H, W) in [0, 1].
        path: Absolute path of the file, for the error.

    Raises:
        ValueError: If every pixel is fully transparent.
    """
    seen = alpha.sum(dtype=torch.float64)
    if seen == 0:
        raise ValueError(
            f"Cannot read the picture {path}: at least one pixel must be visible, all are fully"
            " transparent. Remove its alpha channel or choose another picture."
        )
    rows = [slice(*each) for each in strips(pixels.shape[2], pixels.shape[3])]
    shown = ((pixels[:, :, each], alpha[:, :, each]) for each in rows)
    sums = [(part * share).sum((2, 3), keepdim=True, dtype=torch.float64) for part, share in shown]
    mean = (torch.stack(sums).sum(0) / seen).to(pixels.dtype)  # (1, 3, 1, 1)
    for each in rows:
        part, share = pixels[:, :, each], alpha[:, :, each]
        pixels[:, :, each] = (part * share + mean * (1 - share)).clamp(0, 1)


def own_colours(pixels: Tensor, alpha: Tensor) -> Tensor:
    r"""Return the colours that a picture had before it was laid on its mean colour.

    The mean of what `fill_transparent_` makes is the mean :math:`\bar{x}` that it took:

    .. math:: x_k = \bar{x} + \frac{y_k - \bar{x}}{\alpha_k}

    Args:
        pixels: Colours of shape (1, 3, H, W) in [0, 1], laid on their mean.
        alpha: Opacity of shape (1, 1, H, W) in [0, 1].

    Returns:
        Colours of shape (1, 3, H, W) in [0, 1], of a fully transparent pixel the mean colour.
    """
    mean = pixels.mean((2, 3), keepdim=True, dtype=torch.float64).to(pixels.dtype)
    own = mean + (pixels - mean) / alpha.clamp_min(torch.finfo(alpha.dtype).tiny)
    return torch.where(alpha > 0, own, mean).clamp(0, 1)
