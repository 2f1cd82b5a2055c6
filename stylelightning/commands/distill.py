"""``python -m stylelightning distill``: train a slim network on a large one's features."""

import logging
import pickle
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jsonargparse import Namespace
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from stylelightning.callbacks.interrupt import StepEndStop
from stylelightning.cli.answer import aligned
from stylelightning.cli.config import (
    add_folder_options,
    as_list,
    check_name,
    kept_config,
    root_folder,
    set_seed,
)
from stylelightning.cli.parser import (
    ConfigFile,
    Parser,
    command_parser,
    take_whole_numbers_as_such,
)
from stylelightning.cli.process import exit_code_of_a_stop, on_sigterm, set_up_process
from stylelightning.cli.run import say_what_differs
from stylelightning.cli.trainer_options import refuse_options
from stylelightning.distillation.callbacks import TrainingBar, TrainingCheckpoint
from stylelightning.distillation.data import DistillationData
from stylelightning.distillation.finish import Origin, explained_table, finish
from stylelightning.distillation.module import Distillation
from stylelightning.distillation.pictures import picture_files
from stylelightning.files.atomic import write_atomically
from stylelightning.run.checkpoint_io import AtomicCheckpointIO
from stylelightning.run.folder import MadeFolders, RunFolder, create_run_folder, last_checkpoint

log = logging.getLogger(__name__)

DEFAULTS = {
    "trainer.max_epochs": -1,
    "trainer.devices": 1,
    "trainer.enable_model_summary": False,
    "trainer.num_sanity_val_steps": 0,
    "trainer.check_val_every_n_epoch": None,  # there are no epochs: val_check_interval is in steps
    "trainer.logger": True,
}

USUAL: dict[str, type[Callback]] = {
    "enable_progress_bar": TrainingBar,
    "enable_checkpointing": TrainingCheckpoint,
}
"""Callbacks that are there unless a switch of the trainer is false."""


def run(args: Sequence[str]) -> int:
    """Train the network, in a folder of its own that holds its file in the end.

    Args:
        args: The options.

    Raises:
        Exception: If a path, an option or a picture is not fit.
    """
    set_up_process()
    began, made = time.monotonic(), MadeFolders()
    try:
        with exit_code_of_a_stop(), on_sigterm():
            _distill(args, made)
    finally:
        made.remove_empty()
    log.info("done in %.0f s", time.monotonic() - began)
    return 0


def distill_parser() -> Parser:
    """Return the parser of the options."""
    parser = command_parser("distill", "Trains a slim network on the features of a large one.")
    parser.add_argument(
        "-c", "--config", action=ConfigFile, help="YAML file; give it again to layer another."
    )
    parser.add_argument(
        "--seed_everything", type=bool | int, default=0, help="Seed of everything random."
    )
    parser.add_lightning_class_args(Trainer, "trainer")
    take_whole_numbers_as_such(parser)
    parser.add_lightning_class_args(Distillation, "model")
    parser.add_lightning_class_args(DistillationData, "data")
    parser.set_defaults(DEFAULTS)
    parser.add_argument(
        "--callbacks",
        type=dict[str, Callback | None],
        default={},
        help="What happens around the steps, by name.",
    )
    add_folder_options(parser, "distillation")
    return parser


def _distill(args: Sequence[str], made: MadeFolders) -> None:
    parser = distill_parser()
    config = parser.parse_args(list(args))
    check_name(config.name)
    refuse_options(config.trainer, ("max_epochs",))
    if config.trainer.max_steps < 1:
        raise ValueError(
            f"`trainer.max_steps` must be at least 1, got {config.trainer.max_steps}: the learning "
            "rate falls to 0 over them."
        )
    set_seed(config)
    checkpoint = _checkpoint(config)
    made_of = parser.instantiate(config)
    folder = create_run_folder(root_folder(config), config.name, made)
    text = kept_config(parser, config, ("ckpt_path",))
    write_atomically(folder.config, text.encode())
    if checkpoint is not None:
        say_what_differs(checkpoint, text)
    trainer = _trainer(made_of, folder)
    made.started = lambda: trainer.global_step > 0
    trainer.fit(made_of.model, datamodule=made_of.data, ckpt_path=checkpoint, weights_only=True)
    origin = Origin(config.name, text, _pictures(config))
    explained = finish(made_of.model, folder, origin)
    log.info("explained variance on pictures that were not learnt from:")
    for line in aligned(explained_table(explained), "<" + ">" * len(explained)):
        log.info("%s", line)
    log.info("wrote %s", folder.student)


def _trainer(made_of: Namespace, folder: RunFolder) -> Trainer:
    settings: dict[str, Any] = {**made_of.trainer, "default_root_dir": str(folder.path)}
    settings["plugins"] = [AtomicCheckpointIO(), *as_list(settings["plugins"])]
    if settings["logger"] is True or settings["logger"] is None:
        settings["logger"] = TensorBoardLogger(
            folder.path, name="", version="", default_hp_metric=False
        )
    chosen = [each for each in made_of.callbacks.values() if each is not None]
    for switch, usual in USUAL.items():
        if settings[switch] is not False and not any(isinstance(each, usual) for each in chosen):
            chosen.append(usual())
    settings["callbacks"] = [*chosen, *as_list(settings["callbacks"]), StepEndStop()]
    try:
        return Trainer(**settings)
    except Exception as error:
        raise ValueError(f"`trainer`: {error}") from error


def _checkpoint(config: Namespace) -> Path | None:
    if config.ckpt_path is None:
        return None
    if config.ckpt_path != "last":
        path = Path(config.ckpt_path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f"`ckpt_path`: there is no checkpoint {path.absolute()}.")
        _check_checkpoint(path)
        return path
    found = last_checkpoint(root_folder(config), config.name)
    if found is None:
        log.warning("There is no checkpoint yet: the training starts at its first step.")
    return found


def _check_checkpoint(path: Path) -> None:
    """Refuse a file that is none.

    Raises:
        ValueError: If it is so.
    """
    try:
        whole = "state_dict" in torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, LookupError, TypeError):
        whole = False
    if not whole:
        raise ValueError(
            f"`ckpt_path`: {path.absolute()} is not a whole checkpoint: give `last`, or the path "
            "of a training's checkpoints/last.ckpt."
        )


def _pictures(config: Namespace) -> str:
    """Return the paths of the pictures that are learnt from, one a line."""
    paths = (picture for folder in config.data.pictures for picture in picture_files(folder))
    return "\n".join(map(str, paths))
