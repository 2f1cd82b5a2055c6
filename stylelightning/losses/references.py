"""What a run's images show its losses."""

from collections.abc import Sequence
from dataclasses import dataclass

from stylelightning.backbones.base import Features


@dataclass(frozen=True)
class Reference:
    """A style image as the losses see it.

    Args:
        features: Its feature maps by layer, each (1, C, h, w); ``image`` is the image itself.
        share: Its share in the blend of all style images, from 0 to 1; the shares add up to 1.
    """

    features: Features
    share: float = 1.0


@dataclass(frozen=True)
class References:
    """What the picture is compared with.

    Args:
        content: Feature maps of the content image by layer, or None when there is none.
        styles: The style images; their sizes may differ.
    """

    content: Features | None = None
    styles: Sequence[Reference] = ()
