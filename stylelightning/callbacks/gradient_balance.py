"""How strongly each term pulls, and whether the terms pull together."""

from itertools import combinations

import torch
from lightning.pytorch import Trainer
from torch import Tensor

from stylelightning.callbacks.background import PictureCallback
from stylelightning.callbacks.gradient_chart import draw_chart
from stylelightning.callbacks.periodic import boards, run_folder
from stylelightning.images import write_picture
from stylelightning.module import StyleTransfer
from stylelightning.run.term_gradients import norm


class GradientBalance(PictureCallback):
    """Measures every n steps how strongly each term pulls at the picture, and in what direction.

    The L2 norms of the weighted terms' gradients go to the loggers as ``gradient/<term>``, that of
    their sum as ``gradient/total``, and the cosines between two as ``gradient_cosine/<a>-<b>``; a
    chart of both goes to TensorBoard as ``gradients`` and to ``gradients/`` in the run's folder.
    What is measured is the gradient at the picture after the step. The run is not changed by it: a
    record takes one more forward pass, and a backward pass for each term. The first step is
    recorded too.

    Example:
        .. code-block:: yaml

            callbacks:
              balance:
                class_path: GradientBalance
                init_args:
                  every_n_steps: 100

    Args:
        every_n_steps: Number of steps from one record to the next, at least 1.

    Raises:
        ValueError: If it is below 1.
    """

    records_first_step = True

    def __init__(self, every_n_steps: int = 100) -> None:
        super().__init__(every_n_steps)

    def record(self, trainer: Trainer, module: StyleTransfer, step: int) -> None:
        """Log norms and cosines, and have the chart drawn."""
        evaluation = module.evaluate(module.canvas.decode(), module.objective)
        gradients = {name: evaluation.gradient(name) for name in evaluation.values}
        norms = {name: norm(each) for name, each in gradients.items()}
        cosines = pairwise_cosines(gradients)
        metrics = {f"gradient/{name}": value for name, value in norms.items()}
        metrics["gradient/total"] = norm(torch.stack(list(gradients.values())).sum(0))
        metrics |= {f"gradient_cosine/{a}-{b}": value for (a, b), value in cosines.items()}
        for logger in trainer.loggers:
            logger.log_metrics(metrics, step)
        height, width = module.canvas.size
        title = f"step {step}, {width}x{height} px"
        path = run_folder(trainer).gradients(step)
        writers = boards(trainer)

        def write() -> None:
            chart = draw_chart(title, norms, cosines)
            write_picture(path, chart[None])
            for board in writers:
                board.add_image("gradients", chart, step)

        self.writer.later(write)


def pairwise_cosines(gradients: dict[str, Tensor]) -> dict[tuple[str, str], float]:
    """Return the cosine of the angle between each two gradients.

    Args:
        gradients: Gradients by term, of one shape.

    Returns:
        A number in [-1, 1] for each pair in order; pairs with a gradient of 0, or one that is not
        finite, have none.
    """
    units = {}
    for name, gradient in gradients.items():
        flat = gradient.flatten().double()
        length = torch.linalg.vector_norm(flat)
        if length > 0 and bool(length.isfinite()):
            units[name] = flat / length
    return {(a, b): float((units[a] @ units[b]).clamp(-1, 1)) for a, b in combinations(units, 2)}
