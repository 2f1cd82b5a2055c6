"""The game of means."""

from torch import Tensor

from stylelightning.adversarial.criteria.base import Criterion


class WassersteinCriterion(Criterion):
    r"""The difference of mean scores, which needs a penalty or spectral norms to be bounded.

    .. math:: D: \bar s_f - \bar s_r, \qquad x: \max(0, \bar s_r - \bar s_f)

    The picture's part has the gradient of the source's :math:`-\bar s_f`; its value is the critic's
    estimate of the distance between the two distributions, and one below 0 is no estimate of a
    distance, and moves nothing. A critic that knows nothing is at 0.

    Source: Gulrajani et al., NeurIPS 2017, https://arxiv.org/abs/1704.00028
    """

    scope = "global"

    def critic(self, style: Tensor, picture: Tensor) -> Tensor:
        """Return the negative estimate of the distance."""
        return picture.mean() - style.mean()

    def picture(self, picture: Tensor, style: Tensor) -> Tensor:
        """Return the estimate of the distance."""
        return (style.mean() - picture.mean()).relu()
