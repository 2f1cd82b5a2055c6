"""Where a picture has edges."""

import torch
from torch import Tensor
from torch.nn import functional


def octaves(image: Tensor, count: int) -> list[Tensor]:
    """Return a picture and what is left of it when it is halved again and again.

    Args:
        image: Picture of shape (B, C, H, W).
        count: Number of pictures, at least 1.

    Returns:
        Pictures of shape (B, C, H // 2^n, W // 2^n), each the mean of 2 x 2 pixels of the one
        before.
    """
    pictures = [image]
    while len(pictures) < count:
        pictures.append(functional.avg_pool2d(pictures[-1], 2))
    return pictures


def edge_strength(image: Tensor) -> Tensor:
    r"""Return how strong the edges of a picture are, whatever their direction.

    .. math:: \sqrt{(\partial_x \bar I)^2 + (\partial_y \bar I)^2}

    Args:
        image: Picture of shape (B, C, H, W); :math:`\bar I` is the mean over its channels.

    Returns:
        Map of shape (B, 1, H - 1, W - 1), at least 0.

    Example:
        >>> edge_strength(torch.tensor([[[[0.0, 3.0], [4.0, 0.0]]]]))
        tensor([[[[5.]]]])
    """
    gray = image.mean(1, keepdim=True)
    across = gray[..., :-1, 1:] - gray[..., :-1, :-1]
    down = gray[..., 1:, :-1] - gray[..., :-1, :-1]
    return (across.square() + down.square()).sqrt()


def correlation(first: Tensor, second: Tensor) -> Tensor:
    """Return Pearson's correlation of the values of two tensors.

    Args:
        first: Tensor of any shape.
        second: Tensor with as many values.

    Returns:
        A scalar in [-1, 1]; NaN where all values of one are equal.
    """
    pair = torch.stack([first.flatten(), second.flatten()])  # (2, N)
    matrix: Tensor = torch.corrcoef(pair)  # (2, 2)
    return matrix[0, 1]
