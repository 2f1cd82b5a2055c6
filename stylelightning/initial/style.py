"""The style image as the start."""

from torch import Tensor

from stylelightning import functional as F
from stylelightning.images import RunPictures
from stylelightning.initial.base import InitialPicture


class InitialStyle(InitialPicture):
    """The first style image, which fills the picture and is cut at its centre."""

    def draw(self, pictures: RunPictures, size: tuple[int, int]) -> Tensor:
        """Return the first style image.

        Raises:
            ValueError: If the run has none.
        """
        styles = pictures.styles(max(size))
        if not styles:
            raise ValueError(
                "`model.init` is style, but there is no style image: give --data.style PATH, or "
                "--model.init noise."
            )
        return F.cover(styles[0], size)
