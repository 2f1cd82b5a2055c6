"""The game of comparisons."""

from torch import Tensor
from torch.nn.functional import softplus

from stylelightning.adversarial.criteria.base import Criterion


class RelativisticCriterion(Criterion):
    r"""Each side's scores are compared with the other side's mean.

    .. math:: D: \overline{\log(1 + e^{-(s_r - \bar s_f)})} +
        \overline{\log(1 + e^{s_f - \bar s_r})}

    and the picture's is the same with r and f exchanged. A critic that knows nothing is at
    2 log 2 = 1.386.

    Source: Jolicoeur-Martineau, ICLR 2019, relativistic average GAN,
    https://arxiv.org/abs/1807.00734
    """

    scope = "global"

    def critic(self, style: Tensor, picture: Tensor) -> Tensor:
        """Return how little the style's scores stand above the picture's."""
        return _above(style, picture)

    def picture(self, picture: Tensor, style: Tensor) -> Tensor:
        """Return how little the picture's scores stand above the style's."""
        return _above(picture, style)


def _above(high: Tensor, low: Tensor) -> Tensor:
    return softplus(low.mean() - high).mean() + softplus(low - high.mean()).mean()
