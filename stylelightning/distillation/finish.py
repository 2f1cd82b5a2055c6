"""The end of a training: maps and lenses in closed form, measures, and the file."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import torch

import stylelightning
from stylelightning.backbones.vgg import VGG
from stylelightning.backbones.weights.slim_file import SlimFile, write_slim_file
from stylelightning.distillation.cutting import fit_maps
from stylelightning.distillation.lenses import lenses_of
from stylelightning.distillation.module import Distillation
from stylelightning.files.atomic import write_atomically
from stylelightning.run.folder import RunFolder

Explained = dict[str, dict[str, float]]
"""Explained variance by kind of pictures and layer."""


@dataclass(frozen=True)
class Origin:
    """What a student came from.

    Args:
        name: Its name.
        config: The config of its training, YAML.
        pictures: Names of the pictures that it learnt from, one a line.
    """

    name: str
    config: str
    pictures: str


@torch.no_grad()
def finish(module: Distillation, folder: RunFolder, origin: Origin) -> Explained:
    """Write the student of a finished training, and what it has of its teacher's features.

    The linear maps are fitted once more, in closed form and in full precision: those of the
    training are where its last steps left them.

    Args:
        module: The training, still with its trainer.
        folder: Where it is written.
        origin: What is written beside the filters.

    Returns:
        The explained variance on pictures that it did not learn from.

    Raises:
        OSError: If a file can't be written.
    """
    data, device = module.data, module.device
    fit_maps(module.teacher, module.student, [image.to(device) for image in data.to_fit()])
    for n, loader in enumerate(data.val_dataloader()):
        for index, batch in enumerate(loader):
            module.validation_step(batch.to(device), index, n)
    explained = module.take_measures()
    text = json.dumps(explained, indent=2)
    filters = {name: value.cpu() for name, value in module.student.network.state_dict().items()}
    about = {
        "name": origin.name,
        **_credit(module.teacher),
        "commit": _commit(),
        "version": stylelightning.__version__,
        "config": origin.config,
        "pictures": origin.pictures,
        "explained": text,
    }
    write_slim_file(folder.student, SlimFile(filters, lenses_of(module.student), about))
    write_atomically(folder.explained, f"{text}\n".encode())
    return explained


def explained_table(explained: Explained) -> list[list[str]]:
    """Return the rows of a table: a layer each, a column for each kind of pictures."""
    layers = next(iter(explained.values()))
    rows = [["layer", *explained]]
    rows += [[name, *(f"{part[name]:.3f}" for part in explained.values())] for name in layers]
    return rows


def _credit(teacher: VGG) -> dict[str, str]:
    """Return whose filters a student was derived from."""
    name, source = type(teacher).__name__, teacher.fetched
    if source is None:
        return {"teacher": name, "licence": "that of the teacher's filters"}
    return {
        "teacher": f"{name}, {source.name}, sha256 {source.digest}",
        "licence": f"{source.licence}, {source.licence_link}",
        "credit": source.credit,
        "changes": "cut to fewer channels, refitted, and trained on the original's features",
    }


def _commit() -> str:
    """Return the commit of the code, empty where it is no checkout."""
    folder = Path(stylelightning.__file__).parent
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return found.stdout.strip()
