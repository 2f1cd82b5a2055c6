"""The picture that a call returns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from PIL import Image
from torch import Tensor

from stylelightning.images import pixels_to_image, shown_png, write_picture

SHOWN = 2048
"""Most pixels of a side of what a notebook shows."""


@dataclass(frozen=True, eq=False, repr=False)
class StyledPicture:
    """A finished picture, or the picture so far of a run that was interrupted.

    Args:
        tensor: Its colours, float32 of shape (3, H, W) in [0, 1], sRGB, on the CPU.
        alpha: Its opacity, (1, H, W) in [0, 1], where the content image has one; None otherwise.
        steps: Number of steps done.
        finished: False when Ctrl-C, or a notebook's stop button, ended the run early.
        history: The weighted terms by name, and their sum as ``total``: a number for each step.
        config_text: The run's whole config, YAML. A picture that was given in memory is called
            ``<picture ...>`` there.
        folder: The folder of the run, if it was to have one.
    """

    tensor: Tensor
    alpha: Tensor | None
    steps: int
    finished: bool
    history: dict[str, list[float]]
    config_text: str
    folder: Path | None

    @property
    def pil(self) -> Image.Image:
        """The picture as an image of Pillow's, of mode RGB, or RGBA where it has an opacity."""
        return pixels_to_image(self.tensor[None], None if self.alpha is None else self.alpha[None])

    @property
    def losses(self) -> dict[str, float]:
        """The weighted terms by name, and their sum as ``total``, at the last step."""
        return {name: values[-1] for name, values in self.history.items() if values}

    @property
    def config(self) -> dict[str, Any]:
        """The run's whole config, as mappings and lists."""
        config: dict[str, Any] = yaml.safe_load(self.config_text)
        return config

    def save(self, path: str | Path) -> None:
        """Write the picture, with the run's config inside: ``fit --config PATH`` makes it again.

        That needs the pictures that the run was given: those in memory must be given as
        ``--data.content`` and ``--data.style`` then.

        Args:
            path: Path of the file; its ending chooses PNG, JPEG, WebP or TIFF.

        Raises:
            OSError: If the file can't be written.
            ValueError: If the ending of the name is unknown.
        """
        alpha = None if self.alpha is None else self.alpha[None]
        write_picture(path, self.tensor[None], alpha=alpha, config=self.config_text)

    def __repr__(self) -> str:
        """Return its size, its steps and its total."""
        height, width = self.tensor.shape[1:]
        total = f", total {self.losses['total']:.4g}" if self.losses else ""
        end = "" if self.finished else ", interrupted"
        return f"<StyledPicture of {width}x{height} px after {self.steps} steps{total}{end}>"

    def _repr_png_(self) -> bytes:
        """Return the PNG that a notebook shows, of at most ``SHOWN`` pixels a side."""
        return shown_png(self.tensor[None], None if self.alpha is None else self.alpha[None], SHOWN)
