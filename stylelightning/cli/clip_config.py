"""The config of a clip: its options, and those of the runs that paint its frames."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name

from jsonargparse import Namespace

from stylelightning.cli.config import (
    NOT_KEPT,
    check_config,
    kept_config,
    refuse_address,
    run_parser,
)
from stylelightning.cli.parser import Parser
from stylelightning.colours import Colours
from stylelightning.files.paths import absolute_path
from stylelightning.losses import TemporalLoss
from stylelightning.run.folder import MadeFolders
from stylelightning.sweep.spec import flags
from stylelightning.video.options import ClipOptions
from stylelightning.video.output import output_path

log = logging.getLogger(__name__)

CLIP_NOT_KEPT = (
    *NOT_KEPT, "codec", "overwrite", "trainer.default_root_dir", "video.frames_per_second"
)  # fmt: skip
"""Keys that don't change the frames."""
OF_ONE_PICTURE = ("ckpt_path", "live", "preview")
"""Options of a run that a clip does not have."""
SEED = "Seed of everything random, the same for each frame."


@dataclass(frozen=True)
class ClipConfig:
    """What a command line asks for.

    Args:
        clip: Path of the clip.
        output: Absolute path of the output.
        options: How the clip is painted.
        codec: The encoder of a video; None for the usual one.
        overwrite: Whether an output that is there is replaced.
        long_side: Longer side of the frames in pixels; None for their own.
        parser: What parsed the configs.
        first: The config of a frame that starts as it says.
        later: That of a frame that starts from another.
        text: The whole config, YAML.
        files: The files that it names beside the clip, such as style images and masks.
    """

    clip: str
    output: Path
    options: ClipOptions
    codec: str | None
    overwrite: bool
    long_side: int | None
    parser: Parser
    first: Namespace
    later: Namespace
    text: str
    files: tuple[Path, ...]


def clip_parser() -> Parser:
    """Return the parser of the options of a clip: those of a run, and its own."""
    parser = run_parser("video")
    parser.add_class_arguments(ClipOptions, "video", fail_untyped=False)
    parser.add_argument(
        "--codec",
        type=str | None,
        help="Encoder of the video, such as mpeg4, ffv1 or libx264; by default VP9.",
    )
    parser.add_argument(
        "--overwrite",
        type=bool,
        nargs="?",
        const=True,
        default=False,
        help="Whether an output that is there is replaced.",
    )
    return parser


def read_clip_config(args: Sequence[str]) -> ClipConfig:
    """Return what a command line asks for.

    Args:
        args: The options.

    Raises:
        OSError: If a place can't be read or written.
        ValueError: If a key is not fit for a clip.
    """
    parser = clip_parser()
    first = parser.parse_args(list(args))
    _check(first)
    options = ClipOptions(**first.video.as_dict())
    later = _later(args, options)
    text = kept_config(parser, first, CLIP_NOT_KEPT)
    content, long_side = str(first.data.content), first.data.size
    return ClipConfig(
        content,
        output_path(first.output),
        options,
        first.codec,
        bool(first.overwrite),
        long_side,
        parser,
        first,
        later,
        text,
        tuple(path for path in _paths(first.data.as_dict()) if path.is_file()),
    )


def _paths(value: object) -> Iterator[Path]:
    """Yield every text in a value as a path."""
    if isinstance(value, str):
        yield Path(value).expanduser()
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _paths(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _paths(each)


def _later(args: Sequence[str], options: ClipOptions) -> Namespace:
    """Return the config of a frame that starts from another."""
    own = {"model.schedule.steps": options.steps, "model.schedule.min_size": None}
    parser = clip_parser()
    parser.says_changes = False
    later: Namespace = parser.parse_args([*args, *flags(own), *flags(options.later or {})])
    return later


def _check(config: Namespace) -> None:
    """Refuse what can't work for a clip."""
    for key in OF_ONE_PICTURE:
        if config[key] is not None and config[key] is not False:
            raise ValueError(
                f"`{key}` is an option of one picture's run, not of a clip: leave it out. The same "
                "command again goes on where the clip was."
            )
    if not config.data.content:
        raise ValueError("A clip is missing: give --content FILE, or a folder of frames.")
    if not config.output:
        raise ValueError(
            "`output` must be given: --output out.mp4, or the name of a folder for the frames."
        )
    refuse_address("output", config.output)
    refuse_address("data.content", str(config.data.content))
    if output_path(config.output).resolve() == absolute_path(config.data.content).resolve():
        raise ValueError(f"`output` would replace the clip, {config.output}: give another name.")
    _check_kept(config)
    if isinstance(config.seed_everything, bool):
        raise ValueError(
            "`seed_everything` must be a number for a clip, the same for each frame, got "
            f"{config.seed_everything}: noise that changes would flicker."
        )
    if config.model.schedule.draft:
        raise ValueError("`model.schedule.draft` is for one picture: give --data.size 384.")
    if config.data.content_masks is not None:
        raise ValueError(
            "`data.content_masks` are masks of one picture, and a clip moves: leave them out."
        )
    if config.data.colours is not None:
        _check_colours(str(config.data.colours.class_path))
    _check_run(config)
    losses = [each for each in config.model.losses.values() if each is not None]
    if not any(_is_temporal(each) for each in losses):
        log.warning(
            "No term holds a frame to the one before: give --model.losses.temporal TemporalLoss "
            "--model.losses.temporal.weight 2e4."
        )


def _check_kept(config: Namespace) -> None:
    """Refuse an output in whose place a file lies that the clip is made from."""
    output = output_path(config.output).resolve()
    for path in _paths(config.data.as_dict()):
        needed = absolute_path(str(path)).resolve()
        if needed.exists() and output in (needed, *needed.parents):
            raise ValueError(
                f"`output` would replace {path}, which the clip is made from: give another name."
            )


def _check_run(config: Namespace) -> None:
    """Refuse what can't work for any run."""
    picture = config.clone()
    picture.output = None  # which is no picture's here
    check_config(picture, MadeFolders())


def _is_temporal(loss: Namespace) -> bool:
    return str(loss.class_path).rpartition(".")[2] == TemporalLoss.__name__


def _check_colours(path: str) -> None:
    """Refuse a treatment of colours that changes the finished picture, from which others start."""
    kind = resolve_name(path)
    if kind.after is not Colours.after:
        raise ValueError(
            f"`data.colours` must leave a finished frame as it is, since the next one starts from "
            f"it, and {kind.__name__} does not: take ContentToStyle, StyleToContent or null."
        )
