"""The command line: LightningCLI with the project's defaults and manners."""

import difflib
import logging
import sys
from pathlib import Path
from typing import Any

from jsonargparse import Namespace
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import Checkpoint, ProgressBar
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import TensorBoardLogger

# a YAML file may name every class of these packages by its bare name
from stylelightning import backbones, colours, initial, losses, metrics  # noqa: F401
from stylelightning.callbacks import (
    Advice,
    LastCheckpoint,
    ResultWriter,
    StepEndStop,
    StopOnDivergence,
)
from stylelightning.checkpoint import check_checkpoint
from stylelightning.checkpoint_io import AtomicCheckpointIO
from stylelightning.data import StyleTransferData
from stylelightning.images import check_output, write_atomically
from stylelightning.initial import InitialPicture
from stylelightning.module import StyleTransfer
from stylelightning.parser import ConfigFile, Parser, take_pictures_for_paths
from stylelightning.planning import report
from stylelightning.run_folder import (
    MadeFolders,
    create_run_folder,
    differing_keys,
    last_checkpoint,
)
from stylelightning.words_and_paths import take_words_and_paths

log = logging.getLogger(__name__)

TRAINER_DEFAULTS = {
    "max_epochs": -1,  # the module stops after its last step
    "devices": 1,  # one picture, one device
    "enable_model_summary": False,
    "logger": True,
}
ADAM = {"class_path": "torch.optim.Adam", "init_args": {"lr": 0.02, "betas": [0.9, 0.99]}}


