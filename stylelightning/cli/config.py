"""The config of a run: its options, what is refused early, and the text that is kept."""

import difflib
import logging
import re
from pathlib import Path
from typing import Any

from jsonargparse import Namespace
from lightning.pytorch import Callback, Trainer, seed_everything

from stylelightning.cli.kinds import import_components
from stylelightning.cli.parser import (
    ConfigFile,
    Parser,
    command_parser,
    take_pictures_for_paths,
    take_whole_numbers_as_such,
)
from stylelightning.cli.trainer_options import check_trainer_options
from stylelightning.cli.words_and_paths import take_words_and_paths
from stylelightning.data import StyleImage, StyleTransferData
from stylelightning.files.shipped import shipped
from stylelightning.images import check_output
from stylelightning.initial import InitialPicture
from stylelightning.live.server import check_port
from stylelightning.module import StyleTransfer
from stylelightning.run.checkpoint import read_checkpoint
from stylelightning.run.folder import MadeFolders, last_checkpoint

log = logging.getLogger(__name__)

import_components()  # a YAML file may name them by their bare names

TRAINER_DEFAULTS = {
    "trainer.max_epochs": -1,  # the module stops after its last step
    "trainer.devices": 1,  # one picture, one device
    "trainer.enable_model_summary": False,
    "trainer.logger": True,
}
ADAM = {"class_path": "torch.optim.Adam", "init_args": {"lr": 0.02, "betas": [0.9, 0.99]}}
LARGEST_SEED = 2**32 - 1
"""Of NumPy's generator, which is seeded too."""
LONGEST_NAME = 255
"""Bytes of a file's name on the file systems of Linux, macOS and Windows."""
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
PICTURES: tuple[tuple[str, Any, str], ...] = (
    ("content", str | None, "Path of the content image; null for a run without one."),
    (
        "style",
        str | list[str | StyleImage] | None,
        "Path of the style image; null for a run without one. A list blends several: each entry "
        "is a path, or has a path, a weight and a scale, such as "
        "[{path: a.jpg, weight: 2}, {path: b.jpg, scale: 0.5}]; with data.content_masks also a "
        "mask, or the regions that it paints.",
    ),
)
"""Options of the datamodule that take files here, and pictures in memory too in Python."""
NOT_KEPT = ("output", "ckpt_path", "live", "preview")
"""Keys that are left out of the config in the run's folder and in the picture: they say where a
run reads, writes and is shown, not what picture it makes."""


def run_parser(command: str = "fit") -> Parser:
    """Return the parser of the options of a run, as Lightning names them.

    Args:
        command: The command that takes them.
    """
    parser = command_parser(command, "Runs the full optimization routine.")
    parser.add_argument(
        "-c",
        "--config",
        action=ConfigFile,
        help="YAML file, preset (`list presets`) or picture made by this program, by default the "
        "preset quickstart; give it again to layer another on top.",
    )
    parser.add_argument(
        "--seed_everything",
        type=bool | int,
        default=0,
        help="Seed of everything random; true for one drawn at random.",
    )
    parser.add_lightning_class_args(Trainer, "trainer")
    take_whole_numbers_as_such(parser)
    parser.add_lightning_class_args(StyleTransfer, "model")
    for name, kind, text in PICTURES:  # on a command line they are files
        parser.add_argument(f"--data.{name}", type=kind, help=text)
    skipped = {name for name, _, _ in PICTURES}
    parser.add_class_arguments(
        StyleTransferData, "data", skip=skipped, fail_untyped=False, sub_configs=True
    )
    parser.set_defaults({**TRAINER_DEFAULTS, "model.optimizer": ADAM})
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
        help="Where to write the finished picture too: .png, .jpg, .webp or .tif.",
    )
    add_live_option(parser, "the run")
    parser.add_argument(
        "--preview",
        type=bool | None,
        nargs="?",
        const=True,
        help="Whether the picture is shown in the terminal while it is made, in coloured blocks.",
    )
    add_folder_options(parser, "run")
    return parser


def add_live_option(parser: Parser, what: str) -> None:
    """Add the option that opens a page on this machine.

    Args:
        parser: The parser that gets it.
        what: What the page shows.
    """
    parser.add_argument(
        "--live",
        metavar="PORT",
        nargs="?",
        const=0,
        type=int | None,
        help=f"Show {what} as it goes in a page on this machine alone, at http://127.0.0.1:PORT/; "
        "without a port at a free one, which is said.",
    )


def add_folder_options(parser: Parser, name: str) -> None:
    """Add the options that say in which folder a run is and from which one it goes on.

    Args:
        parser: The parser that gets them.
        name: The name of a run that is given none.
    """
    parser.add_argument(
        "--name",
        type=str,
        default=name,
        help="Name of the run's folder: <default_root_dir or runs>/<name>/version_N/.",
    )
    parser.add_argument(
        "--ckpt_path",
        type=str | None,
        help="Checkpoint to resume; `last` for that of the newest run of the name.",
    )


