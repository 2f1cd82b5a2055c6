"""What every criterion promises."""

from abc import ABC, abstractmethod
from typing import Literal

from torch import Tensor


class Criterion(ABC):
    """The rules of the game between the critic and the picture.

    Scores may have any shape; means go over all of them. High scores are those of the style.
    """

    scope: Literal["local", "global"] = "local"
    """``local`` if the picture's part is a mean of one number a patch, ``global`` if not."""

    @abstractmethod
    def critic(self, style: Tensor, picture: Tensor) -> Tensor:
        """Return what the critic minimises, a scalar.

        Args:
            style: Scores of the style's patches.
            picture: Scores of the picture's patches.
        """

    @abstractmethod
    def picture(self, picture: Tensor, style: Tensor) -> Tensor:
        """Return what the picture minimises, a scalar that is at least 0.

        Args:
            picture: Scores of the picture's patches.
            style: Scores of the style's patches, constant.
        """
