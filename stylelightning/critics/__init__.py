"""The networks of an adversarial style term, one file each."""

from stylelightning.critics.base import Critic
from stylelightning.critics.patch import PatchCritic
from stylelightning.critics.spectral import SpectralConv2d

__all__ = ["Critic", "PatchCritic", "SpectralConv2d"]
