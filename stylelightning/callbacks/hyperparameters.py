"""A run's line in TensorBoard's table of hyperparameters."""

import time
from collections.abc import Mapping

from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import Status
from tensorboard.plugins.hparams.plugin_data_pb2 import (
    HParamsPluginData,
    SessionEndInfo,
    SessionStartInfo,
)
from torch.utils.tensorboard import SummaryWriter


def begin_line(board: SummaryWriter, settings: Mapping[str, bool | float | str]) -> None:
    """Begin the line of a run: its settings, and that it is running.

    torch's ``add_hparams`` describes the table's columns too, in every run, of which TensorBoard
    takes those of the first run that it meets. Where none describes them, it has a column for each
    setting of any run, and for the last value of each of their scalars.

    Args:
        board: The run's events.
        settings: Its settings by name.
    """
    start = SessionStartInfo(start_time_secs=time.time())
    for name, value in settings.items():
        if isinstance(value, bool):
            start.hparams[name].bool_value = value
        elif isinstance(value, str):
            start.hparams[name].string_value = value
        else:
            start.hparams[name].number_value = value
    _add(board, metadata.SESSION_START_INFO_TAG, HParamsPluginData(session_start_info=start))


def end_line(board: SummaryWriter, done: bool) -> None:
    """Say in the line of a run that it has ended.

    Args:
        board: The run's events.
        done: Whether it was done, and was not stopped and did not fail.
    """
    status = Status.Value("STATUS_SUCCESS" if done else "STATUS_FAILURE")
    end = SessionEndInfo(status=status, end_time_secs=time.time())
    _add(board, metadata.SESSION_END_INFO_TAG, HParamsPluginData(session_end_info=end))


def _add(board: SummaryWriter, tag: str, content: HParamsPluginData) -> None:
    value = Summary.Value(tag=tag, metadata=metadata.create_summary_metadata(content))
    value.tensor.CopyFrom(metadata.NULL_TENSOR)
    board._get_file_writer().add_summary(Summary(value=[value]))  # type: ignore[no-untyped-call]
