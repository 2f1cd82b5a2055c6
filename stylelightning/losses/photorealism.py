"""The term that keeps a photograph a photograph."""

from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.functional.matting import MattingWindows, matting_energy, matting_windows
from stylelightning.losses.base import IMAGE_LAYER, Loss
from stylelightning.losses.references import References


class PhotorealismLoss(Loss):
    r"""How far the picture is from the content image with its colours changed smoothly.

    .. math:: L = \frac{1}{Z} \sum_c V_c^T M V_c = \frac{1}{Z} \sum_{c,k} \min_{a,b} \left(
        \sum_{i \in k} (V_{ci} - a^T I_i - b)^2 + \epsilon |a|^2 \right)

    with the picture's channels :math:`V_c`, the content image I, its matting Laplacian M and
    windows k of 3 x 3 pixels. In each window a channel may be any affine function of the content
    image's colours, at no cost but :math:`\epsilon`: light and colours may change, edges stay
    where they are, and strokes and bent lines, which the content image has not, cost what they
    add. For a photograph in the light of another one; ``weight`` is :math:`\lambda`, 1e4 in the
    source with ``reduction: sum``.

    Args:
        weight: Factor of the term in the total, at least 0.
        epsilon: What an affine map pays for its slope, at least 1e-12. A larger one allows less
            change where the content image is flat.
        reduction: ``mean`` divides by the number Z of values, so that a weight holds at any size
            of the picture; ``sum`` does not, as in the source.

    Raises:
        ValueError: If ``epsilon`` is below 1e-12.

    Source: Luan, Paris, Shechtman and Bala, "Deep photo style transfer", CVPR 2017, equation 2,
    https://doi.org/10.1109/CVPR.2017.740; ``functional.matting.matting_energy`` says where M comes
    from.
    """

    scope = "local"
    needs_content = True
    smallest_map = 3

    def __init__(
        self, weight: float = 1.0, epsilon: float = 1e-7, reduction: F.Reduction = "mean"
    ) -> None:
        super().__init__(weight, [IMAGE_LAYER])
        self._check("epsilon", epsilon, "be at least 1e-12", epsilon >= 1e-12)
        self.epsilon = epsilon
        self.reduction = reduction
        self.targets: dict[str, MattingWindows] = {}

    def prepare(self, references: References) -> None:
        """Keep mean and inverse covariance of the content image's windows.

        Raises:
            ValueError: If there is no content image, or one with a side below 3 pixels.
        """
        content = self._content(references)
        self.targets = {
            name: matting_windows(image, self.epsilon) for name, image in content.items()
        }

    def forward(self, features: Features) -> Tensor:
        """Return the sum of the channels' energies, or that by the number of their values."""

        def energy(name: str) -> Tensor:
            whole = matting_energy(features[name], self.targets[name])
            return whole / features[name].numel() if self.reduction == "mean" else whole

        return self._weighted_sum(energy)
