"""The picture that is optimised."""

import torch
from torch import Tensor, nn

from stylelightning import functional as F


class Canvas(nn.Module):
    """The picture as a parameter, with the average of its iterates.

    Args:
        image: Initial picture of shape (1, 3, H, W) in [0, 1].
        averaging: Decay of the exponential average over steps, in (0, 1), or None for no average.

    Raises:
        ValueError: If ``averaging`` is not in (0, 1).

    Source: the average divided by the sum of its weights is that of style-transfer-pytorch,
    class EMA; Kingma and Ba, 2015, section 3, https://arxiv.org/abs/1412.6980
    """

    average: Tensor | None
    average_weight: Tensor | None

    def __init__(self, image: Tensor, averaging: float | None = None) -> None:
        super().__init__()
        if averaging is not None and not 0 < averaging < 1:
            raise ValueError(f"`model.averaging` must be between 0 and 1, got {averaging}.")
        self.averaging = averaging
        self.register_buffer("average", None)
        self.register_buffer("average_weight", None)
        self.reset(image)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.image.shape[2], self.image.shape[3]

    @property
    def picture(self) -> Tensor:
        """The picture to show: the average when there is one, detached, in [0, 1]."""
        if self.average is None or self.average_weight is None or not self.average_weight:
            return self.image.detach().clamp(0, 1)
        return (self.average / self.average_weight).clamp(0, 1)

    def reset(self, image: Tensor) -> None:
        """Put another picture, of any size, in a new parameter; the average starts again."""
        self.image = nn.Parameter(image.detach().clone(memory_format=torch.contiguous_format))
        if self.averaging is not None:
            self.average = torch.zeros_like(self.image, requires_grad=False)
            self.average_weight = self.image.new_zeros((), requires_grad=False)

    def resize(self, size: tuple[int, int]) -> None:
        """Go on from the shown picture at another size."""
        self.reset(F.resize(self.picture, size))

    @torch.no_grad()
    def clamp(self) -> None:
        """Cut the parameter to [0, 1], in place."""
        self.image.clamp_(0, 1)

    @torch.no_grad()
    def update_average(self) -> None:
        """Take the parameter's present value into the average."""
        if self.averaging is None or self.average is None or self.average_weight is None:
            return
        self.average.lerp_(self.image, 1 - self.averaging)
        self.average_weight.lerp_(torch.ones_like(self.average_weight), 1 - self.averaging)
