"""A picture at other sizes."""

from torch import Tensor
from torch.nn import functional


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
    return functional.interpolate(image, size, mode="bicubic", antialias=True).clamp_(0, 1)


def within(image: Tensor, longest_side: int) -> Tensor:
    """Return the picture, resized if it is larger than a longer side.

    Args:
        image: Picture of shape (B, C, H, W) in [0, 1].
        longest_side: Most pixels of a side.

    Returns:
        Picture of shape (B, C, H, W); the same tensor when it is small enough.
    """
    height, width = image.shape[-2:]
    if max(height, width) <= longest_side:
        return image
    return resize(image, fit_long_side(height, width, longest_side))


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
