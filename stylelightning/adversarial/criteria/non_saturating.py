"""The game of guesses."""

from torch import Tensor
from torch.nn.functional import softplus

from stylelightning.adversarial.criteria.base import Criterion


class NonSaturatingCriterion(Criterion):
    r"""The game of Goodfellow et al., whose gradient does not vanish while the critic wins.

    .. math:: D: \overline{\log(1 + e^{-s_r})} + \overline{\log(1 + e^{s_f})}, \qquad
        x: \overline{\log(1 + e^{-s_f})}

    A critic that knows nothing is at 2 log 2 = 1.386.

    Source: Goodfellow et al., NeurIPS 2014, section 3, https://arxiv.org/abs/1406.2661
    """

    def critic(self, style: Tensor, picture: Tensor) -> Tensor:
        """Return the cross entropy of the critic's guesses."""
        return softplus(-style).mean() + softplus(picture).mean()

    def picture(self, picture: Tensor, style: Tensor) -> Tensor:
        """Return the cross entropy of the picture's being taken for the style."""
        return softplus(-picture).mean()
