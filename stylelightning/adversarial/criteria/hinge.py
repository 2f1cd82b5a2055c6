"""The game of margins."""

from torch import Tensor

from stylelightning.adversarial.criteria.base import Criterion


class HingeCriterion(Criterion):
    r"""Each side wants its scores beyond a margin, and no further.

    .. math:: D: \overline{\max(0, 1 - s_r)} + \overline{\max(0, 1 + s_f)}, \qquad
        x: \overline{\max(0, 1 - s_f)}

    with the means of scores of the style, r, and of the picture, f. A critic that knows nothing is
    at 2.

    Source: Li and Wand, ECCV 2016, https://arxiv.org/abs/1604.04382
    """

    def critic(self, style: Tensor, picture: Tensor) -> Tensor:
        """Return the sum of both margins' violations."""
        return (1 - style).relu().mean() + (1 + picture).relu().mean()

    def picture(self, picture: Tensor, style: Tensor) -> Tensor:
        """Return how far the picture is from the style's margin."""
        return (1 - picture).relu().mean()
