"""Gram matrices as pictures."""

from collections.abc import Iterator, Mapping

from lightning.pytorch import Trainer

from stylelightning.callbacks.background import PictureCallback
from stylelightning.callbacks.gram_chart import draw_grams
from stylelightning.callbacks.periodic import boards, run_folder
from stylelightning.execution.to_host import to_host
from stylelightning.images import write_picture
from stylelightning.losses import Loss, MatrixLoss
from stylelightning.losses.regional import RegionalLoss
from stylelightning.module import StyleTransfer


class GramMatrixVisualizer(PictureCallback):
    """Draws the style losses' Gram matrices: target, current and their difference.

    Of losses on means and covariances, the covariances are drawn.

    Blue is negative, white zero, red positive. The three share one colour scale for each layer,
    that of the target: full colour is its largest value, and a value's square root picks the
    colour, so that small values show. Pictures of different steps and runs are so comparable. The
    layer's name, the step and the scale are written on the picture. They go to TensorBoard as
    ``gram/<loss>/<layer>`` and to ``grams/`` in the run's folder. A loss in regions has a picture
    for each region, ``<loss>/<region>/<layer>``.

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

    Raises:
        ValueError: If a number is out of its range.
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
        for name, loss in _matrix_losses(module.objective.in_force):
            pairs = loss.drawn(module.terms.statistics[name], module.terms.counts[name])
            for layer, (target, current) in pairs.items():
                targets[f"{name}/{layer}"] = target[0]
                currents[f"{name}/{layer}"] = current[0]
        copies = to_host(targets), to_host(currents)
        folder, writers = run_folder(trainer), boards(trainer)

        def write() -> None:
            target, current = (wait() for wait in copies)
            for name in target:
                picture = draw_grams(name, step, target[name], current[name], self.panel_size)
                write_picture(folder.gram(name, step), picture[None])
                for board in writers:
                    board.add_image(f"gram/{name}", picture, step)

        self.writer.later(write)


def _matrix_losses(losses: Mapping[str, Loss]) -> Iterator[tuple[str, MatrixLoss]]:
    """Yield the losses whose matrices can be drawn, those in regions as ``<name>/<region>``."""
    for name, loss in losses.items():
        if isinstance(loss, MatrixLoss):
            yield name, loss
        elif isinstance(loss, RegionalLoss):
            yield from _matrix_losses({f"{name}/{each}": term for each, term in loss.terms.items()})
