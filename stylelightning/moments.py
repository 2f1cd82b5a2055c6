"""An optimizer's memory, taken to a picture of another size."""

from torch import Tensor
from torch.nn import functional
from torch.optim import LBFGS, Optimizer


def carry(old: Optimizer, old_image: Tensor, new: Optimizer, new_image: Tensor) -> None:
    """Give a new optimizer the old one's state, resized to the new picture.

    Tensors of the picture's shape are resampled: bilinear and cut at 0 when they have no negative
    value (second moments), bicubic otherwise (first moments, momentum). Everything else, such as
    the number of steps, is kept. L-BFGS is left cold, its history belongs to the old size, and so
    are optimizers with tensors of other shapes (Adafactor's rows and columns).

    Args:
        old: Optimizer of the old picture.
        old_image: The parameter that ``old`` holds, (1, 3, H, W).
        new: Optimizer of the new picture, not stepped yet.
        new_image: The parameter that ``new`` holds, (1, 3, h, w).

    Source: style-transfer-pytorch, function ``scale_adam``.
    """
    if isinstance(new, LBFGS) or old_image not in old.state:
        return
    tensors = [value for value in old.state[old_image].values() if isinstance(value, Tensor)]
    if any(value.ndim and value.shape != old_image.shape for value in tensors):
        return
    new.state[new_image] = {
        key: _resized(value, old_image, new_image) for key, value in old.state[old_image].items()
    }


def _resized(value: object, old_image: Tensor, new_image: Tensor) -> object:
    if not isinstance(value, Tensor):
        return value
    if value.shape != old_image.shape:
        return value.clone()
    size = new_image.shape[2:]
    if value.min() >= 0:
        return functional.interpolate(value, size, mode="bilinear", align_corners=False).clamp_min(
            0
        )
    return functional.interpolate(value, size, mode="bicubic", align_corners=False)
