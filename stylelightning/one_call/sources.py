"""Pictures as Python has them: what the datamodule takes for each, and what a config says of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from stylelightning.data import StyleImage, StyleTransferData
from stylelightning.images import PictureSource, source_name

Source = PictureSource | npt.NDArray[Any]
"""A picture: a path, an image of Pillow's, an array of shape (H, W, 3), bytes or floats in [0, 1],
or a tensor of shape (3, H, W) or (1, 3, H, W), likewise."""


@dataclass(frozen=True)
class Sources:
    """The content image and the style images of a call.

    Args:
        content: The content image, or None.
        style: The style images, none for a run without.

    Raises:
        ValueError: If one is no picture.
    """

    content: PictureSource | None
    style: list[StyleImage] | None

    @classmethod
    def given(
        cls, content: Source | None, style: Source | Sequence[Source | StyleImage] | None
    ) -> "Sources":
        """Return what a call was given, its arrays as tensors.

        Args:
            content: The content image, or None.
            style: The style image, a list of several, or None.
        """
        entries = style if isinstance(style, list | tuple) else [style]
        return cls(
            None if content is None else _picture("content", content),
            None if style is None else [_style(each) for each in entries],
        )

    def arguments(self) -> list[str]:
        """Return the options that say in a config which pictures these are."""
        content = "null" if self.content is None else _written(self.content)
        styles = [_entry(each) for each in self.style or []]
        plain = len(styles) == 1 and styles[0] == _entry(StyleImage(styles[0]["path"]))
        style = "null" if self.style is None else json.dumps(styles)
        return [
            f"--data.content={content}",
            f"--data.style={styles[0]['path'] if plain else style}",
        ]

    def datamodule(
        self, kind: type[StyleTransferData], *args: Any, **options: Any
    ) -> StyleTransferData:
        """Return the datamodule of these pictures, as an instantiator of jsonargparse's.

        Args:
            kind: Its class.
            args: Its arguments.
            options: Its options; pictures among them are replaced.
        """
        options.pop("applied_instantiation_links", None)
        return kind(*args, **{**options, "content": self.content, "style": self.style})


def _style(given: Any) -> StyleImage:
    if isinstance(given, StyleImage):
        return replace(given, path=_picture("style", given.path), mask=_mask(given.mask))
    return StyleImage(_picture("style", given))


def _picture(name: str, given: Any) -> PictureSource:
    if isinstance(given, np.ndarray):
        return _tensor(name, given)
    if not isinstance(given, str | Path | Image.Image | Tensor):
        raise ValueError(
            f"`{name}` must be a path, an image of Pillow's, an array or a tensor, got "
            f"{type(given).__name__}."
        )
    return given


def _mask(given: Any) -> Any:
    """Return a style image's mask, or masks by name, with texts for paths."""
    if isinstance(given, Mapping):
        return {name: _mask(each) for name, each in given.items()}
    return str(given) if isinstance(given, Path) else given


def _tensor(name: str, array: npt.NDArray[Any]) -> Tensor:
    if array.ndim != 3 or array.shape[2] != 3:
        raise ValueError(
            f"An array for `{name}` must have the shape (H, W, 3), got {array.shape}: "
            "PIL.Image.fromarray(array) takes others."
        )
    if array.dtype != np.uint8 and not np.issubdtype(array.dtype, np.floating):
        raise ValueError(
            f"An array for `{name}` must be of bytes or of floats in [0, 1], got {array.dtype}: "
            "divide it by its range."
        )
    pixels = array if array.dtype == np.uint8 else array.astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def _entry(image: StyleImage) -> dict[str, Any]:
    """Return what a config says of a style image."""
    entry = {"path": _written(image.path), "weight": image.weight, "scale": image.scale}
    if image.mask is not None:
        entry["mask"] = image.mask
    if image.regions:
        entry["regions"] = image.regions
    return entry


def _written(source: PictureSource) -> str:
    """Return what a config says of a picture; of one in memory what no file is called."""
    in_memory = isinstance(source, Image.Image | Tensor)
    return f"<picture {source_name(source)}>" if in_memory else str(source)
