"""A run from its command line to its picture."""

import logging
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import Namespace
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ProgressBar
from lightning.pytorch.loggers import TensorBoardLogger

from stylelightning.callbacks import ResultWriter
from stylelightning.callbacks.board import RunOnBoard
from stylelightning.callbacks.periodic import last_step
from stylelightning.cli.chosen import chosen, compared, run_label
from stylelightning.cli.config import (
    as_list,
    check_config,
    kept_config,
    root_folder,
    run_parser,
    set_seed,
)
from stylelightning.cli.config_keys import differing_keys
from stylelightning.cli.console import WHOLE
from stylelightning.cli.errors import RunError
from stylelightning.cli.helping import (
    help_to_make,
    helps,
    is_first,
    leave_the_warnings_to_the_first,
)
from stylelightning.cli.manner import Manner
from stylelightning.cli.process import exit_code_of_a_stop
from stylelightning.cli.resuming import says_how_to_go_on
from stylelightning.cli.run_callbacks import run_callbacks
from stylelightning.cli.trainer_settings import FIXED
from stylelightning.execution.tile_strategy import TileStrategy
from stylelightning.files.atomic import write_atomically
from stylelightning.run.checkpoint_io import AtomicCheckpointIO
from stylelightning.run.folder import MadeFolders, RunFolder, create_run_folder

log = logging.getLogger(__name__)

MEETING = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK")
"""What Lightning's own launcher needs to know to find the other machines."""


def fit(args: Sequence[str], manner: Manner | None = None) -> None:
    """Make the picture of a command line, in a folder of its own that holds the picture in the end.

    Args:
        args: The options. A run that does not start leaves no folder behind.
        manner: What they don't say.

    Raises:
        RunError: If the run failed after it began.
        Exception: If it could not begin.
        SystemExit: If it was stopped, with 130 for Ctrl-C and 143 for SIGTERM and SIGHUP.
    """
    made = MadeFolders()
    try:
        with exit_code_of_a_stop():
            _fit(args, manner or Manner(), made)
    except Exception as error:
        if made.remove_empty():
            raise
        raise RunError(error) from error
    except BaseException:
        made.remove_empty()
        raise


def _fit(args: Sequence[str], manner: Manner, made: MadeFolders) -> None:
    parser = run_parser()
    parser.says_changes = manner.says_changes and is_first(os.environ)
    config = parser.parse_args(list(args))
    helping = helps(config.trainer.strategy)
    if helping:
        leave_the_warnings_to_the_first()
    set_seed(config)
    missing = _missing_folders(config)
    checkpoint = check_config(config, made)
    if helping:
        help_to_make(parser.instantiate(config), checkpoint)
        return
    run = parser.instantiate(config, instantiators=list(manner.instantiators) or None)
    folder = create_run_folder(root_folder(config), config.name, made)
    text = kept_config(parser, config, manner.not_kept)
    for each in missing:
        log.info("made the folder %s", each)
    kept = yaml.safe_load(text)
    run.model.config = kept["model"]
    write_atomically(folder.config, text.encode())
    if checkpoint is not None:
        say_what_differs(checkpoint, text)
    outputs = [folder.result, *([Path(config.output)] if config.output else [])]
    writer = ResultWriter([str(path) for path in outputs], text)
    made.started = lambda: writer.started
    place = chosen(args) if manner.place is None else manner.place
    board = RunOnBoard(text, compared(kept, place))
    callbacks = run_callbacks(run, manner, writer, board)
    settings = _trainer_settings(run, folder, run_label(args), manner, callbacks)
    trainer = one_picture_trainer(settings, several=bool(manner.command))
    typed = [*manner.command, *args] if manner.command else []
    with says_how_to_go_on(folder, typed):
        trainer.fit(run.model, datamodule=run.data, ckpt_path=checkpoint, weights_only=True)
    if not writer.started:
        writer.write(trainer, run.model)
    if trainer.global_step == writer.first_step or not writer.started:
        log.warning("No step was left to run: the picture is that of step %d.", trainer.global_step)
    elif trainer.global_step < (last := last_step(trainer, run.model)):
        log.warning(
            "The run ended at step %d of %d: `trainer.max_time` or a callback stopped it.",
            trainer.global_step,
            last,
        )
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            events = Path(logger.log_dir)
            events = folder.path if events.is_relative_to(folder.path) else events
            log.info("tensorboard --logdir %s", shlex.quote(str(events)), extra=WHOLE)


