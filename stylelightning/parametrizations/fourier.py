"""Waves as the parameters."""

import math

import torch
from torch import Tensor, nn

from stylelightning.functional.spectrum import hartley, one_over_f
from stylelightning.parametrizations.linear import LinearParametrization


class FourierParametrization(LinearParametrization):
    r"""One parameter, the coefficients of the picture's waves, the slow ones made larger.

    .. math:: x = \mathcal{H}(s\, z), \quad s(u) \propto \max(f, 1 / \max(H, W))^{-d}

    H is the orthonormal Hartley transform, the Fourier transform in real numbers, f the frequency
    in cycles per pixel. The mean of s squared is 1: an Adam step changes the picture by its rate,
    in root mean square, as it does with pixels. Large forms then move far in a step, and single
    pixels hardly. Lucid's complex coefficients are the same up to a rotation of each pair of
    waves, and a factor.

    Args:
        exponent: The exponent d. 1 is the slope of photographs; with 0 all waves are alike, which
            is another basis for Adam, and the same as pixels for SGD.

    Raises:
        ValueError: If ``exponent`` is not in [0, 4].

    Source: Olah, Mordvintsev and Schubert, "Feature visualization", Distill 2017,
    https://doi.org/10.23915/distill.00007; Mordvintsev et al., "Differentiable image
    parameterizations", Distill 2018, https://doi.org/10.23915/distill.00012
    """

    maps = False
    coefficients: nn.Parameter
    amplitude: Tensor

    def __init__(self, exponent: float = 1.0) -> None:
        super().__init__()
        if not (math.isfinite(exponent) and 0 <= exponent <= 4):
            raise ValueError(
                f"`exponent` of FourierParametrization must be from 0 to 4, got {exponent}: 1 is "
                "that of photographs."
            )
        self.exponent = exponent

    def encode(self, picture: Tensor) -> None:
        """Make the picture's coefficients the parameter."""
        size = (picture.shape[2], picture.shape[3])
        # rounded alike wherever it is made: a run goes on bit for bit in 64 bits too
        amplitude = one_over_f(size, self.exponent).float().to(picture)
        self.register_buffer("amplitude", amplitude, persistent=False)
        self.coefficients = nn.Parameter(self._analysed(picture.detach()))

    @torch.no_grad()
    def overwrite(self, picture: Tensor) -> None:
        """Copy the picture's coefficients to the parameter."""
        self.coefficients.copy_(self._analysed(picture))

    def decode(self) -> Tensor:
        """Return the sum of the waves."""
        return hartley(self.coefficients * self.amplitude)

    def _analysed(self, picture: Tensor) -> Tensor:
        return hartley(picture) / self.amplitude

    def extra_repr(self) -> str:
        """Return what the numbers depend on."""
        return f"exponent={self.exponent:g}"
