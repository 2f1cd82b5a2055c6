"""What is asked of a picture without a target."""

from torch import Tensor
from torch.nn import functional

from stylelightning.functional.distances import Reduction


def total_variation(
    image: Tensor, exponent: float = 2.0, isotropic: bool = False, reduction: Reduction = "mean"
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


def nine_point_variation(
    image: Tensor, exponent: float = 2.0, reduction: Reduction = "mean"
) -> Tensor:
    r"""Return how much pixels differ from all eight neighbours, the same in every direction.

    .. math:: \frac{2}{3} \left( |\partial_x I|^p + |\partial_y I|^p \right)
        + \frac{1}{6} \left( |I_{i+1,j+1} - I_{ij}|^p + |I_{i+1,j} - I_{i,j+1}|^p \right)

    The border is repeated by one pixel first. The mean is taken of each difference apart: there
    are H * W upright ones and (H + 1) * (W + 1) diagonal ones.

    Args:
        image: Picture or feature map of shape (B, C, H, W).
        exponent: The power p, at least 1.
        reduction: ``mean`` or ``sum``.

    Returns:
        A scalar that is at least 0.

    Source: style-transfer-pytorch, class TVLoss (lines 184 to 195), with p = 2.
    """
    padded = functional.pad(image, (1, 1, 1, 1), mode="replicate")
    inner, corner = padded[..., 1:-1, 1:-1], padded[..., :-1, :-1]
    differences = (
        (2 / 3, padded[..., 1:-1, 2:] - inner),
        (2 / 3, padded[..., 2:, 1:-1] - inner),
        (1 / 6, padded[..., 1:, 1:] - corner),
        (1 / 6, padded[..., 1:, :-1] - padded[..., :-1, 1:]),
    )
    powers = [(weight, each.abs().pow(exponent)) for weight, each in differences]
    terms = [w * (each.mean() if reduction == "mean" else each.sum()) for w, each in powers]
    return sum(terms[1:], terms[0])


def laplacian(image: Tensor) -> Tensor:
    """Return how much each pixel differs from the mean of its four neighbours, times 4.

    Args:
        image: Picture of shape (B, C, H, W), sides of at least 3.

    Returns:
        Map of shape (B, C, H - 2, W - 2).
    """
    middle = image[..., 1:-1, 1:-1]
    sides = image[..., 1:-1, :-2] + image[..., 1:-1, 2:] + image[..., :-2, 1:-1]
    return 4 * middle - sides - image[..., 2:, 1:-1]


def excess(image: Tensor, minimum: float, maximum: float) -> Tensor:
    r"""Return how far values are out of a range, 0 within it.

    .. math:: \max(0, (x - a) (x - b))

    Args:
        image: Tensor of any shape.
        minimum: Lower end a of the range.
        maximum: Upper end b of the range.

    Source: pystiche, function ``value_range_loss``, whose hyperbolic sines of both factors its own
    authors call unneeded.
    """
    return ((image - minimum) * (image - maximum)).relu()
