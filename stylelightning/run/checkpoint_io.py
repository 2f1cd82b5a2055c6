"""Checkpoints that are whole or not there."""

from typing import Any, BinaryIO

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.fabric.utilities.types import _PATH

from stylelightning.files.atomic import write_atomically


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint beside its place and moves it there.

    Lightning writes it into the system's temporary folder first: on another disk the move is a
    copy, and a killed process leaves half of it. It goes straight to its file: a large picture and
    its optimizer's memory are not copied as bytes first.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: _PATH, storage_options: Any | None = None
    ) -> None:
        """Write the checkpoint.

        Raises:
            OSError: If it can't be written; an earlier file at ``path`` is still whole.
        """

        def write(file: BinaryIO) -> None:
            output = _Output(file)
            try:
                torch.save(checkpoint, output)  # type: ignore[arg-type] # all that torch calls
            except Exception as error:
                raise output.failure or error from error

        write_atomically(str(path), write)


class _Output:
    """A file that keeps what the system said: torch closes a broken archive with another error.

    Args:
        file: The file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.failure: OSError | None = None
        self._file = file

    def write(self, data: bytes) -> int:
        """Write some bytes.

        Raises:
            OSError: If they can't be written.
        """
        try:
            return self._file.write(data)
        except OSError as error:
            self.failure = error
            raise

    def flush(self) -> None:
        """Do nothing: the file is flushed when it is whole."""
