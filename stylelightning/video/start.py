"""Where a frame starts that is not the first of its shot."""

from torch import Tensor

from stylelightning import functional as F
from stylelightning.images import RunPictures
from stylelightning.initial import InitialPicture


class InitialFrame(InitialPicture):
    """Starts from a picture in memory, such as the last frame moved to its place in this one.

    Args:
        picture: The picture, (1, 3, H, W) in [0, 1].
    """

    def __init__(self, picture: Tensor) -> None:
        self.picture = picture

    def draw(self, pictures: RunPictures, size: tuple[int, int]) -> Tensor:
        """Return the picture at the size of the first scale."""
        return F.resize(self.picture, size)
