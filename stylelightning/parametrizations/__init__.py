"""What the parameters of the picture are. A new one is one file here and one line below."""

from stylelightning.parametrizations.base import Parametrization
from stylelightning.parametrizations.decorrelated import DecorrelatedParametrization
from stylelightning.parametrizations.fourier import FourierParametrization
from stylelightning.parametrizations.laplacian import LaplacianParametrization
from stylelightning.parametrizations.linear import LinearParametrization
from stylelightning.parametrizations.pixels import PixelParametrization
from stylelightning.parametrizations.sigmoid import SigmoidParametrization

__all__ = [
    "DecorrelatedParametrization",
    "FourierParametrization",
    "LaplacianParametrization",
    "LinearParametrization",
    "Parametrization",
    "PixelParametrization",
    "SigmoidParametrization",
]
