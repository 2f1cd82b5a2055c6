"""A picture as waves."""

from typing import Any

import torch
from torch import Tensor


def hartley(signal: Tensor) -> Tensor:
    r"""Return the coefficients of a picture's waves: the real form of the Fourier transform.

    .. math:: h(u) = \frac{1}{\sqrt{HW}} \sum_x x \left(\cos\theta + \sin\theta\right), \quad
        \theta = 2\pi \left(\frac{u_1 x_1}{H} + \frac{u_2 x_2}{W}\right)

    That is the real part less the imaginary part of the orthonormal Fourier transform F. It is
    orthonormal itself and its own inverse, has as many real numbers as the picture has pixels, for
    even and odd sides alike, and its gradient is the transform of the gradient. The frequencies are
    in the order of ``torch.fft.fftfreq``.

    Args:
        signal: Real tensor of shape (..., H, W).

    Returns:
        Tensor of the same shape.

    Source: Bracewell, Journal of the Optical Society of America 73, 1983,
    https://doi.org/10.1364/JOSA.73.001832
    """
    transformed: Tensor = _Hartley.apply(signal)
    return transformed


def one_over_f(size: tuple[int, int], exponent: float) -> Tensor:
    r"""Return the amplitude of each wave of a picture whose spectrum falls with the frequency.

    .. math:: s(u) \propto \max\left(f(u), \frac{1}{\max(H, W)}\right)^{-d}

    f is in cycles per pixel. The mean of the squares is 1, so that white noise through s keeps its
    variance.

    Args:
        size: Height and width in pixels.
        exponent: The exponent d; 1 is that of photographs, 0 gives 1 everywhere.

    Returns:
        Tensor of shape (H, W) in float64, in the order of ``torch.fft.fftfreq``.

    Source: Field, Journal of the Optical Society of America A 4, 1987,
    https://doi.org/10.1364/JOSAA.4.002379; the lowest frequency is cut as in Olah, Mordvintsev and
    Schubert, Distill 2017, https://doi.org/10.23915/distill.00007
    """
    rows, columns = (torch.fft.fftfreq(side, dtype=torch.float64) for side in size)
    frequency = torch.hypot(rows[:, None], columns).clamp_min(1 / max(size))
    amplitude = frequency**-exponent
    return amplitude / amplitude.square().mean().sqrt()


class _Hartley(torch.autograd.Function):
    """The transform is symmetric, so its gradient is the transform of the gradient."""

    @staticmethod
    def forward(ctx: Any, signal: Tensor) -> Tensor:
        half = torch.fft.rfft2(signal, norm="ortho")  # (..., H, W // 2 + 1)
        # the rest are these frequencies, mirrored at 0, where F is the conjugate
        mirrored = (half.real + half.imag)[..., 1 : (signal.shape[-1] + 1) // 2]
        rest = mirrored.flip(-2, -1).roll(1, -2)
        return torch.cat([half.real - half.imag, rest], dim=-1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return hartley(gradient)
