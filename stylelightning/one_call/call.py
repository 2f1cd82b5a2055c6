"""A picture by one call."""

import os
import signal
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.utilities.exceptions import SIGTERMException

from stylelightning.callbacks import FinalMetrics, NotebookPicture, PeriodicCallback
from stylelightning.callbacks.interrupt import StepEndInterrupt
from stylelightning.cli import config
from stylelightning.cli.errors import RunError, UsageError, is_mendable, one_line
from stylelightning.cli.manner import Manner
from stylelightning.cli.presets import config_path
from stylelightning.cli.run import fit
from stylelightning.cli.strength import strength_options
from stylelightning.data import StyleImage, StyleTransferData
from stylelightning.one_call.options import arguments
from stylelightning.one_call.process import unchanged_process
from stylelightning.one_call.progress import Progress
from stylelightning.one_call.record import Record
from stylelightning.one_call.result import StyledPicture
from stylelightning.one_call.sources import Source, Sources

STOPPED = 130, 143
"""Exit codes of a run that Ctrl-C or SIGTERM stopped."""
WAITED = StepEndInterrupt, SIGTERMException
"""What stops a run when its step is done."""
OF_A_FOLDER = "stylelightning", "lightning"
"""Packages whose callbacks write into the run's folder; what a user's own do is theirs."""
NOT_KEPT = (*config.NOT_KEPT, "trainer.default_root_dir")
"""Keys that are left out of the config of a run without a folder of its own."""


class TransferError(RuntimeError):
    """A run failed after it began, as one that diverges or runs out of memory does.

    Args:
        line: What went wrong and the way out.
        picture: The picture so far; None where there is none.
    """

    def __init__(self, line: str, picture: StyledPicture | None) -> None:
        super().__init__(line)
        self.picture = picture


def transfer(
    content: Source | None,
    style: Source | Sequence[Source | StyleImage] | None,
    *,
    preset: str | Path = "quickstart",
    size: int | None = None,
    strength: float | None = None,
    seed: int | bool | None = None,
    options: Mapping[str, Any] | None = None,
    callbacks: Sequence[Callback] = (),
    output: str | Path | None = None,
    folder: str | Path | None = None,
    quiet: bool = False,
    show: bool = False,
) -> StyledPicture:
    """Paint the content image in the style of another: what ``fit`` does, in one call.

    Ctrl-C, or a notebook's stop button, lets the step end and returns the picture so far, whose
    ``finished`` is False; pressed twice it raises KeyboardInterrupt. Nothing is written to disk
    unless ``output`` or ``folder`` is given, and nothing of the process is changed: random states,
    torch's settings, loggers and signal handlers are as before.

    Args:
        content: The content image: a path, an image of Pillow's, an array (H, W, 3) or a tensor
            (3, H, W) or (1, 3, H, W), of bytes or of floats in [0, 1]; None for a run without one.
        style: The style image, likewise, or a list of several, each also a ``StyleImage`` with a
            weight and a scale.
        preset: Name of one of the package's configs, or the path of a config or of a picture that
            carries one.
        size: Longer side of the picture in pixels; None for the preset's.
        strength: How much of the style the picture takes, from 0, mostly the content image, to 1,
            mostly the style's; 0.5 and None are the preset as it is.
        seed: Seed of everything random; None for the preset's, True for one drawn at random.
        options: Any other option of ``fit``, by dotted key, such as
            ``{"model.losses.style.weight": 3}``.
        callbacks: Lightning callbacks beside those of the preset.
        output: Where to write the finished picture too.
        folder: Where to keep the run, with snapshots, losses, checkpoint and TensorBoard's events,
            as ``fit --trainer.default_root_dir`` does; without one the preset's callbacks that
            write there are left out.
        quiet: Whether nothing is said, neither progress nor warnings.
        show: Whether a notebook shows the picture as the run goes on.

    Returns:
        The picture, with its losses and its config.

    Raises:
        OSError: If a file is missing, can't be read or can't be written.
        ValueError: If an argument or an option is not fit, in the line that ``fit`` would say.
        TransferError: If the run failed after it began; it has the picture so far.
        KeyboardInterrupt: If the run was interrupted before its first step, or twice.
    """
    record, chosen = Record(), dict(options or {})
    sources = Sources.given(content, style)
    args = [f"--config={preset}", *_strength(preset, strength), *sources.arguments()]
    args += arguments(chosen)
    for name, key, value in (("size", "data.size", size), ("seed", "seed_everything", seed)):
        if value is not None and key in chosen:
            raise ValueError(
                f"`{name}` and `options` with {key!r} are one thing: give one of them."
            )
        args += [] if value is None else arguments({key: value})
    args += [] if output is None else [f"--output={output}"]
    seen: list[Callback] = [NotebookPicture()] if show else []
    seen += [] if quiet else [Progress()]
    manner = Manner(
        instantiators=[(sources.datamodule, StyleTransferData, False)],
        bar=False,
        besides=[*seen, *callbacks, record],
    )
    if folder is not None:
        args.append(f"--trainer.default_root_dir={folder}")
        return _make(args, manner, record, quiet)
    manner = replace(manner, not_kept=NOT_KEPT, records=False, takes=_that_write_nothing(chosen))
    with tempfile.TemporaryDirectory(prefix="stylelightning-") as scratch:
        args.append(f"--trainer.default_root_dir={scratch}")
        return _make(args, manner, record, quiet)


