"""What every metric promises."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric

from stylelightning import functional as F


class PictureMetric(Metric, ABC):
    """One or several numbers that say how a finished picture is.

    A subclass gives the names of its numbers to ``__init__`` and implements ``values``. The rest is
    that of every metric of torchmetrics: ``update`` takes a picture in, ``compute`` returns the
    means over all of them, ``reset`` forgets them. Processes don't add up what they measure.

    Args:
        names: Names of the numbers, in order.
    """

    needs_content = False
    """Whether there is nothing to compute without a content image."""
    needs_style = False
    """Whether there is nothing to compute without a style image."""
    full_state_update = False
    is_differentiable = False

    totals: Tensor
    counts: Tensor

    def __init__(self, names: Sequence[str]) -> None:
        # of several processes that make one picture, one measures it
        super().__init__(sync_on_compute=False)
        self.names = tuple(names)
        self.add_state("totals", torch.zeros(len(self.names)), dist_reduce_fx="sum")
        self.add_state("counts", torch.zeros(len(self.names)), dist_reduce_fx="sum")

    @abstractmethod
    def values(
        self, picture: Tensor, content: Tensor | None, styles: Sequence[Tensor], shares: Tensor
    ) -> dict[str, Tensor]:
        """Return the numbers of one picture.

        Args:
            picture: Picture of shape (1, 3, H, W) in [0, 1], float32.
            content: Content image of the same shape, or None.
            styles: Style images of any size.
            shares: Share of each style image, (S,); they add up to 1.

        Returns:
            A scalar for each name; one that is not defined for this picture may be left out.
        """

    def update(
        self,
        picture: Tensor,
        content: Tensor | None = None,
        styles: Sequence[Tensor] = (),
        shares: Sequence[float] = (),
    ) -> None:
        """Take a picture in.

        Args:
            picture: Picture of shape (1, 3, H, W) in [0, 1].
            content: Content image of shape (1, 3, h, w), resized to the picture's size; None for
                none.
            styles: Style images, at the size at which they are compared with the picture.
            shares: Share of each style image in a blend; empty for equal ones.

        Raises:
            ValueError: If an image is missing or no picture.
        """
        if missing := self.missing(content, styles):
            raise ValueError(f"{type(self).__name__} needs a {missing} image, got none.")
        images = {"picture": picture, **{f"styles[{n}]": each for n, each in enumerate(styles)}}
        for name, image in (images if content is None else images | {"content": content}).items():
            if image.ndim != 4 or image.shape[:2] != (1, 3):
                shape = tuple(image.shape)
                raise ValueError(f"`{name}` must have shape (1, 3, H, W), got {shape}.")
        size = (picture.shape[2], picture.shape[3])
        parts = shares or [1 / len(styles) for _ in styles]
        if len(parts) != len(styles):
            raise ValueError(f"`shares` must be {len(styles)} numbers, got {len(parts)}.")
        found = self.values(
            picture.float(),
            None if content is None else F.resize(content.float(), size),
            [style.float() for style in styles],
            torch.tensor(parts, dtype=torch.float32, device=picture.device),
        )
        for name, value in found.items():
            place = self.names.index(name)
            self.totals[place] += value
            self.counts[place] += 1

    def compute(self) -> dict[str, Tensor]:
        """Return the mean of each number over the pictures for which it is defined."""
        numbers = zip(self.names, self.totals, self.counts, strict=True)
        return {name: total / count for name, total, count in numbers if count > 0}

    def missing(self, content: Tensor | None, styles: Sequence[Tensor]) -> str:
        """Return which image is needed and not there: ``content``, ``style`` or an empty text."""
        if self.needs_content and content is None:
            return "content"
        return "style" if self.needs_style and not styles else ""
