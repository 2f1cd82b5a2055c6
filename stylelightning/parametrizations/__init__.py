"""What the parameters of the picture are. A new one is one file here and one line below."""

from stylelightning.parametrizations.base import Parametrization
from stylelightning.parametrizations.pixels import PixelParametrization

__all__ = ["Parametrization", "PixelParametrization"]
