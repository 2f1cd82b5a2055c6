"""The frames of a clip, painted in order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.images import HeldPicture
from stylelightning.video.folder import ClipFolder, Survey, read_frame, write_frame
from stylelightning.video.motion import motion
from stylelightning.video.options import ClipOptions
from stylelightning.video.stillness import Stillness


@dataclass(frozen=True, eq=False)
class FrameTask:
    """A frame that is to be painted.

    Args:
        number: Which frame of the clip, from 0.
        content: The frame, (1, 3, H, W) in [0, 1].
        start: Where it starts, (1, 3, H, W); None where the config says.
        held: What it is held to: other painted frames, moved to their places in this one.
        still: How far each pixel of the start stays as it is, from 0 to 1, (1, 1, H, W); None where
            all may change.
    """

    number: int
    content: Tensor
    start: Tensor | None = None
    held: tuple[HeldPicture, ...] = ()
    still: Tensor | None = None


PaintFrame = Callable[[FrameTask], Tensor]
"""Paints a frame, (1, 3, H, W) in [0, 1]."""


class Listener(Protocol):
    """What is told how the painting goes."""

    def begin(self, total: int, done: int) -> None:
        """Hear how many frames there are to paint, over all passes, and how many are done."""

    def painting(self, number: int, first: bool) -> None:
        """Hear that a frame begins, and whether it is one with the config's whole schedule."""

    def painted(self) -> None:
        """Hear that it is done."""


class ClipPainting:
    r"""Paints the frames of a clip, shot by shot, and goes on where it was.

    In the first pass a frame starts from the frame before it, moved by the optical flow. Later
    passes go in alternating directions, and a frame starts from a blend of what it was and of its
    neighbour,

    .. math:: x' = \frac{x + c\, W}{1 + c}

    pixel by pixel, with c the weights of the flow. What stands still keeps the neighbour's paint
    in place of all this: see ``stillness``. A frame is held to the frames at ``distances``
    in the direction that it comes from. Everything that a frame depends on is read from files,
    so that it does not matter whether the painting was stopped in between, and no more than a few
    frames are in memory.

    Args:
        folder: Where the clip's frames are, and the painted ones will be.
        survey: What is known of it.
        options: How it is painted.
        paint: What paints a frame.
        listener: What is told.

    Source: Ruder, Dosovitskiy and Brox, GCPR 2016, sections 4.1 to 4.4,
    https://arxiv.org/abs/1604.08610. There the first passes of several are without the temporal
    term; here the first one is the whole algorithm of a single pass.
    """

    def __init__(
        self,
        folder: ClipFolder,
        survey: Survey,
        options: ClipOptions,
        paint: PaintFrame,
        listener: Listener,
    ) -> None:
        self.folder = folder
        self.survey = survey
        self.options = options
        self.paint = paint
        self.listener = listener
        self._stillness: Stillness | None = None
        self._known = (0, 0, 0)  # its pass, where it began, and the last frame that it knows

    def run(self) -> None:
        """Paint what is not painted."""
        passes = range(1, self.options.passes + 1)
        done = sum(self.folder.painted_count(each) for each in passes)
        self.listener.begin(self.survey.count * len(passes), done)
        for pass_, shot, number in self._order():
            path = self.folder.painted_frame(pass_, number)
            if path.is_file():
                continue
            task = self.task(pass_, shot, number)
            self.listener.painting(number, task.start is None)
            write_frame(path, self.paint(task))
            self.listener.painted()

    def task(self, pass_: int, shot: range, number: int) -> FrameTask:
        """Return what is to be done for a frame.

        Args:
            pass_: Number of the pass, from 1.
            shot: The frames of its shot.
            number: The frame.
        """
        back = -1 if pass_ % 2 else 1
        content = read_frame(self.folder.content_frame(number))
        own = self._painted(pass_ - 1, number) if pass_ > 1 else None
        neighbour = number + back
        if neighbour not in shot:
            return FrameTask(number, content, own)
        moved = motion(content, read_frame(self.folder.content_frame(neighbour)))
        outside = content if own is None else own
        start = moved.moved(self._painted(pass_, neighbour), outside)
        if own is not None:
            start = (own + moved.trust * start) / (1 + moved.trust)
        still = self._still(pass_, shot, number, moved.flow)
        if still is not None:
            start = torch.lerp(start, self._painted(pass_, neighbour), still)
        return FrameTask(number, content, start, self._held(pass_, shot, number, content), still)

    def _still(self, pass_: int, shot: range, number: int, flow: Tensor) -> Tensor | None:
        """Return how far each pixel of a frame stands still; None if that does not count."""
        if not self.options.still:
            return None
        order = shot if pass_ % 2 else shot[::-1]
        place = order.index(number)
        if self._stillness is None or self._known != (pass_, order[0], order[place - 1]):
            first = read_frame(self.folder.content_frame(order[0]))
            self._stillness = Stillness(first, self.options.still)
            for before, each in pairwise(order[:place]):  # it goes on with a clip that was stopped
                last, frame = (read_frame(self.folder.content_frame(n)) for n in (before, each))
                self._stillness.advance(frame, motion(frame, last).flow)
        self._known = (pass_, order[0], number)
        return self._stillness.advance(read_frame(self.folder.content_frame(number)), flow)

    def _held(
        self, pass_: int, shot: range, number: int, content: Tensor
    ) -> tuple[HeldPicture, ...]:
        """Return the painted frames that a frame is held to, the closest first."""
        back = -1 if pass_ % 2 else 1
        places = [number + back * far for far in self.options.distances]
        places = [each for each in places if each in shot]
        motions = [motion(content, read_frame(self.folder.content_frame(each))) for each in places]
        weights = F.closest_first([each.trust for each in motions])
        return tuple(
            HeldPicture(moved.moved(self._painted(pass_, place), content), each)
            for place, moved, each in zip(places, motions, weights, strict=True)
        )

    def _painted(self, pass_: int, number: int) -> Tensor:
        return read_frame(self.folder.painted_frame(pass_, number))

    def _order(self) -> Iterator[tuple[int, range, int]]:
        """Yield passes, shots and frames in the order in which they are painted."""
        for pass_ in range(1, self.options.passes + 1):
            for shot in self.survey.shots:
                for number in shot if pass_ % 2 else reversed(shot):
                    yield pass_, shot, number
