"""Tiles have the terms and the gradient of the whole picture, whatever is cut how."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from stylelightning.backbones import Backbone, Pixels, RandomMultiscale
from stylelightning.backbones.base import Features
from stylelightning.backbones.normalization import NORMALIZATIONS, Normalize
from stylelightning.backbones.padding import Padding
from stylelightning.backbones.pooling import Pooling
from stylelightning.backbones.tiled_maps import map_size
from stylelightning.backbones.vgg_layers import VGGLayers, vgg_layers, vgg_network
from stylelightning.execution.tiled_evaluation import TiledEvaluation
from stylelightning.execution.tiling import Tiler
from stylelightning.functional.masks import area_weights
from stylelightning.losses import (
    ContentLoss,
    GaussianWassersteinLoss,
    GramLoss,
    LaplacianLoss,
    Loss,
    MeanCovarianceLoss,
    MomentLoss,
    PaletteLoss,
    PatchLoss,
    RangeLoss,
    RelaxedEMDLoss,
    SelfSimilarityLoss,
    SlicedWassersteinLoss,
    TotalVariationLoss,
)
from stylelightning.losses.references import RegionReferences
from stylelightning.losses.regional import RegionalLoss
from stylelightning.losses.terms import Terms
from stylelightning.objective import Objective
from tests.runs import OwnLoss, full

LAYERS = ["relu1_1", "relu2_1", "relu3_1"]
LOSSES: dict[str, Callable[[], Loss]] = {
    "content": lambda: ContentLoss(1.0, ["relu1_2", "relu3_1"]),
    "content, summed": lambda: ContentLoss(1.0, ["relu2_1"], "sum"),
    "content with edges": lambda: ContentLoss(1.0, ["relu2_1"], edge_weights=[0.2, 3]),
    "content of pixels": lambda: ContentLoss(1.0, ["image"]),
    "gram": lambda: GramLoss(1.0, LAYERS, "hw"),
    "means and covariances": lambda: MeanCovarianceLoss(1.0, LAYERS),
    "absolute": lambda: MeanCovarianceLoss(1.0, ["relu2_1"], "sum", 1),
    "wasserstein": lambda: GaussianWassersteinLoss(1.0, LAYERS, epsilon=0.1),
    "patches": lambda: PatchLoss(1.0, ["relu1_1"], size=3, stride=2, bank_size=40),
    "patches of pixels": lambda: PatchLoss(1.0, ["image"], size=3, padding="circular"),
    "emd": lambda: RelaxedEMDLoss(1.0, ["image", *LAYERS], samples=30),
    "self-similarity": lambda: SelfSimilarityLoss(1.0, LAYERS, samples=30),
    "moments": lambda: MomentLoss(1.0, LAYERS, samples=30),
    "palette": lambda: PaletteLoss(1.0, samples=30),
    "variation": lambda: TotalVariationLoss(1.0),
    "range": lambda: RangeLoss(1.0),
    "laplacian": lambda: LaplacianLoss(1.0),
    "sliced, of pixels": lambda: SlicedWassersteinLoss(1.0, ["image"], size=3, projections=4),
}


class SmallVGG(VGGLayers):
    """Three blocks of a VGG with few channels, untrained."""

    def __init__(self, padding: Padding = "zeros", pooling: Pooling = "max") -> None:
        layers = vgg_layers((2, 1, 1), (3, 4, 4), padding)
        super().__init__(layers)
        self.network = vgg_network(layers.values(), pooling, padding)
        generator = torch.Generator().manual_seed(0)
        for parameter in self.network.parameters():
            with torch.no_grad():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / 3)
        self.normalize = Normalize(NORMALIZATIONS["centred"])
        self.requires_grad_(False)


def image(seed: int, height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, 3, height, width, generator=generator, dtype=torch.float64)


def evaluations(
    losses: dict[str, Loss],
    backbone: Backbone,
    size: tuple[int, int],
    tile: int,
    dtype: torch.dtype = torch.float64,
    context: Callable[[], AbstractContextManager[object]] = full,
) -> tuple[tuple[Terms, Tensor], tuple[Terms, Tensor], int]:
    """Return terms and gradient of a picture as a whole and by tiles, and how many these are."""
    sizes = (size, (size[0] + 3, size[1] + 6), size)
    content, style, picture = (image(n, *each).to(dtype) for n, each in enumerate(sizes, 1))
    objective = Objective(losses, backbone.to(dtype))
    tiler = Tiler(objective, backbone, tile, context)
    found = []
    for maps in (None, tiler.maps):
        with context():
            shown = objective.references(content, [style], [1.0], maps=maps)
        objective.prepare(shown)
        leaf = picture.clone().requires_grad_()
        tiled = tiler.evaluation(picture)
        if maps is None or tiled is None:
            with context():
                seen = objective.features(leaf)
            objective.advance(seen, 0)
            terms = objective.terms(seen)
            total = terms.total
        else:
            objective.advance(tiled.maps(leaf), 0)
            terms, total = tiled.evaluate(leaf)
        (gradient,) = torch.autograd.grad(total, [leaf])
        found.append((terms.detached(), gradient))
    tiles = 1 if tiled is None else len(tiled.tiles.tiles)
    return found[0], found[1], tiles


def check(
    losses: dict[str, Loss], backbone: Backbone, size: tuple[int, int], tile: int, least: int = 2
) -> None:
    (terms, gradient), (tiled, by_tiles), count = evaluations(losses, backbone, size, tile)
    assert count >= least
    for name, value in terms.weighted.items():
        torch.testing.assert_close(tiled.weighted[name], value, rtol=1e-12, atol=1e-12)
    error = torch.linalg.vector_norm(by_tiles - gradient)
    assert error <= 1e-12 * torch.linalg.vector_norm(gradient)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_that_of_the_whole_picture(name: str) -> None:
    check({"own": LOSSES[name]()}, SmallVGG(), (29, 26), 8, least=9)


@pytest.mark.parametrize(
    ("context", "rounding"),
    [(full, 1e-5), (partial(torch.autocast, "cpu", torch.bfloat16), 2**-6)],
    ids=["32 bits", "16 bits"],
)
def test_less_precision_is_that_of_its_rounding(
    context: Callable[[], AbstractContextManager[object]], rounding: float
) -> None:
    names = ("content", "gram", "means and covariances", "wasserstein", "variation", "laplacian")
    losses = {name.replace(" ", "_"): LOSSES[name]() for name in names}
    (terms, gradient), (tiled, by_tiles), count = evaluations(
        losses, SmallVGG(), (45, 38), 16, torch.float32, context
    )
    assert count > 4
    for name, value in terms.weighted.items():
        torch.testing.assert_close(tiled.weighted[name], value, rtol=rounding, atol=0)
    error = torch.linalg.vector_norm(by_tiles - gradient)
    assert error <= rounding * torch.linalg.vector_norm(gradient)


@settings(max_examples=25, deadline=None)
@given(
    padding=st.sampled_from(["zeros", "replicate", "reflect", "circular"]),
    pooling=st.sampled_from(["max", "avg", "l2"]),
    size=st.tuples(st.integers(16, 41), st.integers(16, 41)),
    tile=st.integers(4, 24),
)
def test_any_tile_of_any_picture(
    padding: Padding, pooling: Pooling, size: tuple[int, int], tile: int
) -> None:
    names = ("content", "gram", "wasserstein", "patches", "emd", "variation")
    losses = {name.replace(" ", "_"): LOSSES[name]() for name in names}
    check(losses, SmallVGG(padding, pooling), size, tile, least=1)


def test_a_circular_picture_goes_round_in_its_tiles_too() -> None:
    check({"own": LOSSES["gram"]()}, SmallVGG("circular"), (64, 48), 8, least=48)


@pytest.mark.parametrize("padding", ["zeros", "replicate", "reflect"])
def test_other_backbones(padding: Padding) -> None:
    levels = RandomMultiscale(levels=3, filters=2, sizes=[3, 5], padding=padding)
    names = ["level1", "level3"]
    check({"own": GramLoss(1.0, names)}, levels, (45, 38), 8)
    check({"own": GramLoss(1.0, ["octave1", "octave3"])}, Pixels(3), (45, 38), 8, least=20)


def test_one_tile_is_the_whole_to_the_last_bit() -> None:
    losses = {name.replace(" ", "_"): make() for name, make in LOSSES.items()}
    (terms, gradient), (tiled, by_tiles), count = evaluations(losses, SmallVGG(), (24, 21), 32)
    assert count == 1
    assert torch.equal(gradient, by_tiles)
    assert tiled.weighted == terms.weighted


def test_a_network_that_goes_round_at_some_layers_only_is_not_cut() -> None:
    class Mixed(SmallVGG):
        def __init__(self) -> None:
            super().__init__("circular")
            convolution = self.network.get_submodule("conv2_1")
            assert isinstance(convolution, nn.Conv2d)
            convolution.padding_mode = "zeros"

    check({"own": LOSSES["gram"]()}, Mixed(), (32, 24), 8, least=1)


def test_what_a_tile_holds_does_not_grow_with_the_picture() -> None:
    largest: list[int] = []

    class Watched(SmallVGG):
        def forward(self, image: Tensor, layers: object) -> Features:
            largest.append(image.shape[2] * image.shape[3])
            return super().forward(image, layers)  # type: ignore[arg-type]

    sizes = []
    for side in (48, 96):
        largest.clear()
        objective = Objective({"own": GramLoss(1.0, LAYERS)}, Watched().double())
        tiler = Tiler(objective, Watched(), 16, full)
        objective.prepare(
            objective.references(None, [image(1, side, side)], [1.0], maps=tiler.maps)
        )
        tiled = tiler.evaluation(image(2, side, side))
        assert isinstance(tiled, TiledEvaluation)
        tiled.evaluate(image(2, side, side).requires_grad_())
        sizes.append(max(largest))
    assert sizes[0] == sizes[1]


class Mean(OwnLoss):
    """The mean of the picture, whose gradient is one number for all pixels."""

    def forward(self, features: Features) -> Tensor:
        return features["image"].mean()


def test_a_gradient_of_one_number_is_added_to() -> None:
    check({"mean": Mean(1.0, ["image"]), "own": LOSSES["gram"]()}, SmallVGG(), (29, 26), 8)
    check({"mean": Mean(1.0, ["image"])}, SmallVGG(), (29, 26), 8)


@pytest.mark.parametrize("name", ["gram", "wasserstein", "patches"])
def test_a_loss_in_regions_is_that_of_the_whole_picture(name: str) -> None:
    size = (29, 26)
    content, style, picture = image(1, *size), image(2, 32, 32), image(3, *size)
    loss = RegionalLoss(LOSSES[name]())
    backbone = SmallVGG().double()
    objective = Objective({"own": loss}, backbone)
    tiler = Tiler(objective, backbone, 8, full)
    left = torch.linspace(0, 1, 26, dtype=torch.float64).expand(1, 1, *size)
    found = []
    for maps in (None, tiler.maps):
        shown = objective.references(content, [style], [1.0], maps=maps)
        assert shown.content is not None
        parts = [
            RegionReferences(
                region,
                {each: area_weights(mask, map_size(shown.content, each)) for each in loss.layers},
                shown.styles,
                0.5,
            )
            for region, mask in (("left", 1 - left), ("right", left))
        ]
        objective.prepare(replace(shown, regions=parts))
        leaf = picture.clone().requires_grad_()
        tiled = tiler.evaluation(picture)
        assert tiled is not None
        if maps is None:
            seen = objective.features(leaf)
            objective.advance(seen, 0)
            total = objective.terms(seen).total
        else:
            objective.advance(tiled.maps(leaf), 0)
            _, total = tiled.evaluate(leaf)
        (gradient,) = torch.autograd.grad(total, [leaf])
        found.append((total.detach(), gradient))
    for whole, by_tiles in zip(*found, strict=True):
        torch.testing.assert_close(by_tiles, whole, rtol=1e-11, atol=1e-13)
