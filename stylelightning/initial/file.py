"""A picture file as the start."""

from torch import Tensor

from stylelightning import functional as F
from stylelightning.images import RunPictures, read_picture
from stylelightning.initial.base import InitialPicture


class InitialFile(InitialPicture):
    """A picture of any size, which fills the run's and is cut at its centre.

    Args:
        path: Path of the picture.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def draw(self, pictures: RunPictures, size: tuple[int, int]) -> Tensor:
        """Return the picture.

        Raises:
            OSError: If the file is missing or can't be read.
            ValueError: If it is no picture.
        """
        return F.cover(read_picture(self.path, 2 * max(size)).pixels, size)
