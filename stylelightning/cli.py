"""The command line: LightningCLI with the project's defaults and manners."""

import logging
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jsonargparse import Namespace
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities.exceptions import SIGTERMException

# a YAML file may name every class of these packages by its bare name
from stylelightning import backbones, callbacks, losses  # noqa: F401
from stylelightning.callbacks import DivergenceError, ResultWriter
from stylelightning.checkpoint import check_checkpoint
from stylelightning.console import set_up_console
from stylelightning.data import StyleTransferData
from stylelightning.images import check_output, write_atomically
from stylelightning.module import StyleTransfer
from stylelightning.parser import ConfigFile, Parser, drop_init_args_on_class_change
from stylelightning.run_folder import CHECKPOINT, create_run_folder, last_checkpoint

log = logging.getLogger(__name__)

TRAINER_DEFAULTS = {
    "max_epochs": -1,  # the module stops after its last step
    "devices": 1,  # one picture, one device
    "enable_model_summary": False,
    "logger": True,
}
NOT_KEPT = ("config", "output", "ckpt_path")
"""Keys that say where a run reads and writes, not what picture it makes."""


@dataclass
class Progress:
    """How far a run came, for whoever has to explain its failure.

    Args:
        folder: The run's folder, once it is made.
        writer: The callback that writes the picture, once it is there.
    """

    folder: Path | None = None
    writer: ResultWriter | None = None

    @property
    def running(self) -> bool:
        """Whether there is a picture."""
        return self.writer is not None and self.writer.started


class CLI(LightningCLI):
    """The commands and their options."""

    def __init__(self, progress: Progress, args: list[str] | None) -> None:
        self.progress = progress
        super().__init__(
            StyleTransfer,
            StyleTransferData,
            trainer_defaults=TRAINER_DEFAULTS,
            parser_class=Parser,
            parser_kwargs={"allow_abbrev": False, "fit": {"allow_abbrev": False}},
            save_config_callback=None,
            seed_everything_default=0,
            auto_configure_optimizers=False,
            load_from_checkpoint_support=False,
            args=args,
        )

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """Return the commands that make sense here, with the arguments that are not options."""
        loaders = {"train_dataloaders", "val_dataloaders"}
        return {"fit": {"model", "datamodule", "weights_only", *loaders}}

    def init_parser(self, **kwargs: Any) -> LightningArgumentParser:
        """Return a parser whose ``--config`` layers files and reads pictures."""
        parser = self.parser_class(**kwargs)
        parser.add_argument(
            "-c",
            "--config",
            action=ConfigFile,
            help="YAML file, or a picture made by this program; give it again to layer another "
            "on top.",
        )
        return parser

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the options that belong to no component."""
        parser.add_argument(
            "--output",
            type=str | None,
            default=None,
            help="Where to write the finished picture too: .png, .jpg, .webp or .tif.",
        )
        parser.add_argument(
            "--name",
            type=str,
            default="run",
            help="Name of the run's folder: <default_root_dir or runs>/<name>/version_N/.",
        )

    def _parse_ckpt_path(self) -> None:
        """Do nothing: the command line wins over what a checkpoint stored."""

    def before_instantiate_classes(self) -> None:
        """Refuse bad places before anything heavy, and find the checkpoint to resume from."""
        config = self.config["fit"]
        if config.output is not None:
            check_output(config.output)
        self.ckpt_path = self._checkpoint(config.ckpt_path)

    def _checkpoint(self, asked: str | None) -> Path | None:
        if asked is None:
            return None
        if asked == "last":
            found = last_checkpoint(self._root(), self.config["fit"].name)
            if found is None:
                log.warning(
                    "There is no checkpoint under %s yet: the run starts at its first step.",
                    self._root() / self.config["fit"].name,
                )
            return found
        path = Path(asked).expanduser()
        check_checkpoint(path)
        return path

    def _root(self) -> Path:
        return Path(self.config["fit"].trainer.default_root_dir or "runs").expanduser()

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Return the trainer of a run in a folder of its own, that always writes its picture."""
        config = self.config["fit"]
        self.progress.folder = folder = create_run_folder(self._root(), config.name)
        text = self._run_config()
        write_atomically(folder / "config.yaml", text.encode())
        outputs = [folder / "result.png", *([Path(config.output)] if config.output else [])]
        self.progress.writer = writer = ResultWriter([str(path) for path in outputs], text)
        settings = self.config_init["fit"].trainer
        settings.callbacks = [writer, *_as_list(settings.callbacks)]
        for callback in settings.callbacks:
            if isinstance(callback, ModelCheckpoint) and callback.dirpath is None:
                callback.dirpath = str(folder / CHECKPOINT.parent)
        if settings.logger is True or settings.logger is None:
            settings.logger = TensorBoardLogger(
                folder, name="", version="", default_hp_metric=False
            )
        return super().instantiate_trainer(default_root_dir=str(folder), **kwargs)

    def _run_config(self) -> str:
        """Return the whole config as YAML that makes the same picture again."""
        config: Namespace = self.config["fit"].clone()
        for key in NOT_KEPT:
            if key in config:
                config[key] = None
        del config["config"]
        return str(self._parser("fit").dump(config, skip_unset=False))

    def _prepare_subcommand_kwargs(self, subcommand: str) -> dict[str, Any]:
        return {
            "model": self.model,
            "datamodule": self.datamodule,
            "ckpt_path": self.ckpt_path,
            "weights_only": True,
        }


def main(args: list[str] | None = None) -> int:
    """Run a command line.

    Args:
        args: The command and its options; ``sys.argv`` by default.

    Returns:
        Exit code: 0 done, 1 failed run, 2 bad command line or input, 130 and 143 stopped by
        Ctrl-C and SIGTERM. ``STYLELIGHTNING_DEBUG=1`` shows the traceback of every error.
    """
    set_up_console()
    drop_init_args_on_class_change()
    began = time.monotonic()
    progress = Progress()
    try:
        CLI(progress, args)
    except SIGTERMException:
        return 143
    except SystemExit as stop:
        interrupted = isinstance(stop.__context__, KeyboardInterrupt)
        return 130 if interrupted else int(stop.code or 0)
    except Exception as error:
        return _explain(error, progress)
    log.info("done in %.0f s", time.monotonic() - began)
    return 0


def _explain(error: Exception, progress: Progress) -> int:
    """Write one line about an error that a user can mend; raise every other."""
    if not progress.running and progress.folder is not None:
        shutil.rmtree(progress.folder, ignore_errors=True)  # holds no step's work
    mendable = (OSError, DivergenceError) if progress.running else (OSError, ValueError)
    memory = isinstance(error, torch.OutOfMemoryError)
    expected = isinstance(error, (*mendable, MisconfigurationException)) or memory
    if not expected or os.environ.get("STYLELIGHTNING_DEBUG"):
        raise error
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror and not error.filename:
        text = " ".join(str(error.strerror).split())  # without "[Errno 28]"
    if memory:
        text = f"Out of memory: use a smaller --data.size. {text}"
    sys.stderr.write(f"error: {text}\n")
    return 1 if progress.running else 2


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
