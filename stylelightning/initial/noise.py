"""Noise as the start."""

import torch
from torch import Tensor

from stylelightning.images import RunPictures
from stylelightning.initial.base import InitialPicture


class InitialNoise(InitialPicture):
    """White noise, uniform in [0, 1], from the seed of ``seed_everything`` and of nothing else."""

    def draw(self, pictures: RunPictures, size: tuple[int, int]) -> Tensor:
        """Return the noise."""
        generator = torch.Generator().manual_seed(torch.initial_seed() % 2**63)
        return torch.rand((1, 3, *size), generator=generator)
