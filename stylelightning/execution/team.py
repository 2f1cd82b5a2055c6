"""The processes that make one picture together."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, distributed

from stylelightning.backbones.tiles import Tile
from stylelightning.losses.sums import Sums


class LostProcessError(RuntimeError):
    """Another process of the run ended before its time."""


class Team:
    """What the processes of a run tell each other: sums over tiles, and gradients of the picture.

    Each process has some of the tiles. What is added up is the same in all of them, to the last
    bit, so all make the same picture. Every process takes the gradient of the whole total at the
    sums and leads it back through its own tiles alone, so the parts add up to the gradient without
    a factor. docs/large-pictures.md says how many bytes that takes.

    Args:
        rank: Number of this process, from 0.
        size: Number of all processes; 1 for one that is alone, and tells nobody.
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank = rank
        self.size = size

    @property
    def leads(self) -> bool:
        """Whether it is the process that writes and decides."""
        return self.rank == 0

    def share(self, tiles: Sequence[Tile]) -> Sequence[Tile]:
        """Return the tiles of this process, neighbours of about the same work in all of them."""
        if self.size == 1:
            return tiles
        work = [each.pixels for each in tiles]
        total, done, mine = sum(work), 0, []
        for tile, pixels in zip(tiles, work, strict=True):
            middle = done + pixels / 2
            if int(middle * self.size / total) == self.rank:
                mine.append(tile)
            done += pixels
        return mine

    def add_up(self, sums: Sums) -> Sums:
        """Return the sums over the tiles of all processes.

        Args:
            sums: Those over the tiles of this one; every process has the same names and shapes.

        Raises:
            LostProcessError: If another process is gone.
        """
        if self.size == 1:
            return sums
        statistics = [(name, key) for name, found in sums.statistics.items() for key in found]
        counts = [(name, key) for name, found in sums.counts.items() for key in found]
        added = self.all_reduce([sums.statistics[name][key].detach() for name, key in statistics])
        device = added[0].device if added else None
        numbers = [
            torch.as_tensor(sums.counts[name][key], dtype=torch.float64, device=device)
            for name, key in counts
        ]
        whole = Sums()
        for (name, key), tensor in zip(statistics, added, strict=True):
            whole.add({name: {key: tensor}}, {})
        for (name, key), number in zip(counts, self.all_reduce(numbers), strict=True):
            mine = sums.counts[name][key]
            count = int(number) if isinstance(mine, int) else number.to(mine)
            whole.add({}, {name: {key: count}})
        return whole

    def all_reduce(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return the sums over all processes of some tensors, which are the same everywhere.

        Args:
            tensors: Tensors of one type, in the same order and shapes in every process.

        Raises:
            LostProcessError: If another process is gone.
        """
        if self.size == 1 or not tensors:
            return list(tensors)
        flat = torch.cat([each.reshape(-1) for each in tensors])
        with _lost():
            distributed.all_reduce(flat)
        parts = torch.split(flat, [each.numel() for each in tensors])
        return [part.view(each.shape) for part, each in zip(parts, tensors, strict=True)]

    def least(self, tensor: Tensor) -> Tensor:
        """Return the least of all processes' values, for each element of a tensor.

        Args:
            tensor: A tensor of the same shape in every process.

        Raises:
            LostProcessError: If another process is gone.
        """
        if self.size == 1:
            return tensor
        least = tensor.clone()
        with _lost():
            distributed.all_reduce(least, distributed.ReduceOp.MIN)
        return least

    def of_the_leader(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return the leading process's values of some tensors.

        Args:
            tensors: Tensors of one type, in the same order and shapes in every process.

        Raises:
            LostProcessError: If another process is gone.
        """
        if self.size == 1 or not tensors:
            return list(tensors)
        return self.all_reduce([each if self.leads else torch.zeros_like(each) for each in tensors])


@contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # gloo's and NCCL's have no class of their own
        raise LostProcessError(
            "Another process of this run was lost. The picture so far and the checkpoint are kept: "
            "go on with --ckpt_path last, in any number of processes."
        ) from error
