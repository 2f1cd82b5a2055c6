"""The student's start: a part of the teacher's channels, with filters refitted in closed form."""

import logging
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylelightning.backbones.vgg import VGG
from stylelightning.distillation.regression import LeastSquares
from stylelightning.distillation.student import Student, set_map

log = logging.getLogger(__name__)

PLACES = 64
"""Positions of each crop that a layer is fitted on."""


@torch.no_grad()
def cut(teacher: VGG, student: Student, crops: Iterable[Tensor], seed: int = 0) -> None:
    """Fill a student with the channels of its teacher that tell most about all of them.

    Layer by layer: ``independent_channels`` picks channels, and least squares refits their filters
    on what the student's own layer before gives, so that what was lost there is made up for where
    it can be. At last the linear maps are fitted.

    Args:
        teacher: The network that is cut.
        student: The network that is filled.
        crops: Batches of pictures of shape (B, 3, H, W) in [0, 1]; they are read many times.
        seed: Seed of the positions.
    """
    for name, module in student.network.named_children():
        if isinstance(module, nn.Conv2d):
            _refit(teacher, student, name, module, crops, seed)
    fit_maps(teacher, student, crops, seed)


@torch.no_grad()
def fit_maps(teacher: VGG, student: Student, crops: Iterable[Tensor], seed: int = 0) -> None:
    """Fit the linear maps from the student's layers to the teacher's in closed form.

    Args:
        teacher: The teacher.
        student: The student, whose filters stay.
        crops: Batches of pictures of shape (B, 3, H, W) in [0, 1].
        seed: Seed of the positions.
    """
    fits = {name: LeastSquares() for name in student.learnt}
    for n, image in enumerate(crops):
        place = _places(seed + n, image.device)
        ours, wanted = student(image), teacher(image, student.learnt)
        for name, fit in fits.items():
            fit.add(_columns(ours[name], place), _columns(wanted[name], place))
    for name, fit in fits.items():
        set_map(student, name, fit.solve().T)


def _refit(
    teacher: VGG, student: Student, name: str, module: nn.Conv2d, crops: Iterable[Tensor], seed: int
) -> None:
    """Choose the channels of one convolution and fit its filters."""
    wanted, seen = [], []
    for n, image in enumerate(crops):
        place = _places(seed + n, image.device)
        wanted.append(_columns(teacher(image, [name])[name], place).float())
        seen.append(_patches(student.before(image, name), place).float())
    before = torch.cat(wanted)
    kept = independent_channels(functional.relu(before), module.out_channels)
    fit = LeastSquares(constant=True)
    for inputs, outputs in zip(seen, wanted, strict=True):
        fit.add(inputs, outputs[:, kept])
    solution = fit.solve()
    module.weight.copy_(solution[:-1].T.reshape(module.weight.shape))
    assert module.bias is not None
    module.bias.copy_(solution[-1])
    log.info("%s: %d of %d channels", name, module.out_channels, before.shape[1])


def independent_channels(samples: Tensor, count: int) -> Tensor:
    r"""Return the channels out of which all channels can be told best, one after the other.

    The next is that channel whose residual :math:`r_j`, what those before it don't explain, takes
    most variance off all residuals: :math:`\sum_i \langle r_i, r_j \rangle^2 / |r_j|^2`.
    QR with column pivoting, by contrast, takes the largest residual, whether it tells something
    about others or not.

    Args:
        samples: Matrix of shape (samples, channels).
        count: How many are chosen, from 1 to all.

    Returns:
        Their indices, ascending.
    """
    centred = samples.double() - samples.double().mean(0)
    residual = centred.T @ centred
    floor = residual.diagonal().max() * 1e-9
    chosen: list[int] = []
    for _ in range(count):
        size = residual.diagonal().clamp_min(floor)
        gain = residual.square().sum(0) / size
        gain[chosen] = -1
        best = int(gain.argmax())
        chosen.append(best)
        column = residual[:, best].clone()
        residual -= torch.outer(column, column) / size[best]
    return torch.tensor(sorted(chosen), device=samples.device)


def _places(seed: int, device: torch.device) -> Tensor:
    """Return positions in a crop as parts of its sides, of shape (2, PLACES)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, PLACES, generator=generator).to(device)


def _columns(features: Tensor, place: Tensor) -> Tensor:
    """Return the values of a map at some positions, of shape (B * PLACES, C)."""
    y, x = _indices(features, place)
    return features[:, :, y, x].transpose(1, 2).flatten(0, 1)


def _patches(features: Tensor, place: Tensor) -> Tensor:
    """Return the 3 x 3 values around some positions, zeros beyond the border, channels first."""
    y, x = _indices(features, place)
    padded = functional.pad(features, (1, 1, 1, 1))
    parts = [padded[:, :, y + dy, x + dx] for dy in range(3) for dx in range(3)]
    return torch.stack(parts, 2).permute(0, 3, 1, 2).flatten(0, 1).flatten(1)


def _indices(features: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
    height, width = features.shape[2:]
    return (place[0] * height).long(), (place[1] * width).long()