def check_config(config: Namespace, made: MadeFolders) -> Path | None:
    """Refuse what can't work, before anything heavy.

    Args:
        config: The parsed config.
        made: Takes note of the folders that are made.

    Returns:
        The checkpoint that the run goes on from, if any.

    Raises:
        OSError: If a place can't be read or written.
        ValueError: If a key is not fit.
    """
    check_name(config.name)
    if config.live is not None:
        check_port("`live`", config.live)
    callbacks = [*config.callbacks.values(), *as_list(config.trainer.callbacks)]
    check_trainer_options(config.trainer, [each for each in callbacks if each is not None])
    _refuse_addresses(config)
    if config.output is not None:
        _check_output(config, made)
    _warn_of_typos(config.model.losses, "model.losses")
    _warn_of_typos(config.callbacks, "callbacks")
    return _checkpoint(config)


def check_name(name: str) -> None:
    """Refuse a name that is no folder's.

    Raises:
        ValueError: If it is empty, has a slash or a null character, or is too long.
    """
    if name in ("", ".", "..") or "\0" in name or Path(name).name != name:
        raise ValueError(f"`name` must be the name of one folder, got {name!r}.")
    if (length := len(name.encode())) > LONGEST_NAME:
        raise ValueError(
            f"`name` must have at most {LONGEST_NAME} bytes, as file systems want it, got "
            f"{length}: choose a shorter one."
        )


def refuse_address(key: str, path: str) -> None:
    """Refuse an address, or what no file can be called, where a path is needed.

    Args:
        key: The option that it is given for.
        path: What was given.

    Raises:
        ValueError: If it is one, such as ``s3://bucket/picture.png``.
    """
    if "\0" in path:
        raise ValueError(f"`{key}` must be a path, got {path!r}, with a null character.")
    if ADDRESS.match(path):
        raise ValueError(
            f"`{key}` must be a path on this machine, got the address {path}: copy the file "
            "yourself, before the run or after it."
        )


def set_seed(config: Namespace) -> None:
    """Set the seed, and put it into the config if it was drawn.

    Raises:
        ValueError: If no generator takes it.
    """
    if config.seed_everything is not False:
        given = None if config.seed_everything is True else config.seed_everything
        if given is not None and not 0 <= given <= LARGEST_SEED:
            raise ValueError(
                f"`seed_everything` must be from 0 to {LARGEST_SEED}, got {given}: true draws one."
            )
        config.seed_everything = seed_everything(given, workers=True)


def root_folder(config: Namespace) -> Path:
    """Return the folder of all runs."""
    return Path(config.trainer.default_root_dir or "runs").expanduser()


def picture_paths(config: Namespace) -> list[tuple[str, str]]:
    """Return the keys and paths of the pictures that a parsed config reads.

    ``model.init`` is among them, which may also be a word such as ``noise``; of a class it is the
    option ``path``.
    """
    init = config.model.get("init")
    styles = as_list(config.data.get("style"))
    masks = config.data.get("content_masks")
    paths = [
        ("data.content", config.data.get("content")),
        *(("data.content_masks", each) for each in _mask_paths(masks)),
        *(
            ("data.style", path)
            for each in styles
            for path in _mask_paths(getattr(each, "mask", None))
        ),
        # the entries of a list may have keys of their own
        *(("data.style", each if isinstance(each, str) else each.path) for each in styles),
        ("model.init", init.get("init_args.path") if isinstance(init, Namespace) else init),
    ]
    return [(key, path) for key, path in paths if path]


def _mask_paths(masks: str | dict[str, str] | None) -> list[str]:
    """Return the paths of a label picture, or of a mask for each name."""
    if masks is None:
        return []
    return [masks] if isinstance(masks, str) else list(masks.values())


def kept_config(parser: Parser, config: Namespace, not_kept: tuple[str, ...] = NOT_KEPT) -> str:
    """Return the whole config as YAML that makes the same picture again.

    Args:
        parser: What parsed it.
        config: The parsed config.
        not_kept: Keys that are left out.
    """
    kept = config.clone()
    for key in not_kept:
        kept[key] = None
    del kept["config"]
    return str(parser.dump(kept, skip_unset=False))


def as_list(value: Any) -> list[Any]:
    """Return a value of a config that may be one, several or none as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _refuse_addresses(config: Namespace) -> None:
    given = [("output", config.output), ("ckpt_path", config.ckpt_path)]
    given += [("trainer.default_root_dir", str(config.trainer.default_root_dir or ""))]
    for key, path in [*given, *picture_paths(config)]:
        refuse_address(key, path or "")


def _check_output(config: Namespace, made: MadeFolders) -> None:
    output = Path(config.output).expanduser()
    for key, path in picture_paths(config):
        if shipped(Path(path).expanduser()).resolve() == output.resolve():
            raise ValueError(f"`output` would replace `{key}`, {output.absolute()}.")
    made.note(output.absolute().parent)
    check_output(config.output)


def _warn_of_typos(mapping: dict[str, Any], key: str) -> None:
    used = [name for name, value in mapping.items() if value is not None]
    for name in mapping.keys() - set(used):
        if near := difflib.get_close_matches(name, used, n=1, cutoff=0.75):
            log.warning("%s.%s is null, and %s stays: is that meant?", key, name, near[0])


def _checkpoint(config: Namespace) -> Path | None:
    if config.ckpt_path is None:
        return None
    path: Path | None = Path(config.ckpt_path).expanduser()
    if config.ckpt_path == "last":
        path = last_checkpoint(root_folder(config), config.name)
    if path is None:
        log.warning(
            "There is no checkpoint under %s yet: the run starts at its first step.",
            root_folder(config) / config.name,
        )
        return None
    read_checkpoint(path)
    return path
