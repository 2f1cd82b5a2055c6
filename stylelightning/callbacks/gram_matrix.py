"""Gram matrices as pictures."""

import torch
from lightning.pytorch import Trainer
from torch import Tensor
from torch.nn import functional

from stylelightning.callbacks.background import PictureCallback
from stylelightning.callbacks.periodic import boards, run_folder
from stylelightning.execution.to_host import to_host
from stylelightning.images import write_picture
from stylelightning.losses import MatrixLoss
from stylelightning.module import StyleTransfer

ANCHORS = (
    (0.02, 0.19, 0.38),
    (0.26, 0.58, 0.76),
    (0.97, 0.97, 0.97),
    (0.84, 0.38, 0.30),
    (0.40, 0.0, 0.12),
)
"""Colours from the most negative value over zero (nearly white) to the most positive."""
GAP = 6
"""Pixels between two matrices."""


class GramMatrixVisualizer(PictureCallback):
    """Draws the style losses' Gram matrices: target, current and their difference.

    Of losses on means and covariances, the covariances are drawn.

    Blue is negative, white zero, red positive. The three share one colour scale for each layer,
    that of the target: full colour is its largest value, and a value's square root picks the
    colour, so that small values show. Pictures of different steps and runs are so comparable.
    They go to TensorBoard as ``gram/<loss>/<layer>`` and to ``grams/`` in the run's folder.

    Example:
        .. code-block:: yaml

            callbacks:
              grams:
                class_path: GramMatrixVisualizer
                init_args:
                  every_n_steps: 100

    Args:
        every_n_steps: Number of steps from one picture to the next, at least 1.
        panel_size: Side in pixels of one matrix; a larger matrix is averaged down, a smaller one
            enlarged by a whole factor.
        min_seconds: Least time from one picture to the next, at least 0: when steps are fast,
            some are left out, but never the first, the last of a scale and of the run.
    """

    records_first_step = True

    def __init__(
        self, every_n_steps: int = 100, panel_size: int = 256, min_seconds: float = 1.0
    ) -> None:
        super().__init__(every_n_steps, min_seconds)
        if panel_size < 1:
            raise ValueError(
                f"`panel_size` of GramMatrixVisualizer must be at least 1 pixel, got {panel_size}."
            )
        self.panel_size = panel_size

    def record(self, trainer: Trainer, module: StyleTransfer, step: int) -> None:
        """Have the matrices drawn that the losses compared last."""
        targets, currents = {}, {}
        for name, loss in module.objective.losses.items():
            if isinstance(loss, MatrixLoss):
                pairs = loss.drawn(module.terms.statistics[name], module.terms.counts[name])
                for layer, (target, current) in pairs.items():
                    targets[f"{name}/{layer}"] = target[0]
                    currents[f"{name}/{layer}"] = current[0]
        copies = to_host(targets), to_host(currents)
        folder, writers = run_folder(trainer), boards(trainer)

        def write() -> None:
            target, current = (wait() for wait in copies)
            for name in target:
                picture = self._draw(target[name], current[name])
                write_picture(folder.gram(name, step), picture[None])
                for board in writers:
                    board.add_image(f"gram/{name}", picture, step)

        self.writer.later(write)

    def _draw(self, target: Tensor, current: Tensor) -> Tensor:
        """Return target, current and difference side by side, (3, height, width)."""
        limit = target.abs().max().clamp_min(torch.finfo(target.dtype).tiny)
        panels = [colour(self._fit(each) / limit) for each in (target, current, current - target)]
        gap = torch.full((3, panels[0].shape[1], GAP), 0.5)
        return torch.cat([panels[0], gap, panels[1], gap, panels[2]], 2)

    def _fit(self, matrix: Tensor) -> Tensor:
        side, grid = len(matrix), matrix[None, None]
        if side > self.panel_size:
            return functional.adaptive_avg_pool2d(grid, self.panel_size)[0, 0]
        return functional.interpolate(grid, scale_factor=max(1, self.panel_size // side))[0, 0]


def colour(values: Tensor) -> Tensor:
    """Return a matrix of values as colours.

    Args:
        values: Matrix of shape (H, W); -1 is full blue, 0 nearly white, 1 full red; what lies
            beyond is cut.

    Returns:
        Picture of shape (3, H, W) in [0, 1].
    """
    values = values.float()
    anchors = torch.tensor(ANCHORS, dtype=torch.float32)
    signed = values.abs().sqrt().clamp(max=1) * values.sign()
    place = (signed + 1) / 2 * (len(anchors) - 1)  # (H, W) in [0, 4]
    lower = place.floor().clamp(max=len(anchors) - 2).long()
    part = (place - lower)[..., None]
    return torch.lerp(anchors[lower], anchors[lower + 1], part).permute(2, 0, 1)
