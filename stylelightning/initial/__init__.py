"""Where the picture starts."""

from stylelightning.initial.base import InitialPicture
from stylelightning.initial.content import InitialContent
from stylelightning.initial.file import InitialFile
from stylelightning.initial.gray import InitialGray
from stylelightning.initial.noise import InitialNoise
from stylelightning.initial.start import initial_picture
from stylelightning.initial.style import InitialStyle

__all__ = [
    "InitialContent",
    "InitialFile",
    "InitialGray",
    "InitialNoise",
    "InitialPicture",
    "InitialStyle",
    "initial_picture",
]
