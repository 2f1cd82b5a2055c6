"""A picture as a sum of bands, from fine to coarse."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def laplacian_bands(picture: Tensor, levels: int) -> list[Tensor]:
    r"""Return the bands of a picture and the small picture that is left.

    .. math:: b_k = g_k - U g_{k+1}, \quad g_{k+1} = D g_k, \quad g_0 = x

    D halves the sides, rounded up, and U enlarges again, both bilinearly, D without aliasing. A
    picture of one pixel is not halved any more.

    Args:
        picture: Tensor of shape (B, C, H, W).
        levels: Number of bands at the most, at least 0.

    Returns:
        The bands from fine to coarse, each half as high and wide as the one before, and the rest.

    Source: Burt and Adelson, IEEE Transactions on Communications 31, 1983,
    https://doi.org/10.1109/TCOM.1983.1095851, with bilinear filters
    """
    bands = []
    for _ in range(levels):
        height, width = picture.shape[2:]
        if height == width == 1:
            break
        half = ((height + 1) // 2, (width + 1) // 2)
        coarse = functional.interpolate(picture, half, mode="bilinear", antialias=True)
        bands.append(picture - _enlarged(coarse, picture))
        picture = coarse
    return [*bands, picture]


def sum_of_bands(bands: Sequence[Tensor]) -> Tensor:
    """Return the picture of some bands, each enlarged to the size of the one before it.

    Args:
        bands: Tensors of shape (B, C, h, w), from fine to coarse, as of `laplacian_bands`.

    Returns:
        Picture of the shape of the first.
    """
    picture = bands[-1]
    for band in reversed(bands[:-1]):
        picture = band + _enlarged(picture, band)
    return picture


def _enlarged(coarse: Tensor, like: Tensor) -> Tensor:
    size = torch.Size(like.shape[2:])
    return functional.interpolate(coarse, size, mode="bilinear", align_corners=False)
