"""How far a picture is from another one whose colours were changed by a smooth affine map."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

WINDOW = 9
"""Pixels of a window, 3 x 3."""


@dataclass(frozen=True)
class MattingWindows:
    """A picture's windows of 3 x 3 pixels, as `matting_energy` needs them.

    Args:
        picture: The picture I, (B, 3, H, W), float64.
        means: Mean colour of each window, (B, 3, H - 2, W - 2), float64.
        inverses: Inverse of each window's covariance of colours, epsilon included, of shape
            (B, 3, 3, H - 2, W - 2), float64.
        counts: Number of windows that each pixel lies in, from 1 to 9, (1, 1, H, W), float64.
    """

    picture: Tensor
    means: Tensor
    inverses: Tensor
    counts: Tensor


def matting_windows(picture: Tensor, epsilon: float = 1e-7) -> MattingWindows:
    r"""Return what a picture's matting Laplacian is made of.

    .. math:: \mu_k = \frac{1}{9} \sum_{i \in k} I_i, \qquad S_k + \frac{\epsilon}{9} E
        = \frac{1}{9} \sum_{i \in k} (I_i - \mu_k)(I_i - \mu_k)^T + \frac{\epsilon}{9} E

    Args:
        picture: Picture of shape (B, 3, H, W) in [0, 1].
        epsilon: What an affine map pays for its slope, above 0.

    Raises:
        ValueError: If a side is below 3 pixels, or there are not three channels.
    """
    if picture.ndim != 4 or picture.shape[1] != 3 or min(picture.shape[2:]) < 3:
        raise ValueError(
            "A matting Laplacian needs a picture of shape (B, 3, H, W) with sides of at least 3 "
            f"pixels, got {tuple(picture.shape)}."
        )
    picture = picture.detach().double()
    means = _box(picture) / WINDOW
    products = _box((picture[:, :, None] * picture[:, None]).flatten(1, 2)) / WINDOW
    covariances = products.view(-1, 3, 3, *means.shape[2:]) - means[:, :, None] * means[:, None]
    matrices = covariances.permute(0, 3, 4, 1, 2).contiguous()  # (B, h, w, 3, 3)
    matrices.diagonal(dim1=3, dim2=4).add_(epsilon / WINDOW)
    inverses = torch.linalg.inv(matrices).permute(0, 3, 4, 1, 2).contiguous()
    return MattingWindows(picture, means, inverses, _spread(torch.ones_like(means[:1, :1])))


def matting_energy(image: Tensor, of: MattingWindows) -> Tensor:
    r"""Return how far a picture is from affine maps of another one's colours, window by window.

    .. math:: \sum_c V_c^T M V_c = \sum_{c,k} \min_{a,b} \left( \sum_{i \in k}
        (V_{ci} - a^T I_i - b)^2 + \epsilon |a|^2 \right)

    with windows k of 3 x 3 pixels. M, the matting Laplacian, is never made: both forms are sums
    over windows, and memory grows with the number of pixels.

    Computed in float64: where a window's colours are nearly alike, or lie on a line as grays do,
    the inverse of their covariance is up to 9 / epsilon. In float32 the gradient at 0.8 I + 0.1 of
    the example bay, 384 px, is off by thirty times its size, and by 0.3 % at a noisy picture.

    Value and gradient 2 M V come together, in closed form: the gradient is all that is kept, 12
    bytes a pixel in place of 590 by autograd, which takes three times as long. It has no gradient
    of its own.

    Args:
        image: Picture V of shape (B, 3, H, W) in [0, 1].
        of: The other picture's windows.

    Returns:
        A scalar that is at least 0, in the image's dtype.

    Raises:
        ValueError: If the pictures' shapes differ.

    Source: Levin, Lischinski and Weiss, "A closed-form solution to natural image matting", IEEE
    Transactions on Pattern Analysis and Machine Intelligence 30, 2008, equations 5, 11 and 12,
    https://doi.org/10.1109/TPAMI.2007.1177
    """
    if image.shape != of.picture.shape:
        raise ValueError(
            "The pictures of a matting energy must have one shape, got "
            f"{tuple(image.shape)} and {tuple(of.picture.shape)}."
        )
    energy: Tensor = _Energy.apply(image, of)
    return energy


class _Energy(torch.autograd.Function):
    """The energy, with its gradient."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, of: MattingWindows) -> Tensor:
        values = image.double()
        applied = torch.stack([_applied(each, of) for each in values.unbind(1)], 1)  # M V
        ctx.save_for_backward((2 * applied).to(image.dtype))
        return (values * applied).sum().clamp_min(0).to(image.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "The matting energy has no second derivative: its gradient must not be taken with "
                "create_graph=True."
            )
        (own,) = ctx.saved_tensors
        return own * gradient, None


def _applied(values: Tensor, of: MattingWindows) -> Tensor:
    """Return M times a channel, (B, H, W): each pixel's sum of its windows' residuals."""
    values = values[:, None]  # (B, 1, H, W)
    sums = _box(torch.cat([of.picture * values, values], 1)).div_(WINDOW)
    joint, mean = sums[:, :3], sums[:, 3:]  # (B, 3, h, w), (B, 1, h, w)
    joint.addcmul_(of.means, mean, value=-1)
    affine = torch.cat([_times(of.inverses, joint), mean], 1)  # slopes a and offset b
    for slope, average in zip(affine[:, :3].unbind(1), of.means.unbind(1), strict=True):
        affine[:, 3].addcmul_(slope, average, value=-1)
    spread = _spread(affine)  # (B, 4, H, W)
    residuals = (of.counts * values)[:, 0] - spread[:, 3]
    for slope, colour in zip(spread[:, :3].unbind(1), of.picture.unbind(1), strict=True):
        residuals.addcmul_(slope, colour, value=-1)
    return residuals


def _times(matrices: Tensor, vectors: Tensor) -> Tensor:
    """Return matrices, (B, 3, 3, h, w), times vectors, (B, 3, h, w)."""
    product = matrices[:, :, 0] * vectors[:, 0, None]
    product.addcmul_(matrices[:, :, 1], vectors[:, 1, None])
    return product.addcmul_(matrices[:, :, 2], vectors[:, 2, None])


def _box(maps: Tensor) -> Tensor:
    """Return sums over 3 x 3 pixels, (B, C, H - 2, W - 2)."""
    rows = (maps[..., :-2, :] + maps[..., 1:-1, :]).add_(maps[..., 2:, :])
    return (rows[..., :-2] + rows[..., 1:-1]).add_(rows[..., 2:])


def _spread(maps: Tensor) -> Tensor:
    """Return each pixel's sum over the windows that it lies in, (B, C, H, W)."""
    return _box(functional.pad(maps, (2, 2, 2, 2)))
