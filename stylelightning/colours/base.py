"""What every treatment of colours promises."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from stylelightning.images import Picture


class Colours(ABC):
    """A treatment of the images' colours, before the first step and after the last.

    All pictures are (1, 3, H, W) in [0, 1].
    """

    @abstractmethod
    def before(
        self, content: Picture, styles: Sequence[Picture], shares: Sequence[float]
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the content image and the style images that the run works on.

        Args:
            content: Content image at its own size.
            styles: Style images at their own sizes, at least one.
            shares: Share of each style image in the blend; they add up to 1.

        Returns:
            The pixels of all, sizes unchanged.
        """

    def after(
        self, picture: Tensor, content: Tensor, styles: Sequence[Picture], shares: Sequence[float]
    ) -> Tensor:
        """Return the picture to show: the same one, unless a subclass does otherwise.

        Args:
            picture: Picture that the run made.
            content: Content image in its own colours, at the picture's size.
            styles: Style images in their own colours at their own sizes, at least one.
            shares: Share of each style image in the blend; they add up to 1.
        """
        return picture
