"""The networks of an adversarial style term, one file each."""

from stylelightning.adversarial.critics.base import Critic
from stylelightning.adversarial.critics.patch import PatchCritic
from stylelightning.adversarial.critics.spectral import SpectralConv2d

__all__ = ["Critic", "PatchCritic", "SpectralConv2d"]
