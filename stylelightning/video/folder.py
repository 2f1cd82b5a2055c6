"""The folder in which a clip is painted."""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor

from stylelightning.files.atomic import is_temporary, temporary_file, write_atomically
from stylelightning.images import read_picture, write_picture

SUFFIX = ".frames"
"""What its name has behind that of the output."""
PASS = re.compile(r"pass_\d+")
"""Names of the folders of the frames that a pass has painted."""


@dataclass(frozen=True)
class Survey:
    """What a look through the frames of a clip has found.

    Args:
        reliable: The part of each frame's pixels that were found again in the frame before; of the
            first frame 0.
        changes: Mean change of those pixels, the range of colours being [0, 1].
        starts: Numbers of the frames that begin a shot, the first of all among them.
    """

    reliable: Sequence[float]
    changes: Sequence[float]
    starts: Sequence[int]

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self.reliable)

    @property
    def shots(self) -> list[range]:
        """The frames of each shot."""
        ends = [*self.starts[1:], self.count]
        return [range(*each) for each in zip(self.starts, ends, strict=True)]


@dataclass
class ClipFolder:
    """What the folder of a clip holds, and by what name. Every file is there in full or not at all.

    Args:
        path: The folder.

    Attributes:
        settings: The whole config and the clip that it is for, YAML.
        survey_file: What a look through the frames has found, JSON.
        weights_file: The weights of the terms that ``model.calibrate`` has found, JSON.
        table: The temporal error of each frame, beside the clip's own, CSV.
        chart: The same as a chart.
        content: The folder of the clip's frames at the size of the finished ones.
    """

    path: Path

    def __post_init__(self) -> None:
        """Name what is in the folder."""
        self.settings = self.path / "settings.yaml"
        self.survey_file = self.path / "survey.json"
        self.weights_file = self.path / "weights.json"
        self.table = self.path / "temporal.csv"
        self.chart = self.path / "temporal.png"
        self.content = self.path / "content"

    @classmethod
    def of_output(cls, output: Path) -> "ClipFolder":
        """Return the folder of a clip that is written to a place, beside that."""
        return cls(output.with_name(f"{output.name}{SUFFIX}"))

    def content_frame(self, number: int) -> Path:
        """Return a frame of the clip, numbered from 0."""
        return self.content / frame_name(number)

    def painted(self, pass_: int) -> Path:
        """Return the folder of the frames that a pass has painted, numbered from 1."""
        return self.path / f"pass_{pass_}"

    def painted_frame(self, pass_: int, number: int) -> Path:
        """Return a frame that a pass has painted."""
        return self.painted(pass_) / frame_name(number)

    def painted_count(self, pass_: int) -> int:
        """Return how many frames a pass has painted."""
        return len(list(self.painted(pass_).glob("frame_*.png")))

    @property
    def has_work(self) -> bool:
        """Whether a frame has been painted."""
        return next(self.path.glob("pass_*/frame_*.png"), None) is not None

    @property
    def is_finished(self) -> bool:
        """Whether the clip was painted and written to its end."""
        return self.survey_file.is_file() and not self.content.is_dir()

    def survey(self) -> Survey | None:
        """Return what a look through the frames has found; None before it is over."""
        if not self.survey_file.is_file():
            return None
        return Survey(**json.loads(self.survey_file.read_bytes()))

    def write_survey(self, survey: Survey) -> None:
        """Keep what a look through the frames has found."""
        write_atomically(self.survey_file, f"{json.dumps(asdict(survey))}\n".encode())

    def weights(self) -> dict[str, float]:
        """Return the weights of terms that the clip's first frame was calibrated to."""
        if not self.weights_file.is_file():
            return {}
        found: dict[str, float] = json.loads(self.weights_file.read_bytes())
        return found

    def write_weights(self, weights: Mapping[str, float]) -> None:
        """Keep the weights that a frame was calibrated to."""
        write_atomically(self.weights_file, f"{json.dumps(dict(weights))}\n".encode())

    def check_own(self, clip: Path) -> None:
        """Refuse a folder that was there before and is a user's: it would be lost.

        Args:
            clip: Path of the clip.

        Raises:
            ValueError: If the folder holds the clip, or anything that no clip leaves there.
        """
        held, path = clip.resolve(), self.path.resolve()
        if held == path or path in held.parents:
            raise ValueError(
                f"The clip {clip} is in the folder {self.path}, in which its frames would be "
                "painted: give another --output."
            )
        files = (self.settings, self.survey_file, self.weights_file, self.table, self.chart)
        names = {each.name for each in (*files, self.content)}
        for each in self.path.iterdir() if self.path.is_dir() else ():
            if not (each.name in names or PASS.fullmatch(each.name) or is_temporary(each)):
                raise ValueError(
                    f"The folder {self.path}, in which the frames would be painted, holds "
                    f"{each.name}, which is no part of a clip: give another --output."
                )

    def begin(self, settings: str) -> None:
        """Begin anew: whatever the folder held is gone.

        Args:
            settings: The whole config and the clip that it is for.

        Raises:
            OSError: If the folder can't be made.
        """
        self.clear()
        write_atomically(self.settings, settings.encode())

    def clear(self) -> None:
        """Remove the folder."""
        if self.path.is_dir():
            shutil.rmtree(self.path)

    def finish(self, passes: int) -> None:
        """Remove what only the painting needed; from its first moment the clip is finished.

        Args:
            passes: Number of the passes, of which the last one's frames stay.
        """
        if self.content.is_dir():
            removed = self.content.rename(temporary_file(self.content))
            shutil.rmtree(removed, ignore_errors=True)
        for number in range(1, passes):
            shutil.rmtree(self.painted(number), ignore_errors=True)


def frame_name(number: int) -> str:
    """Return the file of a frame, numbered from 0 here and from 1 there."""
    return f"frame_{number + 1:06d}.png"


def read_frame(path: Path) -> Tensor:
    """Return a frame, (1, 3, H, W) in [0, 1]."""
    return read_picture(path).pixels


def write_frame(path: Path, frame: Tensor) -> None:
    """Write a frame of 8 bits, whole or not at all."""
    write_picture(path, frame)
