"""What every parametrisation of the picture promises."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Parametrization(nn.Module, ABC):
    """The numbers that an optimizer changes, and the picture that they stand for.

    Its parameters belong to one picture at a time, of one size: ``encode`` makes them anew. What
    their meaning depends on besides the class is said by ``extra_repr``, such as ``levels=5``: a
    run that goes on with another value then reads the checkpoint's picture, not its numbers.
    """

    maps: bool = True
    """Whether parameters as high and wide as the picture belong to its pixels, place by place, so
    that an optimizer's memory of them can be resized with it."""

    @abstractmethod
    def encode(self, picture: Tensor) -> None:
        """Put a picture in new parameters, on its device and in its precision.

        Args:
            picture: Picture of shape (1, 3, H, W) in [0, 1], of any size; it is not changed.
        """

    @abstractmethod
    def decode(self) -> Tensor:
        """Return the picture that the parameters stand for, (1, 3, H, W), with its gradient.

        Values outside of [0, 1] are cut where the picture is shown.
        """

    def project(self) -> None:
        """Bring the parameters back, in place, to a picture in [0, 1].

        It is called after each step of a first-order method, never under L-BFGS, whose curvature
        would be that of other parameters.
        """
