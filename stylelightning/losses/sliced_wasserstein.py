"""The style term of sliced optimal transport."""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional

from stylelightning.backbones.base import Features
from stylelightning.backbones.windows import Maps
from stylelightning.functional.patches import PatchPadding
from stylelightning.functional.transport import wasserstein
from stylelightning.functional.weighted_transport import weighted_wasserstein
from stylelightning.losses.barycentre import barycentre
from stylelightning.losses.references import Reference, References, weights_of
from stylelightning.losses.renewed import RenewedLoss


class SlicedWassersteinLoss(RenewedLoss):
    r"""Distance between the distributions of features of the picture and of the style image.

    .. math:: L = \sum_l w_l \frac{1}{K} \sum_k W_p^p\left(v_k \cdot \Psi(F^l), v_k \cdot
        \Psi(A^l)\right)

    with K random directions :math:`v_k` of norm 1 and patches :math:`\Psi` of ``size`` positions.
    The distributions are compared as a whole, not only their means and correlations. ``size: 1``
    compares features as Heitz et al. do, who sum over the layers and repeat values of the smaller
    sample; here the distance is exact for any two sizes. A larger ``size`` on ``image`` compares
    patches, as GPDM does with ``exponent: 1``. Several style images are blended by the mean of
    their quantile functions, their barycentre on each line.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare; a mapping gives each its own weight.
        size: Side in positions of the patches whose distribution is compared, at least 1.
        projections: Number of directions, at least 1.
        exponent: Power p of the distance on a line, 1 or 2.
        renew_every_n_steps: Steps after which other directions are drawn; null keeps the first
            ones. New directions make another function of each step, which L-BFGS can't follow.
        padding: ``valid`` for patches within the picture, ``circular`` for patches that go round
            its borders, for pictures that tile.
        seed: Seed of the directions.

    Raises:
        ValueError: If a number is out of its range.

    Source: Heitz, Vanhoey, Chambon and Belcour, "A sliced Wasserstein loss for neural texture
    synthesis", CVPR 2021, https://arxiv.org/abs/2006.07229; patches: Elnekave and Weiss,
    "Generating natural images with direct patch distributions matching", ECCV 2022,
    https://arxiv.org/abs/2203.11862
    """

    needs_style = True
    takes_weights = True

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = ["image"],  # noqa: B006 - copied, never changed
        size: int = 1,
        projections: int = 32,
        exponent: Literal[1, 2] = 2,
        renew_every_n_steps: int | None = None,
        padding: PatchPadding = "valid",
        seed: int = 0,
    ) -> None:
        super().__init__(weight, layers, renew_every_n_steps, seed)
        self._check_counts(size=size, projections=projections)
        self._check_choice("padding", padding, get_args(PatchPadding))
        self.size = self.smallest_map = size
        self.projections = projections
        self.exponent = exponent
        self.padding = padding
        self.stochastic = renew_every_n_steps is not None
        self._kept: Sequence[Reference] = ()
        self._directions: Features = {}
        self._targets: Features = {}

    def keep(self, references: References) -> None:
        """Keep the style images; the next step projects them.

        Raises:
            ValueError: If there is no style image, or its layer is smaller than a patch.
        """
        self._kept = self._styles(references)
        for style in self._kept:
            for name in self.layers:
                self._check_side(style.features[name], f"the style image's layer {name!r}")

    def renew(self, features: Maps, renewal: int) -> None:
        """Draw directions and project the styles."""
        generator = self.generator(renewal)
        for name in self.layers:
            first = self._kept[0].features[name]
            shape = (self.projections, first.shape[1], self.size, self.size)
            directions = torch.randn(shape, generator=generator, dtype=torch.float64)
            directions /= directions.flatten(1).norm(dim=1)[:, None, None, None]
            self._directions[name] = directions.to(first)
            lines = [self._project(each.features[name], name, "valid") for each in self._kept]
            weights = [self._of_patches(each.features, name, "valid") for each in self._kept]
            self._targets[name] = barycentre(lines, weights, [each.share for each in self._kept])

    def forward(self, features: Features) -> Tensor:
        """Return the weighted sum of the layers' distances."""

        def distance(name: str) -> Tensor:
            self._check_side(features[name], f"the layer {name!r}")
            values = self._project(features[name], name, self.padding)
            weights = self._of_patches(features, name, self.padding)
            target = self._targets[name]
            if weights is None:
                return wasserstein(values, target, self.exponent).mean()
            return weighted_wasserstein(values, weights, target, self.exponent).mean()

        return self._weighted_sum(distance)

    def _project(self, features: Tensor, name: str, padding: PatchPadding) -> Tensor:
        """Return the patches' places on each line, (K, N)."""
        if padding == "circular":
            beyond = self.size - 1
            features = functional.pad(features, (0, beyond, 0, beyond), mode="circular")
        return functional.conv2d(features, self._directions[name])[0].flatten(1)

    def _of_patches(self, features: Maps, name: str, padding: PatchPadding) -> Tensor | None:
        """Return the weight of each patch, (N,); None where all count alike.

        It is that of its middle, or what the patch has of a region at the border of a map alone.
        """
        weights, middle = weights_of(features, name), self.size // 2
        if weights is None:
            return None
        if padding == "circular":
            return weights.roll((-middle, -middle), (2, 3)).flatten()
        height, width = (side - self.size + 1 for side in weights.shape[2:])
        inside = weights[:, :, middle : middle + height, middle : middle + width]
        whole = functional.avg_pool2d(weights, self.size, 1)
        return torch.where(inside.any(), inside, whole).flatten()  # nothing waits for a GPU

    def _check_side(self, features: Tensor, what: str) -> None:
        side = min(features.shape[2:])
        if side < self.size:
            raise ValueError(
                f"`size` of SlicedWassersteinLoss is {self.size}, but {what} is only {side} "
                "positions on its shorter side: use a smaller size or a larger --data.size."
            )
