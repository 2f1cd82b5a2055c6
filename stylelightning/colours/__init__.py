"""What happens to colours before and after a run. A new one is one file and one line below."""

from stylelightning.colours.base import Colours
from stylelightning.colours.luminance import LuminanceOnly
from stylelightning.colours.mapped_chroma import MappedChroma
from stylelightning.colours.transfer import ContentToStyle, StyleToContent

__all__ = ["Colours", "ContentToStyle", "LuminanceOnly", "MappedChroma", "StyleToContent"]
