"""The style term of sliced optimal transport."""

from collections.abc import Sequence
from typing import Any, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from stylelightning.backbones.base import Features
from stylelightning.losses.base import Loss
from stylelightning.patches import PatchPadding
from stylelightning.transport import quantile_means, squared_wasserstein


class SlicedWassersteinLoss(Loss):
    r"""Distance between the distributions of features of the picture and of the style image.

    .. math:: L = \sum_l w_l \frac{1}{K} \sum_k W_2^2\big(v_k \cdot \Psi(F^l), v_k \cdot
        \Psi(A^l)\big)

    with K random directions :math:`v_k` of norm 1 and patches :math:`\Psi` of ``size`` positions.
    The distributions are compared as a whole, not only their means and correlations. ``size: 1``
    compares features as Heitz et al. do, who sum over the layers and repeat values of the smaller
    sample; here the distance is exact for any two sizes. A larger ``size`` on ``image`` compares
    patches as GPDM does, which takes absolute differences instead of squares. Several style images
    are blended by the mean of their quantile functions, their barycentre on each line.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare; a mapping gives each its own weight.
        size: Side in positions of the patches whose distribution is compared, at least 1.
        projections: Number of directions, at least 1.
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

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = ["image"],  # noqa: B006 - copied, never changed
        size: int = 1,
        projections: int = 32,
        renew_every_n_steps: int | None = None,
        padding: PatchPadding = "valid",
        seed: int = 0,
    ) -> None:
        super().__init__(weight, layers)
        self._check_counts(size=size, projections=projections)
        if renew_every_n_steps is not None:
            self._check_counts(renew_every_n_steps=renew_every_n_steps)
        self._check_seed(seed)
        self._check_choice("padding", padding, get_args(PatchPadding))
        self.size = self.smallest_map = size
        self.projections = projections
        self.renew_every_n_steps = renew_every_n_steps
        self.padding = padding
        self.seed = seed
        self.stochastic = renew_every_n_steps is not None
        self._styles: list[Features] = []
        self._calls = 0
        self._draw = -1
        self._directions: Features = {}
        self._targets: Features = {}

    def prepare(self, content: Features | None, styles: Sequence[Features]) -> None:
        """Keep the style images' features; the next evaluation projects them.

        Raises:
            ValueError: If there is no style image, or its layer is smaller than a patch.
        """
        self._check_styles(styles)
        self._styles = [{name: style[name].detach() for name in self.layers} for style in styles]
        for style in self._styles:
            for name, features in style.items():
                self._check_side(features, f"the style image's layer {name!r}")
        self._calls, self._draw = 0, -1

    def forward(self, features: Features) -> Tensor:
        """Return the weighted sum of the layers' distances."""
        draw = self._calls // (self.renew_every_n_steps or self._calls + 1)
        if draw != self._draw:
            self._renew(draw)
        self._calls += 1
        terms = []
        for name, weight in self.layer_weights.items():
            self._check_side(features[name], f"the layer {name!r}")
            values = self._project(features[name], name, self.padding)
            terms.append(weight * squared_wasserstein(values, self._targets[name]).mean())
        return sum(terms[1:], terms[0])

    def state(self) -> dict[str, Any]:
        """Return how many evaluations there were: it decides which directions are in use."""
        return {"calls": self._calls}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on with the directions of ``state``."""
        self._calls = state["calls"]

    @torch.no_grad()
    def _renew(self, draw: int) -> None:
        """Draw directions, the same for the same seed and number, and project the styles."""
        self._draw = draw
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + draw) % 2**63)
        for name in self.layers:
            first = self._styles[0][name]
            shape = (self.projections, first.shape[1], self.size, self.size)
            directions = torch.randn(shape, generator=generator, dtype=torch.float64)
            directions /= directions.flatten(1).norm(dim=1)[:, None, None, None]
            self._directions[name] = directions.to(first)
            lines = [
                self._project(style[name], name, "valid").sort(1).values for style in self._styles
            ]
            count = max(line.shape[1] for line in lines)
            self._targets[name] = self._blend([quantile_means(line, count) for line in lines])

    def _project(self, features: Tensor, name: str, padding: PatchPadding) -> Tensor:
        """Return the patches' places on each line, (K, N)."""
        if padding == "circular":
            features = F.pad(features, (0, self.size - 1, 0, self.size - 1), mode="circular")
        return F.conv2d(features, self._directions[name])[0].flatten(1)

    def _check_side(self, features: Tensor, what: str) -> None:
        side = min(features.shape[2:])
        if side < self.size:
            raise ValueError(
                f"`size` of SlicedWassersteinLoss is {self.size}, but {what} is only {side} "
                "positions on its shorter side: use a smaller size or a larger --data.size."
            )
