"""What every critic promises."""

from abc import ABC, abstractmethod

from torch import nn


class Critic(ABC):
    """A kind of network that tells the picture's patches from the style image's.

    It makes a network for each layer that is looked at. How the network is trained is not its
    concern: that is the loss's criterion, penalty and optimizer.
    """

    patch: int = 1
    """Side in positions of the smallest map that its networks read."""

    @abstractmethod
    def build(self, channels: int) -> nn.Module:
        """Return a new network, with parameters drawn from torch's own generator on the CPU.

        It maps feature maps of shape (B, C, h, w) to scores of shape (B, 1, h', w'), one for each
        patch, high for the style's. A score that depends on more than its own patch, as after
        batch or instance normalisation, makes the term depend on the whole picture. Nothing is
        drawn at random in ``forward``, or a resumed run is another one.

        Args:
            channels: Number C of channels of the maps.
        """
