"""What every parametrisation promises whose picture is linear in its parameters."""

from abc import abstractmethod

import torch
from torch import Tensor

from stylelightning.parametrizations.base import Parametrization


class LinearParametrization(Parametrization):
    """A basis of pictures: the picture is a sum of patterns, and the parameters are their parts.

    It can be put under another range or other colours, and it is the decoded picture that is cut
    to [0, 1] after a step.
    """

    @abstractmethod
    def overwrite(self, picture: Tensor) -> None:
        """Put another picture in the parameters that there are, in place.

        Args:
            picture: Picture of the size of the last one that was encoded; of any range.
        """

    @torch.no_grad()
    def project(self) -> None:
        """Cut the picture to [0, 1]."""
        self.overwrite(self.decode().clamp(0, 1))
