"""Finished pictures, out of files and checkpoints, and their metrics."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from jsonargparse import ArgumentError
from torch import Tensor

from stylelightning.cli.parser import Parser, take_pictures_for_paths
from stylelightning.cli.parser_errors import unwrap
from stylelightning.data import StyleTransferData
from stylelightning.images import MissingConfigError, RunPictures, read_config, read_picture
from stylelightning.metrics import LPIPS, PictureMetrics, default_metrics
from stylelightning.run import checks
from stylelightning.run.checkpoint import read_checkpoint
from stylelightning.run.folder import RunFolder


@dataclass(frozen=True)
class Measurement:
    """The metrics of one picture.

    Args:
        picture: The path that was given.
        width: Width in pixels at which it was compared.
        height: Height in pixels at which it was compared.
        metrics: The numbers by name.
        left_out: Why others are not there, by name.
        notes: What else its reader should know, in sentences.
    """

    picture: str
    width: int
    height: int
    metrics: dict[str, float]
    left_out: dict[str, str]
    notes: list[str] = field(default_factory=list)


def measure(
    images: Sequence[str],
    checkpoints: Sequence[str],
    content: str | None = None,
    styles: Sequence[str] = (),
    size: int | None = None,
) -> list[Measurement]:
    """Return the metrics of finished pictures.

    Args:
        images: Paths of pictures. Without ``content`` and ``styles`` each must carry the config
            of its run.
        checkpoints: Paths of checkpoints in the folders of their runs.
        content: Path of the content image in place of the configs'.
        styles: Paths of the style images in place of the configs'.
        size: Longer side in pixels at which all are compared; None for each picture's own, at most
            512.

    Raises:
        OSError: If a file is missing.
        ValueError: If there is no picture, or a file is not fit.
    """
    if not images and not checkpoints:
        raise ValueError(
            "There is nothing to measure: give --image PATH of a finished picture, or --ckpt_path "
            "runs/NAME/version_N/checkpoints/last.ckpt."
        )
    own = default_metrics()
    if not any(isinstance(each, LPIPS) for each in own):
        own.append(LPIPS())  # to say what it needs
    metrics = PictureMetrics(own)
    given = None
    if content is not None or styles:
        data = StyleTransferData(content, list(styles) or None, size=None)
        data.setup("test")
        given = data.pictures
    measurements = []
    for name in images:
        pictures = given or _read(data_of_config(_config_of(name), name), name)
        measurements.append(_measurement(name, read_picture(name).pixels, pictures, metrics, size))
    for name in checkpoints:
        picture = picture_of_checkpoint(Path(name).expanduser())
        run, measured_by = _run_of(name), given
        if measured_by is None or run.colours is not None:
            read = _read(run, name)
            picture, measured_by = read.finished(picture), given or read
        measurements.append(_measurement(name, picture, measured_by, metrics, size))
    return measurements


def data_of_config(text: str, source: str) -> StyleTransferData:
    """Return the images of a run, not read yet.

    Args:
        text: The run's config, YAML.
        source: Where it comes from, for messages.

    Raises:
        ValueError: If the config has no fit ``data``.
    """
    parser = Parser(exit_on_error=False)
    parser.add_lightning_class_args(StyleTransferData, "data")
    take_pictures_for_paths(parser, "data.style")
    try:
        section = yaml.safe_load(text)["data"]
        data = parser.instantiate(parser.parse_object({"data": section})).data
    except (ArgumentError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        why = unwrap(" ".join(str(error).split())).rstrip(".")
        raise ValueError(
            f"The config of {source} has no `data` that can be read: {why}. Give --content PATH "
            "and --style PATH."
        ) from error
    assert isinstance(data, StyleTransferData)
    return data


def picture_of_checkpoint(path: Path) -> Tensor:
    """Return the picture of a checkpoint as the run would show it, but for its colours.

    Args:
        path: Path of a checkpoint.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no whole checkpoint.
    """
    picture: Tensor = read_checkpoint(path)["picture"]
    return picture


def _config_of(name: str) -> str:
    try:
        return read_config(name)
    except MissingConfigError as error:
        raise ValueError(f"{error} Or give --content PATH and --style PATH.") from error


def _run_of(name: str) -> StyleTransferData:
    """Return the images of the run that a checkpoint belongs to, not read yet."""
    config = RunFolder.of_checkpoint(Path(name).expanduser()).config
    if not config.is_file():
        raise FileNotFoundError(
            f"There is no {config} beside the checkpoint: leave it in the folder of its run, or "
            "give the run's picture with --image."
        )
    return data_of_config(config.read_text(encoding="utf-8"), str(config))


def _read(data: StyleTransferData, source: str) -> RunPictures:
    """Read the images that a config names, and return them."""
    try:
        data.setup("test")
    except OSError as error:
        raise type(error)(
            f"{error} The config of {source} names it: start where the run was started, or give "
            "--content PATH and --style PATH."
        ) from error
    return data.pictures


def _measurement(
    name: str, picture: Tensor, pictures: RunPictures, metrics: PictureMetrics, size: int | None
) -> Measurement:
    numbers = metrics.measure_result(picture.float(), pictures, size)
    height, width = metrics.compared_size(picture, size)
    notes = [f"{key} is left out: {why}." for key, why in _grouped(metrics.left_out).items()]
    own = pictures.picture_size(max(height, width))
    if pictures.content_image is not None and max(abs(own[0] - height), abs(own[1] - width)) > 1:
        before, after = checks.pixels(own), checks.pixels((height, width))
        notes.append(f"The content image is stretched from {before} to the {after} of {name}.")
    return Measurement(name, width, height, numbers, dict(metrics.left_out), notes)


def _grouped(left_out: dict[str, str]) -> dict[str, str]:
    """Return the reasons by all the names that they hold for, joined; parts are left out."""
    groups: dict[str, list[str]] = {}
    for name, why in left_out.items():
        if "/" not in name:
            groups.setdefault(why.rstrip("."), []).append(name)
    return {", ".join(names): why for why, names in groups.items()}
