"""Smoothing that stops at the edges of another picture."""

import torch
from torch import Tensor
from torch.nn import functional


def joint_bilateral(image: Tensor, guide: Tensor, sharpness: float, rounds: int) -> Tensor:
    r"""Return a picture smoothed where its guide is.

    .. math:: x_p \leftarrow \frac{\sum_q w_{pq} x_q}{\sum_q w_{pq}}, \qquad
        w_{pq} = \exp(-s \, |g_p - g_q|)

    q goes over the 3 x 3 pixels around p, those beyond the border being those at the border. Many
    rounds reach far at the price of a few, and never across an edge of the guide.

    Args:
        image: Picture of shape (B, C, H, W).
        guide: Picture of shape (B, 1, H, W).
        sharpness: The factor s, at least 0; 0 is a mean over the 3 x 3 pixels.
        rounds: How often it is done, at least 0.

    Source: Petschnigg et al., "Digital photography with flash and no-flash image pairs", SIGGRAPH
    2004, https://doi.org/10.1145/1015706.1015777, without a spatial kernel and in rounds, as NNST's
    program has it
    """
    weights = torch.exp(-sharpness * (_neighbours(guide) - guide[:, :, None]).abs())
    weights = weights / weights.sum(2, keepdim=True)  # (B, 1, 9, H, W)
    for _ in range(rounds):
        image = (weights * _neighbours(image)).sum(2)
    return image


def _neighbours(image: Tensor) -> Tensor:
    """Return the 3 x 3 pixels around each, (B, C, 9, H, W)."""
    padded = functional.pad(image, (1, 1, 1, 1), mode="replicate")
    height, width = image.shape[2:]
    shifted = [
        padded[:, :, down : down + height, across : across + width]
        for down in range(3)
        for across in range(3)
    ]
    return torch.stack(shifted, 2)
