"""What every initial picture promises."""

from abc import ABC, abstractmethod

from torch import Tensor

from stylelightning.images import RunPictures


class InitialPicture(ABC):
    """Where a run's picture starts."""

    @abstractmethod
    def draw(self, pictures: RunPictures, size: tuple[int, int]) -> Tensor:
        """Return the picture before the first step.

        Args:
            pictures: The run's content image and style images.
            size: Height and width of the first scale in pixels.

        Returns:
            Picture of shape (1, 3, *size) in [0, 1].
        """
