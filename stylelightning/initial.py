"""Where the picture starts."""

import difflib

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.images import RunPictures, read_picture

CHOICES = ("content", "style", "noise", "gray")


def initial_picture(init: str, data: RunPictures, long_side: int) -> Tensor:
    """Return the picture that a run starts from.

    Args:
        init: ``content``, ``style``, ``noise``, ``gray``, or the path of a picture. A style image
            or a file of another aspect ratio fills the picture and is cut at its centre.
        data: The run's pictures.
        long_side: Longer side of the first scale in pixels.

    Returns:
        Picture of shape (1, 3, H, W) in [0, 1]. Noise is drawn from the seed of
        ``seed_everything`` and of nothing else.

    Raises:
        ValueError: If the image that is asked for is missing, or a file is no picture.
        OSError: If a file can't be read.
    """
    size = data.picture_size(long_side)
    if init == "noise":
        generator = torch.Generator().manual_seed(torch.initial_seed() % 2**63)
        return torch.rand((1, 3, *size), generator=generator)
    if init == "gray":
        return torch.full((1, 3, *size), 0.5)
    if init == "content":
        content = data.content(long_side)
        if content is None:
            raise ValueError(
                "`model.init` is content, but there is no content image: give --data.content PATH, "
                "or --model.init noise."
            )
        return content
    if init == "style":
        styles = data.styles(long_side)
        if not styles:
            raise ValueError(
                "`model.init` is style, but there is no style image: give --data.style PATH, or "
                "--model.init noise."
            )
        return F.cover(styles[0], size)
    try:
        return F.cover(read_picture(init).pixels, size)
    except FileNotFoundError as error:
        near = difflib.get_close_matches(init.lower(), CHOICES, n=1)
        raise FileNotFoundError(
            f"`model.init` must be {', '.join(CHOICES)} or the path of a picture, got {init!r}"
            f"{f' (did you mean {near[0]}?)' if near else ''}: {error}"
        ) from error
