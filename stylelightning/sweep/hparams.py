"""A point in TensorBoard's table of hyperparameters."""

from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from stylelightning.images import read_picture
from stylelightning.sweep.records import Record
from stylelightning.sweep.sweep_folder import SweepFolder


def write_hparams(folder: SweepFolder, record: Record) -> None:
    """Add a point's place, terms, metrics and picture to the events of its run.

    Args:
        folder: The sweep's folder.
        record: A point that is done.
    """
    values = {f"term/{name}": value for name, value in record.terms.items()}
    values |= {f"metric/{name}": value for name, value in record.metrics.items()}
    values["seconds"] = record.seconds
    run = folder.run(record.folder)
    with SummaryWriter(str(run.path), filename_suffix=".hparams") as board:
        # `board.add_hparams` would make a folder of its own inside the run's
        assert board.file_writer is not None
        ends = {f"end/{name}": value for name, value in values.items()}
        summaries = hparams(dict(record.place), ends)  # type: ignore[no-untyped-call]
        for summary in summaries:
            board.file_writer.add_summary(summary)
        for name, value in values.items():
            board.add_scalar(f"end/{name}", value, record.steps)
        board.add_image("result", read_picture(run.result).pixels[0], record.steps)
