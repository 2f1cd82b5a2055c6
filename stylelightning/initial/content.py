"""The content image as the start."""

from torch import Tensor

from stylelightning.images import RunPictures
from stylelightning.initial.base import InitialPicture


class InitialContent(InitialPicture):
    """The content image."""

    def draw(self, pictures: RunPictures, size: tuple[int, int]) -> Tensor:
        """Return the content image.

        Raises:
            ValueError: If the run has none.
        """
        content = pictures.content(max(size))
        if content is None:
            raise ValueError(
                "`model.init` is content, but there is no content image: give --data.content PATH, "
                "or --model.init noise."
            )
        return content
