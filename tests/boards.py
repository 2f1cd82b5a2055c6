"""TensorBoard's events of a run, read back."""

from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import Status


def events(folder: Path) -> EventAccumulator:
    """Return the events of a run, which are in its folder or, by what was chosen, in one inside."""
    (file,) = folder.rglob("events.out.tfevents.*")
    board = EventAccumulator(str(file.parent), size_guidance={"images": 0, "scalars": 0})
    board.Reload()
    return board


def settings_of(board: EventAccumulator) -> dict[str, bool | float | str]:
    """Return a run's settings in the table of hyperparameters."""
    content = board.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    values = metadata.parse_session_start_info_plugin_data(content).hparams
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in values.items()}


def was_done(board: EventAccumulator) -> bool:
    """Return whether the table of hyperparameters says that a run was done, and not stopped."""
    content = board.SummaryMetadata(metadata.SESSION_END_INFO_TAG).plugin_data.content
    status = metadata.parse_session_end_info_plugin_data(content).status
    return bool(Status.Name(status) == "STATUS_SUCCESS")
