"""What every treatment of colours promises."""

from abc import ABC, abstractmethod

from torch import Tensor

from stylelightning.images import Picture


class Colours(ABC):
    """A treatment of the images' colours, before the first step and after the last.

    All pictures are (1, 3, H, W) in [0, 1].
    """

    @abstractmethod
    def before(self, content: Picture, style: Picture) -> tuple[Tensor, Tensor]:
        """Return the content image and the style image that the run works on.

        Args:
            content: Content image at its own size.
            style: Style image at its own size.

        Returns:
            The pixels of both, sizes unchanged.
        """

    def after(self, picture: Tensor, content: Tensor) -> Tensor:
        """Return the picture to show: the same one, unless a subclass does otherwise.

        Args:
            picture: Picture that the run made.
            content: Content image in its own colours, at the picture's size.
        """
        return picture
