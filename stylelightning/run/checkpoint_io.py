"""Checkpoints that are whole or not there."""

import io
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.fabric.utilities.types import _PATH

from stylelightning.files.atomic import write_atomically


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint beside its place and moves it there.

    Lightning writes it into the system's temporary folder first: on another disk the move is a
    copy, and a killed process leaves half of it.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: _PATH, storage_options: Any | None = None
    ) -> None:
        """Write the checkpoint.

        Raises:
            OSError: If it can't be written; an earlier file at ``path`` is still whole.
        """
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        write_atomically(str(path), buffer.getvalue())
