"""What a student is shown: crops drawn anew at every step, and the same ones to measure."""

from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from stylelightning.distillation.pictures import draw_crop, draw_noise, read_pictures

NOISE = "noise"
"""The kind that is measured beside those of pictures."""

_DRAWN, _FITTED, _MEASURED = range(3)
"""What a random sequence is for, so that no two purposes share one."""


class DistillationData(LightningDataModule):
    """Crops of pictures of several kinds, and of white noise.

    Photographs are not enough: an optimisation passes pictures that are half painted, too.

    Args:
        pictures: Folders of pictures to learn from, each with its share of the crops.
        held_out: Folders of pictures that are only measured on, by the name of their kind.
        noise_share: Share of white noise among the crops.
        side: Side of a crop in pixels, a multiple of 16.
        batch_size: Number of crops of a step.
        fit_batches: Number of batches on which the student is cut from its teacher.
        measure_batches: Number of batches of each kind on which it is measured.
        num_workers: Number of processes that make crops; 0 for the run's own.
        seed: Seed of the crops, which is all that they depend on beside the pictures.

    Raises:
        FileNotFoundError: If a folder is not there or holds no picture.
        ValueError: If a picture can't be read or an option is out of its range.
    """

    def __init__(
        self,
        pictures: dict[str, float],
        held_out: dict[str, str],
        noise_share: float = 0.05,
        side: int = 128,
        batch_size: int = 8,
        fit_batches: int = 64,
        measure_batches: int = 16,
        num_workers: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if side < 16 or side % 16:
            raise ValueError(f"`side` must be a multiple of 16 pixels, got {side}.")
        for name, count in (
            ("batch_size", batch_size),
            ("fit_batches", fit_batches),
            ("measure_batches", measure_batches),
        ):
            if count < 1:
                raise ValueError(f"`{name}` must be at least 1, got {count}.")
        if min(pictures.values(), default=0) <= 0 or noise_share < 0:
            raise ValueError(
                "The shares of `pictures` must be above 0, for one folder or more, and "
                f"`noise_share` at least 0, got {pictures} and {noise_share}."
            )
        if NOISE in held_out:
            raise ValueError(f"`held_out`: {NOISE} is measured anyway: choose another name.")
        self.side, self.batch_size, self.seed = side, batch_size, seed
        self.fit_batches, self.measure_batches = fit_batches, measure_batches
        self.num_workers = num_workers
        total = sum(pictures.values()) + noise_share
        self.shares = [share / total for share in pictures.values()]
        self.learnt = [read_pictures(folder, "data.pictures") for folder in pictures]
        self.measured = {
            kind: read_pictures(folder, "data.held_out") for kind, folder in held_out.items()
        }

    @property
    def measured_kinds(self) -> tuple[str, ...]:
        """Kinds of pictures that a student is measured on, in the order of the loaders."""
        return (*self.measured, NOISE)

    def batch(self, step: int, purpose: int = _DRAWN) -> Tensor:
        """Return the crops of a step.

        Args:
            step: Number of the step, from 0.
            purpose: What they are for.

        Returns:
            Pictures of shape (``batch_size``, 3, ``side``, ``side``) in [0, 1].
        """
        random = np.random.default_rng([self.seed, purpose, step])
        return torch.stack([self._drawn(random) for _ in range(self.batch_size)])

    def to_fit(self) -> list[Tensor]:
        """Return the batches on which the student is cut from its teacher."""
        return [self.batch(n, _FITTED) for n in range(self.fit_batches)]

    def train_dataloader(self) -> DataLoader[Tensor]:
        """Return the batches from the trainer's step on."""
        first = self.trainer.global_step if self.trainer else 0
        return _Resumable(_Drawn(self, first), batch_size=None, num_workers=self.num_workers)

    def val_dataloader(self) -> list[DataLoader[Tensor]]:
        """Return the same batches every time, a loader for each kind."""
        kinds = [cast(Dataset[Tensor], self._to_measure(kind)) for kind in self.measured_kinds]
        return [_Resumable(batches, batch_size=None) for batches in kinds]

    def _to_measure(self, kind: str) -> list[Tensor]:
        found = []
        for n in range(self.measure_batches):
            random = np.random.default_rng([self.seed, _MEASURED, n])
            crops = [
                draw_crop(self.measured[kind], self.side, random, alters=False)
                if kind in self.measured
                else draw_noise(self.side, random, 1)
                for _ in range(self.batch_size)
            ]
            found.append(torch.stack(crops))
        return found

    def _drawn(self, random: np.random.Generator) -> Tensor:
        left = random.random()
        for share, pictures in zip(self.shares, self.learnt, strict=True):
            if left < share:
                return draw_crop(pictures, self.side, random)
            left -= share
        return draw_noise(self.side, random)


class _Drawn(IterableDataset[Tensor]):
    """Batches without end; several workers share them by turns, so their order stays."""

    def __init__(self, data: DistillationData, first: int) -> None:
        self.data, self.first = data, first

    def __iter__(self) -> Iterator[Tensor]:
        worker = get_worker_info()
        step, stride = (
            (self.first, 1)
            if worker is None
            else (
                self.first + worker.id,
                worker.num_workers,
            )
        )
        while True:
            yield self.data.batch(step)
            step += stride


class _Resumable(DataLoader[Tensor]):
    """A loader whose place is the trainer's step, which Lightning need not keep."""

    def state_dict(self) -> dict[str, int]:
        """Return nothing."""
        return {}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Do nothing."""
