"""The folder of one run: ``<root>/<name>/version_N/``."""

import contextlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass
class RunFolder:
    """What a run's folder holds, and by what name; a file is there if its callback wrote it.

    Args:
        path: The folder.

    Attributes:
        config: The run's whole config, YAML.
        result: The finished picture.
        losses: The table of the terms, CSV.
        metrics: The metrics of the finished picture, JSON.
        record: When, where and with what the run was made, JSON.
        report: The run's page, HTML.
        checkpoint: The checkpoint that a run goes on from.
        regions: The content image tinted by region.
        grams: The folder of the pictures of Gram matrices.
        student: The network that a training made, safetensors.
        explained: What that has of its teacher's features, JSON.
    """

    path: Path

    def __post_init__(self) -> None:
        """Name what is in the folder."""
        self.config = self.path / "config.yaml"
        self.result = self.path / "result.png"
        self.losses = self.path / "losses.csv"
        self.metrics = self.path / "metrics.json"
        self.record = self.path / "run.json"
        self.report = self.path / "report.html"
        self.checkpoint = self.path / "checkpoints" / "last.ckpt"
        self.regions = self.path / "images" / "regions.png"
        self.grams = self.path / "grams"
        self.student = self.path / "student.safetensors"
        self.explained = self.path / "explained.json"

    @classmethod
    def of_checkpoint(cls, checkpoint: str | Path) -> "RunFolder":
        """Return the folder of the run that a checkpoint belongs to."""
        return cls(Path(checkpoint).absolute().parent.parent)

    def timelapse(self, suffix: str) -> Path:
        """Return the animation in a format, such as ``gif``."""
        return self.path / f"timelapse.{suffix}"

    def snapshot(self, step: int) -> Path:
        """Return the picture after a step."""
        return _of_step(self.path / "images", step)

    def last_snapshot(self) -> tuple[int, Path] | None:
        """Return the last picture on the way and its step, or None."""
        return max(_by_step(self.path / "images"), default=None)

    def gradients(self, step: int) -> Path:
        """Return the chart of the terms' gradients after a step."""
        return _of_step(self.path / "gradients", step)

    def gram(self, name: str, step: int) -> Path:
        """Return the picture of the Gram matrices after a step.

        Args:
            name: ``<loss>/<layer>``, or ``<loss>/<region>/<layer>``.
            step: Number of steps that are done.
        """
        return _of_step(self.grams / name, step)

    def last_grams(self) -> dict[str, tuple[int, Path]]:
        """Return the last pictures of Gram matrices and their steps, by their names."""
        found = {}
        for folder in sorted(self.grams.glob("**/")):
            if steps := _by_step(folder):
                found[folder.relative_to(self.grams).as_posix()] = max(steps)
        return found


_STEP = re.compile(r"step_(\d+)\.png")


def _of_step(folder: Path, step: int) -> Path:
    return folder / f"step_{step:06d}.png"


def _by_step(folder: Path) -> list[tuple[int, Path]]:
    matches = ((_STEP.fullmatch(path.name), path) for path in folder.glob("*.png"))
    return [(int(match[1]), path) for match, path in matches if match]


class MadeFolders:
    """The folders that a command made, so that one that fails leaves none behind."""

    def __init__(self) -> None:
        self.run: RunFolder | None = None
        self.started: Callable[[], bool] = lambda: False
        self._missing: list[Path] = []

    def note(self, folder: Path) -> None:
        """Note which parts of an absolute path are not there yet."""
        self._missing += [path for path in (folder, *folder.parents) if not path.exists()]

    def remove_empty(self) -> bool:
        """Remove what holds no step's work.

        Returns:
            Whether the run had not started, so that nothing was lost.
        """
        if self.started():
            return False
        if self.run is not None:
            shutil.rmtree(self.run.path, ignore_errors=True)
        for folder in sorted(self._missing, key=lambda path: -len(path.parts)):
            with contextlib.suppress(OSError):
                folder.rmdir()
        return True


def create_run_folder(root: Path, name: str, made: MadeFolders) -> RunFolder:
    """Make the next free ``version_N`` folder and return it.

    Nothing that exists is touched; two runs that start at once get two folders.

    Args:
        root: Folder of all runs.
        name: The run's name.
        made: Takes note of what is made.

    Raises:
        OSError: If the folder can't be made.
    """
    parent = root / name
    made.note(parent.absolute())
    try:
        parent.mkdir(parents=True, exist_ok=True)
        number = max((n for n, _ in _versions(parent)), default=-1) + 1
        while True:
            folder = parent / f"version_{number}"
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
            else:
                made.run = RunFolder(folder)
                return made.run
    except OSError as error:
        raise type(error)(
            error.errno,
            f"Can't make the run's folder {parent.absolute()}: {error.strerror}. Give another one "
            "with --trainer.default_root_dir DIR.",
        ) from error


def newest_run(root: Path, name: str) -> RunFolder | None:
    """Return the folder of the newest run of a name, or None."""
    versions = _versions(root / name)
    return RunFolder(max(versions)[1]) if versions else None


def last_begun(root: Path) -> RunFolder | None:
    """Return the folder of the run that began last, of whatever name, or None."""
    runs = (RunFolder(path) for parent in root.glob("*") for _, path in _versions(parent))
    begun = [run for run in runs if run.config.is_file()]
    return max(begun, key=lambda run: run.config.stat().st_mtime_ns, default=None)


def last_checkpoint(root: Path, name: str) -> Path | None:
    """Return the checkpoint of the newest run that has one, or None."""
    runs = (RunFolder(path) for _, path in sorted(_versions(root / name), reverse=True))
    return next((run.checkpoint for run in runs if run.checkpoint.is_file()), None)


def _versions(parent: Path) -> list[tuple[int, Path]]:
    matches = ((re.fullmatch(r"version_(\d+)", path.name), path) for path in parent.glob("*"))
    return [(int(match[1]), path) for match, path in matches if match]
