"""What is asked of a picture without a target."""

from functools import partial

from torch import Tensor
from torch.nn import functional

from stylelightning.functional.distances import Reduction
from stylelightning.functional.strips import Strip, sum_of_strips


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
    joined = _isotropic_variation if isotropic else _variation
    total = sum_of_strips(image, partial(joined, exponent=exponent))
    return total / image.numel() if reduction == "mean" else total


def _variation(strip: Strip, exponent: float) -> Tensor:
    own = strip.image[..., : strip.rows, :]
    across = own[..., :, 1:] - own[..., :, :-1]  # (B, C, rows, W-1)
    down = strip.image[..., 1:, :] - strip.image[..., :-1, :]
    return across.abs().pow(exponent).sum() + down.abs().pow(exponent).sum()


def _isotropic_variation(strip: Strip, exponent: float) -> Tensor:
    image = strip.image
    across = image[..., :-1, 1:] - image[..., :-1, :-1]
    down = image[..., 1:, :-1] - image[..., :-1, :-1]
    squares = across.square() + down.square()
    flat = squares == 0  # a root has no gradient at 0
    return squares.masked_fill(flat, 1).pow(exponent / 2).masked_fill(flat, 0).sum()


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
    upright = diagonal = 1
    if reduction == "mean":
        batch, channels, height, width = image.shape
        upright = batch * channels * height * width
        diagonal = batch * channels * (height + 1) * (width + 1)
    weights = (2 / 3 / upright, 1 / 6 / diagonal)
    return sum_of_strips(image, partial(_nine_points, exponent=exponent, weights=weights))


def _nine_points(strip: Strip, exponent: float, weights: tuple[float, float]) -> Tensor:
    upright, diagonal = weights
    border = (1, 1, int(strip.is_first), int(strip.is_last))
    padded = functional.pad(strip.image, border, mode="replicate")
    own = strip.image[..., : strip.rows, :]
    corner = padded[..., :-1, :-1]
    differences = (
        (upright, own[..., :, 1:] - own[..., :, :-1]),
        (upright, strip.image[..., 1:, :] - strip.image[..., :-1, :]),
        (diagonal, padded[..., 1:, 1:] - corner),
        (diagonal, padded[..., 1:, :-1] - padded[..., :-1, 1:]),
    )
    terms = [weight * each.abs().pow(exponent).sum() for weight, each in differences]
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


def excess_sum(image: Tensor, minimum: float, maximum: float) -> Tensor:
    """Return the sum of ``excess`` over a picture, strip by strip if it is large.

    Args:
        image: Picture or feature map of shape (B, C, H, W).
        minimum: Lower end of the range.
        maximum: Upper end of the range.

    Returns:
        A scalar that is at least 0.
    """
    return sum_of_strips(
        image, lambda strip: excess(strip.image[..., : strip.rows, :], minimum, maximum).sum()
    )


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
