"""What is asked for of a clip."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ClipOptions:
    """How the frames of a clip are painted, each a run of its own.

    Args:
        steps: Steps of a frame that starts from the one before it, at its full size. The first
            frame of a shot has the config's whole schedule.
        later: Options of `fit` by dotted key that hold for such a frame, such as
            ``{model.optimizer.init_args.lr: 0.05}``.
        distances: How many frames before it lie those that a frame is held to by a TemporalLoss:
            ``[1]`` is the last one; more bring back what was hidden for a while.
        still: Change of a pixel, the range of colours being [0, 1], up to which it stands still and
            keeps its paint exactly; from the double it is painted as ever. 0 for none. It is the
            mean over a few pixels, so that noise counts little.
        passes: How often the clip is gone through, in alternating directions.
        cut: Least part of the pixels that must be found again in the frame before; where there are
            fewer a new shot begins. 0 for none.
        frames_per_second: Of a video made of a folder of frames, from 0.01 to 1000; null for 25. A
            video keeps its own.

    Raises:
        ValueError: If a number is out of its range.
    """

    steps: int = 40
    later: dict[str, Any] | None = None
    distances: Sequence[int] = (1, 2, 4)
    still: float = 0.016
    passes: int = 1
    cut: float = 0.3
    frames_per_second: float | None = None

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, value in (("steps", self.steps), ("passes", self.passes)):
            if value < 1:
                raise ValueError(f"`video.{name}` must be at least 1, got {value}.")
        far = list(self.distances)
        if not far or far != sorted({*far}) or far[0] < 1:
            raise ValueError(
                "`video.distances` must be whole numbers of at least 1, each larger than the last, "
                f"such as [1, 2, 4], got {far}."
            )
        if not 0 <= self.cut <= 1:
            raise ValueError(f"`video.cut` must be from 0 to 1, got {self.cut}.")
        if not 0 <= self.still <= 1:
            raise ValueError(f"`video.still` must be from 0 to 1, got {self.still}.")
        rate = self.frames_per_second
        if rate is not None and not 0.01 <= rate <= 1000:
            raise ValueError(f"`video.frames_per_second` must be from 0.01 to 1000, got {rate}.")