class CLI(LightningCLI):
    """The commands and their options.

    Args:
        made: Takes note of the folders that the run makes.
        args: The command and its options; ``sys.argv`` by default.
    """

    not_kept: tuple[str, ...] = ("output", "ckpt_path")
    """Keys that are left out of the config in the run's folder and in the picture: they say where
    a run reads and writes, not what picture it makes."""

    def __init__(self, made: MadeFolders, args: list[str] | None) -> None:
        self.made = made
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

    # options

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
        """Add the options that belong to no component of Lightning."""
        parser.set_defaults({"model.optimizer": ADAM})
        take_pictures_for_paths(parser, "data.style")
        take_words_and_paths(parser, "model.init", InitialPicture)
        parser.add_argument(
            "--callbacks",
            type=dict[str, Callback | None],
            default={},
            help="What happens around the steps, by name. Null switches a callback off.",
        )
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

    # before the run: refuse what can't work, before anything heavy

    def _parse_ckpt_path(self) -> None:
        """Do nothing: the command line wins over what a checkpoint stored."""

    def before_instantiate_classes(self) -> None:
        """Check the places that the run reads and writes, and find its checkpoint."""
        config = self.config["fit"]
        for section in ("model", "data", "trainer"):
            if config.get(section) is None:
                raise ValueError(f"`{section}` must have keys, got null.")
        if config.name in ("", ".", "..") or Path(config.name).name != config.name:
            raise ValueError(f"`name` must be the name of one folder, got {config.name!r}.")
        if config.output is not None:
            self._check_output(config)
        self._warn_of_typos(config.model.losses, "model.losses")
        self._warn_of_typos(config.callbacks, "callbacks")
        self.ckpt_path = self._checkpoint(config.ckpt_path)

    def _check_output(self, config: Namespace) -> None:
        output = Path(config.output).expanduser()
        for key, path in picture_paths(config):
            if Path(path).expanduser().resolve() == output.resolve():
                raise ValueError(f"`output` would replace `{key}`, {output.absolute()}.")
        self.made.note(output.absolute().parent)
        check_output(config.output)

    def _warn_of_typos(self, mapping: dict[str, Any], key: str) -> None:
        used = [name for name, value in mapping.items() if value is not None]
        for name in mapping.keys() - set(used):
            if near := difflib.get_close_matches(name, used, n=1, cutoff=0.75):
                log.warning("%s.%s is null, and %s stays: is that meant?", key, name, near[0])

    def _checkpoint(self, asked: str | None) -> Path | None:
        if asked is None:
            return None
        path: Path | None = Path(asked).expanduser()
        if asked == "last":
            path = last_checkpoint(self._root(), self.config["fit"].name)
        if path is None:
            log.warning(
                "There is no checkpoint under %s yet: the run starts at its first step.",
                self._root() / self.config["fit"].name,
            )
            return None
        check_checkpoint(path)
        return path

    def _root(self) -> Path:
        return Path(self.config["fit"].trainer.default_root_dir or "runs").expanduser()

    # the trainer

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Return the trainer of a run in a folder of its own, that always writes its picture."""
        config = self.config["fit"]
        folder = create_run_folder(self._root(), config.name, self.made)
        text = self._run_config()
        write_atomically(folder / "config.yaml", text.encode())
        if self.ckpt_path is not None:
            self._say_what_differs(text)
        outputs = [folder / "result.png", *([Path(config.output)] if config.output else [])]
        self.writer = ResultWriter([str(path) for path in outputs], text)
        self.made.started = lambda: self.writer.started
        settings = self.config_init["fit"].trainer
        settings.callbacks = self._callbacks(settings)
        settings.plugins = [AtomicCheckpointIO(), *_as_list(settings.plugins)]
        if settings.logger is True or settings.logger is None:
            settings.logger = TensorBoardLogger(
                folder, name="", version="", default_hp_metric=False
            )
        try:
            trainer = super().instantiate_trainer(default_root_dir=str(folder), **kwargs)
        except Exception as error:
            raise ValueError(f"`trainer`: {error}") from error
        if trainer.world_size > 1:
            raise ValueError(
                f"One picture is made by one process, got {trainer.world_size}: use "
                "--trainer.devices 1 and --trainer.num_nodes 1."
            )
        return trainer

    def _say_what_differs(self, text: str) -> None:
        """Say which keys differ from those of the run that is resumed."""
        before = self.ckpt_path.parents[1] / "config.yaml" if self.ckpt_path else None
        if before is not None and before.is_file():
            keys = differing_keys(before.read_text(encoding="utf-8"), text)
            if keys:
                log.warning("Other settings than the checkpoint's run: %s.", ", ".join(keys))

    def _callbacks(self, settings: Namespace) -> list[Callback]:
        """Return the callbacks in the order that they need: whoever watches comes first."""
        given = self.config_init["fit"].callbacks
        named = [each for each in given.values() if each is not None]
        chosen = [*named, *_as_list(settings.callbacks)]
        if not any(isinstance(each, ProgressBar) for each in chosen):
            settings.enable_progress_bar = False  # Lightning's own counts epochs
        if settings.enable_progress_bar is False:
            chosen = [each for each in chosen if not isinstance(each, ProgressBar)]
        if settings.enable_checkpointing is False:
            chosen = [each for each in chosen if not isinstance(each, Checkpoint)]
        elif not any(isinstance(each, Checkpoint) for each in chosen):
            chosen.append(LastCheckpoint())
        if "advice" not in given and not any(isinstance(each, Advice) for each in chosen):
            chosen.append(Advice())
        watches = [each for each in chosen if isinstance(each, StopOnDivergence)]
        others = [each for each in chosen if not isinstance(each, StopOnDivergence)]
        return [*watches, self.writer, *others, StepEndStop()]

    def _run_config(self) -> str:
        """Return the whole config as YAML that makes the same picture again."""
        config: Namespace = self.config["fit"].clone()
        for key in self.not_kept:
            config[key] = None
        del config["config"]
        return str(self._parser("fit").dump(config, skip_unset=False))

    # the run

    def _prepare_subcommand_kwargs(self, subcommand: str) -> dict[str, Any]:
        return {
            "model": self.model,
            "datamodule": self.datamodule,
            "ckpt_path": self.ckpt_path,
            "weights_only": True,
        }

    def after_fit(self) -> None:
        """Write the picture of a run that had no step to make, and say so."""
        step = self.trainer.global_step
        if not self.writer.started:
            self.writer.write(self.trainer, self.model)
        if step == self.writer.first_step or not self.writer.started:
            log.warning("No step was left to run: the picture is that of step %d.", step)


class PlanCLI(CLI):
    """The options of ``fit``, answered with what the run would take; nothing is written."""

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Return a trainer that leaves nothing behind."""
        silent = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        return super(CLI, self).instantiate_trainer(
            **{"callbacks": [], "max_steps": -1, "min_steps": None, **silent, **kwargs}
        )

    def _run_subcommand(self, subcommand: str) -> None:
        def new_trainer(callbacks: list[Callback]) -> Trainer:
            return self.instantiate_trainer(callbacks=callbacks)

        steps = self.config["fit"].trainer.max_steps
        text = report(self.model, self.datamodule, new_trainer, steps)
        sys.stdout.write(f"{text}\n")


def picture_paths(config: Namespace) -> list[tuple[str, str]]:
    """Return the keys and paths of the pictures that a parsed config reads.

    ``model.init`` is among them, which may also be a word such as ``noise``; of a class it is the
    option ``path``.
    """
    init = config.model.get("init")
    styles = _as_list(config.data.get("style"))
    paths = [
        ("data.content", config.data.get("content")),
        # the entries of a list may have keys of their own
        *(("data.style", each if isinstance(each, str) else each.path) for each in styles),
        ("model.init", init.get("init_args.path") if isinstance(init, Namespace) else init),
    ]
    return [(key, path) for key, path in paths if path]


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
