"""The content term of edges."""

from torch import Tensor
from torch.nn import functional

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.losses.base import Loss
from stylelightning.losses.references import References


class LaplacianLoss(Loss):
    r"""Squared distance between the Laplacians of the picture and of the content image.

    .. math:: L = \sum_l w_l \frac{1}{Z} \sum_{c,k} \left( \Delta (F^l * b_s)_{ck}
        - \Delta (P^l * b_s)_{ck} \right)^2

    with averages :math:`b_s` over s times s pixels, one for each such square. Outlines and fine
    structure of the content image are held, its colours are free. Li et al. add up two such terms,
    with squares of 4 and 16 pixels: two entries of ``losses``.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare; ``image`` is the picture itself.
        pool: Side s of the squares that are averaged first, at least 1.
        reduction: ``mean`` divides by the number Z of values, so that a weight holds at any size
            of the picture; ``sum`` does not, as in the source.

    Raises:
        ValueError: If ``pool`` is below 1.

    Source: Li, Xu, Nie and Liu, "Laplacian-steered neural style transfer", ACM Multimedia 2017,
    section 3, https://arxiv.org/abs/1707.01253
    """

    scope = "local"
    needs_content = True

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = ["image"],  # noqa: B006 - copied, never changed
        pool: int = 4,
        reduction: F.Reduction = "mean",
    ) -> None:
        super().__init__(weight, layers)
        self._check_counts(pool=pool)
        self.pool = pool
        self.smallest_map = 3 * pool
        self.reduction = reduction
        self.targets: Features = {}

    def prepare(self, references: References) -> None:
        """Keep the content image's Laplacians as the targets.

        Raises:
            ValueError: If there is no content image.
        """
        content = self._content(references)
        self.targets = {name: self._edges(features) for name, features in content.items()}

    def forward(self, features: Features) -> Tensor:
        """Return the weighted sum of the layers' squared distances."""
        return self._weighted_sum(
            lambda name: F.squared_distance(
                self._edges(features[name]), self.targets[name], self.reduction
            )
        )

    def _edges(self, features: Tensor) -> Tensor:
        return F.laplacian(functional.avg_pool2d(features, self.pool))
