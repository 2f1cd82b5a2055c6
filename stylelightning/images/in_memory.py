"""Pictures that are in memory already: Pillow's images and tensors."""

import struct
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from stylelightning.images.picture import Picture
from stylelightning.images.read import read_picture

PictureSource = str | Path | Image.Image | Tensor
"""What a picture may be given as: the path of a file, an image of Pillow's, or a tensor of shape
(3, H, W) or (1, 3, H, W), of bytes or of floats in [0, 1]."""

WRITTEN_AS_THEY_ARE = {"1", "L", "LA", "I;16", "I;16B", "I", "F", "RGB", "RGBA", "CMYK", "LAB"}
"""Pillow's modes that a file without losses holds."""
KEPT = (ExifTags.Base.Orientation, ExifTags.IFD.Exif, ExifTags.IFD.Interop)
"""Tags that say how to look at the numbers; others, of a TIFF, say how a file was packed."""
ROUNDING = 0.5 / 255
"""By how much floats may leave [0, 1]: half a gray level."""


def picture_of(source: PictureSource, longest_side: int | None = None) -> Picture:
    """Return the picture that a path, an image of Pillow's or a tensor stands for.

    An image of Pillow's is read as its file would be: its orientation, its opacity and what it
    keeps of its file's colours count, which is an ICC profile and, of a PNG, all but code points.
    Of several pages it is the one that it stands at. A tensor is taken for sRGB.

    Args:
        source: The picture.
        longest_side: Most pixels of a side that are of use, as for ``read_picture``; None for all.

    Raises:
        OSError: If a file is missing or can't be read.
        TypeError: If it is something else.
        ValueError: If a file is no picture, or a tensor has another shape, type or range.
    """
    if isinstance(source, Image.Image):
        return _of_image(source, longest_side)
    if isinstance(source, Tensor):
        return _of_tensor(source)
    return read_picture(check_source(source), longest_side)


def check_source(source: object) -> str | Path:
    """Return the path that names a picture.

    Raises:
        TypeError: If it is none, nor a picture in memory.
    """
    if not isinstance(source, str | Path):
        raise TypeError(
            "A picture must be a path, an image of Pillow's or a tensor, got "
            f"{type(source).__name__}: an array becomes one with PIL.Image.fromarray(array)."
        )
    return source


def source_name(source: PictureSource) -> str:
    """Return what a picture is called in a message."""
    if isinstance(source, Image.Image):
        return f"of {source.width}x{source.height} px in memory"
    if isinstance(source, Tensor):
        return f"of shape {tuple(source.shape)} in memory"
    return str(source)


def _of_image(image: Image.Image, longest_side: int | None) -> Picture:
    """Have an image read from a file without losses: there is one way to read pictures."""
    name = source_name(image)
    if not (image.width and image.height):
        raise ValueError(f"A picture must have pixels, got an image {name}.")
    image.load()  # which turns a TIFF upright, and takes its orientation away
    exif, profile, colours = _kept(image.getexif()), image.info.get("icc_profile"), _chunks(image)
    if image.has_transparency_data:
        image = image.convert("LA" if image.mode in ("L", "LA", "La") else "RGBA")
    elif image.mode not in WRITTEN_AS_THEY_ARE:
        image = image.convert("RGB")
    with tempfile.TemporaryDirectory(prefix="stylelightning-") as folder:
        suffix = "tif" if image.mode in ("CMYK", "LAB", "F", "I", "I;16B") else "png"
        path = Path(folder, f"{name}.{suffix}")  # as a warning has it
        image.save(path, compress_level=1, icc_profile=profile, exif=exif, pnginfo=colours)
        try:
            return replace(read_picture(path, longest_side), path=Path(name))
        except ValueError as error:
            raise ValueError(str(error).replace(str(path), name)) from error


def _kept(exif: Image.Exif) -> Image.Exif:
    """Return the tags of ``KEPT`` alone."""
    kept = Image.Exif()
    for tag in KEPT:
        if tag in exif:
            kept[tag] = exif.get_ifd(tag) if tag in set(ExifTags.IFD) else exif[tag]
    return kept


def _chunks(image: Image.Image) -> PngInfo:
    """Return the chunks of a PNG that declare colours, of those that Pillow knows."""
    chunks = PngInfo()
    if "srgb" in image.info:
        chunks.add(b"sRGB", bytes([image.info["srgb"]]))
    if "gamma" in image.info:
        chunks.add(b"gAMA", struct.pack(">I", round(image.info["gamma"] * 100_000)))
    if "chromaticity" in image.info:
        numbers = [round(each * 100_000) for each in image.info["chromaticity"]]
        chunks.add(b"cHRM", struct.pack(">8I", *numbers))
    return chunks


def _of_tensor(tensor: Tensor) -> Picture:
    shape = tuple(tensor.shape)
    pixels = tensor.detach().cpu()
    if pixels.ndim == 3:
        pixels = pixels[None]
    if pixels.ndim != 4 or pixels.shape[:2] != (1, 3) or not pixels.numel():
        raise ValueError(
            f"A picture's tensor must have the shape (3, H, W) or (1, 3, H, W), got {shape}: "
            "a gray one becomes one with .expand(3, -1, -1), one of shape (H, W, 3) with "
            ".permute(2, 0, 1)."
        )
    if pixels.dtype == torch.uint8:
        pixels = pixels.float() / 255
    elif not pixels.is_floating_point():
        raise ValueError(
            f"A picture's tensor must be of floats in [0, 1] or of bytes, got {tensor.dtype}: "
            "bytes are .to(torch.uint8)."
        )
    pixels = pixels.float()
    low, high = (float(value) for value in torch.aminmax(pixels))
    if not low <= high:
        raise ValueError(f"A picture's tensor must be of numbers, got NaN in one of shape {shape}.")
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):
        raise ValueError(
            f"A picture's tensor of floats must be in [0, 1], got values from {low:.4g} to "
            f"{high:.4g}: divide it by its range, such as 255."
        )
    return Picture(pixels.clamp(0, 1).contiguous(), None, Path(source_name(tensor)))
