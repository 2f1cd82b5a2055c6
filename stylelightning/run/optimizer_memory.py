"""An optimizer's memory, taken to a picture of another size."""

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional
from torch.optim import LBFGS, Optimizer


def carry(
    old: Optimizer,
    old_parameters: Sequence[Tensor],
    new: Optimizer,
    new_parameters: Sequence[Tensor],
    sizes: Sequence[tuple[int, int]],
) -> None:
    """Give a new optimizer the old one's state, resized to the new parameters.

    Parameters that are as high and wide as the picture are maps; others start cold. Of maps,
    tensors of a parameter's shape are resampled: bilinear and cut at 0 when they have no negative
    value (second moments), bicubic otherwise (first moments, momentum). Everything else, such as
    the number of steps, is kept. L-BFGS is left cold, its history belongs to the old size, and so
    are optimizers with tensors of other shapes (Adafactor's rows and columns).

    Args:
        old: Optimizer of the old picture.
        old_parameters: What ``old`` holds, each (1, C, H, W).
        new: Optimizer of the new picture, not stepped yet.
        new_parameters: What ``new`` holds, each (1, C, h, w).
        sizes: Old and new height and width of the picture in pixels.

    Source: style-transfer-pytorch, function ``scale_adam``.
    """
    if isinstance(new, LBFGS) or len(old_parameters) != len(new_parameters):
        return
    for before, after in zip(old_parameters, new_parameters, strict=True):
        state = old.state.get(before, {})
        tensors = [value for value in state.values() if isinstance(value, Tensor)]
        shapes = {value.shape for value in tensors if value.ndim}
        maps = (*before.shape[:2], *sizes[0]), (*before.shape[:2], *sizes[1])
        if state and (before.shape, after.shape) == maps and shapes <= {before.shape}:
            new.state[after] = {key: _resized(state[key], before, after) for key in state}


def _resized(value: object, before: Tensor, after: Tensor) -> object:
    if not isinstance(value, Tensor):
        return value
    if value.shape != before.shape:
        return value.clone()
    size, positive = after.shape[2:], bool(value.min() >= 0)
    mode = "bilinear" if positive else "bicubic"
    resized = functional.interpolate(value, size, mode=mode, align_corners=False)
    return resized.clamp_min(0) if positive else resized
