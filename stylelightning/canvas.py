"""The picture that is optimised."""

import torch
from torch import Tensor, nn

from stylelightning import functional as F
from stylelightning.parametrizations import Parametrization


class Canvas(nn.Module):
    """The picture as a parametrisation has it, with the average of its iterates.

    There is no picture before the first ``encode``.

    Args:
        parametrization: What the parameters are.
        averaging: Decay of the exponential average over steps, in (0, 1), or None for no average.

    Raises:
        ValueError: If ``averaging`` is not in (0, 1).

    Source: the average divided by the sum of its weights is that of style-transfer-pytorch,
    class EMA; Kingma and Ba, 2015, section 3, https://arxiv.org/abs/1412.6980
    """

    average: Tensor | None
    average_weight: Tensor | None

    def __init__(self, parametrization: Parametrization, averaging: float | None = None) -> None:
        super().__init__()
        if averaging is not None and not 0 < averaging < 1:
            raise ValueError(f"`model.averaging` must be between 0 and 1, got {averaging}.")
        self.parametrization = parametrization
        self.averaging = averaging
        self.register_buffer("average", None)
        self.register_buffer("average_weight", None)
        self._size = (0, 0)

    @property
    def has_picture(self) -> bool:
        """Whether a picture has been encoded."""
        return self._size != (0, 0)

    @property
    def has_maps(self) -> bool:
        """Whether an optimizer's memory of the parameters can be resized with the picture."""
        return self.parametrization.maps

    @property
    def finite(self) -> bool:
        """Whether picture and parameters are numbers; on a GPU this waits for the step to end."""
        # the picture hides what is infinite under a sigmoid
        tensors = [each.detach() for each in (self.decode(), *self.parameters())]
        parts = [torch.view_as_real(each) if each.is_complex() else each for each in tensors]
        # NaN is both the least and the largest; looking at every value takes ten times as long
        ends = [end for each in parts for end in each.aminmax()]
        return bool(torch.stack(ends).isfinite().all())

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels; (0, 0) before the first ``encode``."""
        return self._size

    @property
    def picture(self) -> Tensor:
        """The picture to show: the average when there is one, detached, in [0, 1]."""
        present = self.decode().detach()
        if self.average is None or self.average_weight is None:
            return present.clamp(0, 1)
        # before the first step there is none; asking whether would wait for a GPU
        average = self.average / self.average_weight
        return torch.where(self.average_weight > 0, average, present).clamp_(0, 1)

    def encode(self, picture: Tensor) -> None:
        """Put another picture, of any size, in new parameters; the average starts again."""
        self.parametrization.encode(picture)
        self._size = (picture.shape[2], picture.shape[3])
        if self.averaging is not None:
            self.average = torch.zeros_like(picture, requires_grad=False)
            self.average_weight = picture.new_zeros((), requires_grad=False)

    def decode(self) -> Tensor:
        """Return the picture that the parameters stand for, (1, 3, H, W), with its gradient."""
        return self.parametrization.decode()

    def project(self) -> None:
        """Bring the parameters back to a picture in [0, 1], in place."""
        self.parametrization.project()

    def resize(self, size: tuple[int, int]) -> None:
        """Go on from the shown picture at another size."""
        self.encode(F.resize(self.picture, size))

    @torch.no_grad()
    def update_average(self) -> None:
        """Take the present picture into the average."""
        if self.averaging is None or self.average is None or self.average_weight is None:
            return
        self.average.lerp_(self.decode(), 1 - self.averaging)
        self.average_weight.lerp_(torch.ones_like(self.average_weight), 1 - self.averaging)