def _strength(preset: str | Path, strength: float | None) -> list[str]:
    """Return the options of a strength; those of the call go on top."""
    if strength is None:
        return []
    if not 0 <= strength <= 1:
        raise ValueError(f"`strength` must be from 0 to 1, got {strength}: 0.5 is the preset's.")
    return strength_options(config_path(str(preset)), strength)


def _make(args: Sequence[str], manner: Manner, record: Record, quiet: bool) -> StyledPicture:
    """Make the picture, and say what went wrong as Python does."""
    debug, terminated = bool(os.environ.get("STYLELIGHTNING_DEBUG")), False
    try:
        with unchanged_process(quiet):
            fit(args, manner)
    except UsageError as mistake:
        raise ValueError(mistake.line) from (mistake if debug else None)
    except SystemExit as stop:
        if stop.code not in STOPPED:
            raise  # a callback's own
        terminated = stop.code == STOPPED[1]
    except RunError as failure:
        if not is_mendable(failure.error):
            raise failure.error from None
        picture = _picture(record, manner.records)
        cause = failure.error if debug else None
        raise TransferError(one_line(failure.error), picture) from cause
    except OSError as error:
        raise type(error)(one_line(error)) from (error if debug else None)
    except Exception as error:
        raise ValueError(one_line(error)) from (error if debug else None)
    if terminated:
        signal.raise_signal(signal.SIGTERM)  # for whoever handles it
    picture = _picture(record, manner.records)
    at_once = record.stopped_by is not None and not isinstance(record.stopped_by, WAITED)
    if picture is None or at_once:
        raise KeyboardInterrupt
    return picture


def _picture(record: Record, has_folder: bool) -> StyledPicture | None:
    if record.picture is None:
        return None
    return StyledPicture(
        tensor=record.picture[0],
        alpha=None if record.alpha is None else record.alpha[0],
        steps=record.steps,
        finished=record.stopped_by is None,
        history=record.history(),
        config_text=record.config,
        folder=Path(record.folder) if has_folder else None,
    )


def _that_write_nothing(options: Mapping[str, Any]) -> Callable[[str, Callback], bool]:
    """Return what decides which callbacks a run without a folder takes.

    Args:
        options: Those of the call: a callback that they name is refused, not left out.
    """
    named = {key.split(".")[1] for key in options if key.startswith("callbacks.")}
    named |= {name for name, each in (options.get("callbacks") or {}).items() if each is not None}

    def takes(name: str, callback: Callback) -> bool:
        writes = isinstance(callback, PeriodicCallback | FinalMetrics | Checkpoint)
        if not writes or type(callback).__module__.partition(".")[0] not in OF_A_FOLDER:
            return True
        if name in named:
            raise ValueError(
                f"`callbacks.{name}` writes into the run's folder, and there is none: give "
                "`folder` too."
            )
        return False

    return takes
