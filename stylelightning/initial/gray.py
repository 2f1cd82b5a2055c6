"""One gray as the start."""

import torch
from torch import Tensor

from stylelightning.images import RunPictures
from stylelightning.initial.base import InitialPicture


class InitialGray(InitialPicture):
    """Flat gray, 0.5 in every pixel."""

    def draw(self, pictures: RunPictures, size: tuple[int, int]) -> Tensor:
        """Return the gray picture."""
        return torch.full((1, 3, *size), 0.5)
