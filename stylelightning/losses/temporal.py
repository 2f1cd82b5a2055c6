"""The term that holds a frame of a clip to the frames before it."""

from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.losses.base import IMAGE_LAYER, Loss
from stylelightning.losses.references import Reference, References, weights_of


class TemporalLoss(Loss):
    r"""Squared distance between a frame and those before it, where their pixels have gone.

    .. math:: L = \frac{1}{D} \sum_j \sum_p c_j(p) \, (x(p) - W_j(p))^2, \quad D = 3 H W

    :math:`W_j` is the painted frame j frames before, moved along the optical flow, and
    :math:`c_j(p)` from 0 to 1 says how far the flow can be trusted at a pixel: see
    ``functional.flow_weights`` and ``functional.closest_first``. The command ``video`` gives a run
    both. A picture without frames before it, as one of `fit` or the first of a clip, has the term
    0.

    Ruder et al. have pixels from 0 to 255: their weights are to be multiplied by 255\ :sup:`2`.

    Args:
        weight: Factor of the term in the total, at least 0.

    Source: Ruder, Dosovitskiy and Brox, GCPR 2016, equations 7 and 8,
    https://arxiv.org/abs/1604.08610
    """

    scope = "local"

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__(weight, [IMAGE_LAYER])
        self.held: list[Reference] = []

    def prepare(self, references: References) -> None:
        """Keep the frames that the picture is held to."""
        self.held = list(references.held)

    def forward(self, features: Features) -> Tensor:
        """Return the sum over frames of the weighted squared distances."""
        picture = features[IMAGE_LAYER]
        terms = [
            F.squared_distance(
                picture,
                each.features[IMAGE_LAYER],
                weight=weights_of(each.features, IMAGE_LAYER),
            )
            for each in self.held
        ]
        return sum(terms, 0 * picture.sum())
