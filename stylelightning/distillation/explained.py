"""How much of a teacher's features a student has."""

import torch
from torch import Tensor
from torchmetrics import Metric


class ExplainedVariance(Metric):
    r"""The part of the variance of a teacher's maps that a student's guesses explain.

    .. math:: 1 - \frac{\sum_{c, n} (y_{cn} - \hat y_{cn})^2}{\sum_{c, n} (y_{cn} - \bar y_c)^2}

    over all channels and positions: channels count by their variance, as they do in losses. It is 1
    where all is explained, 0 where each channel's mean would do as well, and below 0 where the
    guesses do more harm than good.

    Args:
        channels: Number of the teacher's channels.
    """

    full_state_update = False
    residual: Tensor
    total: Tensor
    squares: Tensor
    count: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        zeros = torch.zeros(channels, dtype=torch.float64)
        for name in ("residual", "total", "squares"):
            self.add_state(name, zeros.clone(), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, guess: Tensor, wanted: Tensor) -> None:
        """Take maps in.

        Args:
            guess: What the student takes the teacher's map to be, of shape (B, C, h, w).
            wanted: The teacher's map, of the same shape.
        """
        wanted, guess = wanted.double(), guess.double()
        self.residual += (wanted - guess).square().sum((0, 2, 3))
        self.total += wanted.sum((0, 2, 3))
        self.squares += wanted.square().sum((0, 2, 3))
        self.count += wanted.numel() / wanted.shape[1]

    def compute(self) -> Tensor:
        """Return the part that is explained, at most 1."""
        variance = self.squares - self.total.square() / self.count
        return (1 - self.residual.sum() / variance.sum()).float()
