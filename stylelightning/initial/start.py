"""The picture that a run starts from, as its option says."""

import difflib
from collections.abc import Callable

from torch import Tensor

from stylelightning.images import RunPictures
from stylelightning.initial.base import InitialPicture
from stylelightning.initial.content import InitialContent
from stylelightning.initial.file import InitialFile
from stylelightning.initial.gray import InitialGray
from stylelightning.initial.noise import InitialNoise
from stylelightning.initial.style import InitialStyle

WORDS: dict[str, Callable[[], InitialPicture]] = {
    "content": InitialContent,
    "style": InitialStyle,
    "noise": InitialNoise,
    "gray": InitialGray,
}
"""What an option's words stand for; any other is the path of a picture."""


def initial_picture(init: InitialPicture | str, pictures: RunPictures, long_side: int) -> Tensor:
    """Return the picture that a run starts from.

    Args:
        init: An initial picture, one of ``WORDS``, or the path of a picture.
        pictures: The run's pictures.
        long_side: Longer side of the first scale in pixels.

    Returns:
        Picture of shape (1, 3, H, W) in [0, 1].

    Raises:
        ValueError: If the image that is asked for is missing, a file is no picture, or what is
            drawn has another shape.
        OSError: If a file can't be read.
    """
    size = pictures.picture_size(long_side)
    if isinstance(init, str):
        return _of_word(init, pictures, size)
    picture = init.draw(pictures, size)
    if picture.shape != (1, 3, *size):
        raise ValueError(
            f"`draw` of {type(init).__name__} must return a picture of shape (1, 3, *size), here "
            f"{(1, 3, *size)}, got {tuple(picture.shape)}."
        )
    return picture


def _of_word(word: str, pictures: RunPictures, size: tuple[int, int]) -> Tensor:
    if word in WORDS:
        return WORDS[word]().draw(pictures, size)
    try:
        return InitialFile(word).draw(pictures, size)
    except FileNotFoundError as error:
        near = difflib.get_close_matches(word.lower(), WORDS, n=1)
        raise FileNotFoundError(
            f"`model.init` must be {', '.join(WORDS)} or the path of a picture, got {word!r}"
            f"{f' (did you mean {near[0]}?)' if near else ''}: {error}"
        ) from error
