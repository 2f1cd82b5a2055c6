from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from stylelightning.backbones.base import Features
from stylelightning.functional.hypercolumns import (
    cosine_distances,
    euclidean_distances,
    part_of_values,
    sample_places,
    values_at_places,
)
from stylelightning.losses import (
    HypercolumnLoss,
    MomentLoss,
    PaletteLoss,
    RelaxedEMDLoss,
    SelfSimilarityLoss,
)
from tests.runs import evaluated, references

KINDS: dict[str, Callable[..., HypercolumnLoss]] = {
    kind.__name__: kind for kind in (RelaxedEMDLoss, PaletteLoss, MomentLoss, SelfSimilarityLoss)
}
LAYERS = ["image", "level1"]


def features(seed: int, height: int = 8, width: int = 6) -> Features:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.rand((1, *shape), generator=generator, dtype=torch.float64)

    return {"image": draw(3, height, width), "level1": draw(2, height // 2, width // 2)}


def new(kind: str, layers: list[str], **options: Any) -> HypercolumnLoss:
    if kind != "PaletteLoss":
        options["layers"] = layers
    return KINDS[kind](**options)


def make(kind: str, **options: Any) -> HypercolumnLoss:
    loss = new(kind, options.pop("layers", LAYERS), **options)
    loss.prepare(references(features(1), [features(2, 4, 12)]))
    return loss


def columns(maps: Features) -> np.ndarray:
    """Hypercolumns at every pixel, by enlarging the coarse layer instead of sampling it."""
    size = maps["image"].shape[2:]
    level = torch.nn.functional.interpolate(maps["level1"], size, mode="bilinear")
    return torch.cat([maps["image"] - 0.5, level], 1)[0].flatten(1).T.numpy()


def cosines(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(y, axis=1)
    return np.asarray(1 - x @ y.T / norms)


def test_a_hypercolumn_is_all_layers_at_a_place() -> None:
    places = sample_places(8, 6, 48, torch.Generator())
    maps = features(1)
    values = [
        values_at_places(maps["image"] - 0.5, places),
        values_at_places(maps["level1"], places),
    ]
    np.testing.assert_allclose(torch.cat(values, 1), columns(maps))


def test_values_of_parts_add_up_to_those_of_the_whole() -> None:
    whole, places = features(1)["level1"], sample_places(64, 48, 200, torch.Generator())
    cuts = [(slice(0, 1), slice(0, 3)), (slice(1, 4), slice(0, 1)), (slice(1, 4), slice(1, 3))]
    parts = [
        part_of_values(whole[:, :, rows, columns], places, (rows.start, columns.start), (4, 3))
        for rows, columns in cuts
    ]
    total = sum(parts, torch.zeros(()))
    torch.testing.assert_close(total, values_at_places(whole, places), rtol=1e-13, atol=1e-13)


def test_places_are_pixels_drawn_once_from_the_seed() -> None:
    drawn = sample_places(8, 6, 20, torch.Generator().manual_seed(1))
    again = sample_places(8, 6, 20, torch.Generator().manual_seed(1))
    every = {tuple(place) for place in sample_places(8, 6, 48, torch.Generator()).tolist()}
    assert torch.equal(drawn, again)
    assert len({tuple(place) for place in drawn.tolist()} & every) == 20


def test_distances_by_hand() -> None:
    first = torch.tensor([[3.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    second = torch.tensor([[0.0, 2.0, 0.0], [-1.0, 0.0, 0.0], [3.0, 0.0, 0.0]])
    assert cosine_distances(first, second).tolist() == [[1, 2, 0], [1, 1, 1]]
    expected = torch.tensor([[13.0, 16.0, 0.0], [4.0, 1.0, 9.0]]).div(3).sqrt()
    torch.testing.assert_close(euclidean_distances(first, second, 1e-12), expected)


def test_a_vector_of_length_zero_has_no_gradient() -> None:
    vectors = torch.zeros(2, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(cosine_distances(vectors, torch.ones(1, 3)).sum(), vectors)
    assert not gradient.any()


def test_the_relaxed_distance_is_its_formula() -> None:
    costs = cosines(columns(features(3)), columns(features(2, 4, 12)))
    expected = max(costs.min(1).mean(), costs.min(0).mean())
    np.testing.assert_allclose(evaluated(make("RelaxedEMDLoss"), features(3)), expected)


def test_the_relaxed_distance_of_three_vectors_by_hand() -> None:
    loss = RelaxedEMDLoss(layers=["level1"])
    # the picture has one direction, the style that one, its opposite and one across
    loss.prepare(
        references(
            None, [{"level1": torch.tensor([[1.0, -1.0, 0.0], [0.0, 0.0, 2.0]])[None, :, None]}]
        )
    )
    value = evaluated(loss, {"level1": torch.tensor([3.0, 0.0])[None, :, None, None]})
    torch.testing.assert_close(value, torch.tensor((0 + 2 + 1) / 3))


def test_the_palette_distance_is_its_formula() -> None:
    x, y = columns(features(3))[:, :3], columns(features(2, 4, 12))[:, :3]
    squares = ((x[:, None] - y) ** 2).sum(2)
    costs = cosines(x, y) + np.sqrt(squares.clip(1e-5) / 3) - np.sqrt(1e-5 / 3)
    expected = max(costs.min(1).mean(), costs.min(0).mean())
    np.testing.assert_allclose(evaluated(make("PaletteLoss"), features(3)), expected)


def test_the_moments_are_those_of_all_layers_together() -> None:
    x, y = columns(features(3)), columns(features(2, 4, 12))
    covariances = [np.cov(each.T, bias=True) for each in (x, y)]
    expected = np.abs(x.mean(0) - y.mean(0)).mean() + np.abs(covariances[0] - covariances[1]).mean()
    np.testing.assert_allclose(evaluated(make("MomentLoss"), features(3)), expected)


def test_self_similarity_is_its_formula() -> None:
    relations = []
    for maps in (features(3), features(1)):
        distances = cosines(columns(maps), columns(maps))
        relations.append(distances / distances.sum(0))
    expected = np.abs(relations[0] - relations[1]).sum() / 48
    np.testing.assert_allclose(evaluated(make("SelfSimilarityLoss"), features(3)), expected)


def test_self_similarity_leaves_the_strength_of_features_free() -> None:
    loss = make("SelfSimilarityLoss", layers=["level1"])
    stronger = {"level1": 7 * features(1)["level1"]}
    torch.testing.assert_close(evaluated(loss, stronger), torch.zeros((), dtype=torch.float64))


@pytest.mark.parametrize("kind", KINDS)
def test_a_flat_picture_has_a_finite_gradient(kind: str) -> None:
    loss = make(kind)
    for value in (0.0, 0.5, 1.0):
        maps = {name: torch.full_like(map, value) for name, map in features(3).items()}
        leaves = [each.requires_grad_() for each in maps.values()]
        torch.autograd.backward(evaluated(loss, maps))
        for leaf in leaves[: len(loss.layers)]:
            assert leaf.grad is not None
            assert leaf.grad.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_few_places_stand_for_all(kind: str) -> None:
    few, every = (evaluated(make(kind, **each), features(3)) for each in ({"samples": 40}, {}))
    assert few != every
    assert few.item() == pytest.approx(every.item(), rel=0.3)


@pytest.mark.parametrize("kind", KINDS)
def test_places_are_kept_or_renewed(kind: str) -> None:
    kept = make(kind, samples=10)
    assert evaluated(kept, features(3), 0) == evaluated(kept, features(3), 9)
    renewed = make(kind, samples=10, renew_every_n_steps=2)
    values = [evaluated(renewed, features(3), step).item() for step in range(4)]
    assert values[0] == values[1] != values[2] == values[3]
    assert renewed.stochastic
    assert not kept.stochastic


@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_loss_goes_on_with_the_same_places(kind: str) -> None:
    loss, resumed = (make(kind, samples=10, renew_every_n_steps=2) for _ in range(2))
    for step in range(3):
        evaluated(loss, features(3), step)
    resumed.load_state(loss.state())
    for step in range(3, 7):
        picture = features(4)
        assert torch.equal(evaluated(resumed, picture, step), evaluated(loss, picture, step))


@pytest.mark.parametrize("kind", ["MomentLoss", "PaletteLoss", "RelaxedEMDLoss"])
def test_styles_count_by_their_shares_whatever_their_size(kind: str) -> None:
    # a style beside itself enlarged to twice as many equal pixels is that style
    small = {"image": features(2)["image"]}
    large = {"image": small["image"].repeat(1, 1, 2, 1)}
    values = []
    for styles, shares in (([small], ()), ([small, large], (0.3, 0.7))):
        loss = new(kind, ["image"])
        loss.prepare(references(None, styles, shares))
        values.append(evaluated(loss, features(3)))
    torch.testing.assert_close(values[0], values[1])