def _missing_folders(config: Namespace) -> list[Path]:
    """Return the folders that an option names and that are not there yet."""
    named = [Path(config.output).expanduser().parent] if config.output else []
    if config.trainer.default_root_dir:
        named.append(root_folder(config))
    return [folder.absolute() for folder in named if not folder.exists()]


def say_what_differs(checkpoint: Path, text: str) -> None:
    """Say which keys differ from those of the run that is resumed.

    Args:
        checkpoint: Its checkpoint, in its folder.
        text: The whole config of the run that resumes it.
    """
    before = RunFolder.of_checkpoint(checkpoint).config
    if before.is_file():
        keys = differing_keys(before.read_text(encoding="utf-8"), text)
        if keys:
            log.warning("Other settings than the checkpoint's run: %s.", ", ".join(keys))


def _trainer_settings(
    run: Namespace,
    folder: RunFolder,
    label: str,
    manner: Manner,
    callbacks: Sequence[Callback],
) -> dict[str, Any]:
    """Return the arguments of the trainer of a run."""
    settings = {**run.trainer, **FIXED}
    settings |= {"default_root_dir": str(folder.path), "callbacks": list(callbacks)}
    if not any(isinstance(each, ProgressBar) for each in callbacks):
        settings["enable_progress_bar"] = False  # Lightning's own counts epochs
    if not manner.records:
        settings["logger"] = settings["enable_checkpointing"] = False
    settings["plugins"] = [AtomicCheckpointIO(), *as_list(settings["plugins"])]
    if settings["logger"] is True or settings["logger"] is None:
        settings["logger"] = TensorBoardLogger(
            folder.path,
            name="",
            version="",
            sub_dir=label or None,  # a run is called after its folders
            default_hp_metric=False,
        )
    return settings


def one_picture_trainer(settings: Mapping[str, Any], several: bool = False) -> Trainer:
    """Return a trainer for one picture.

    Args:
        settings: Arguments of Lightning's.
        several: Whether several processes may make it: they are started by this command line.

    Raises:
        ValueError: If Lightning refuses its settings, or they ask for several processes.
    """
    try:
        trainer = Trainer(**settings)
    except Exception as error:
        raise ValueError(f"`trainer`: {error}") from error
    if trainer.world_size > 1 and not (several and isinstance(trainer.strategy, TileStrategy)):
        way_out = "--trainer.strategy tiles for several, or " if several else ""
        raise ValueError(
            f"One picture is made by one process{' here' if not several else ''}, got "
            f"{trainer.world_size}: use {way_out}--trainer.devices 1 and --trainer.num_nodes 1."
        )
    _check_meeting(trainer)
    return trainer


def _check_meeting(trainer: Trainer) -> None:
    """Refuse to wait for other machines that can't know where this one is.

    Raises:
        ValueError: If it is so.
    """
    missing = [name for name in MEETING if name not in os.environ]
    strategy = trainer.strategy
    alone = isinstance(strategy, TileStrategy) and isinstance(
        strategy.cluster_environment, LightningEnvironment
    )
    if alone and trainer.num_nodes > 1 and missing:
        raise ValueError(
            f"`trainer.num_nodes` must be 1 where nothing says where the first machine is, got "
            f"{trainer.num_nodes}: start the run on each machine by torchrun or srun, or set "
            f"{', '.join(MEETING)} there."
        )
