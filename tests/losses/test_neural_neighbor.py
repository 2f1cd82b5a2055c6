"""The two terms of neural neighbours, against their formulas written out."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from stylelightning import Schedule, StyleTransferData
from stylelightning.backbones import RandomMultiscale
from stylelightning.backbones.base import Features
from stylelightning.functional.orientations import TURNS, turned
from stylelightning.functional.pyramid import laplacian_bands, sum_of_bands
from stylelightning.losses import (
    Loss,
    NeuralNeighborLoss,
    References,
    SplitNeuralNeighborLoss,
)
from stylelightning.losses.neural_neighbor import NEIGHBOR_LAYERS
from stylelightning.objective import Objective
from tests.conftest import smooth_picture
from tests.runs import evaluated, fit, make_module, make_trainer, references

LAYERS = ["level1", "level2"]
NET = RandomMultiscale(levels=2, filters=2, sizes=[3]).double()


def shown(picture: Tensor) -> Features:
    return {**NET(picture, frozenset(LAYERS)), "image": picture}


def image(seed: int, height: int = 16, width: int = 12) -> Tensor:
    return smooth_picture(height, width, seed).double()


def prepared(loss: Loss, content: Tensor, style: Tensor, start: Tensor | None = None) -> Loss:
    objective = Objective({"term": loss}, NET)
    loss.prepare(objective.references(content, [style], (1.0,), start))
    return loss


def columns(picture: Tensor, stride: int = 4) -> Tensor:
    """Hypercolumns, (N, D): every layer by its channels, on one grid."""
    size = [side // stride for side in picture.shape[2:]]
    maps = [shown(picture)[name] for name in LAYERS]
    resized = [
        functional.interpolate(each / each.shape[1], size, mode="bilinear", align_corners=True)
        for each in maps
    ]
    return torch.cat(resized, 1)[0].flatten(1).t()


def bank(style: Tensor, orientations: int = 4, stride: int = 4) -> Tensor:
    return torch.cat([columns(turned(style, turn), stride) for turn in TURNS[orientations]])


def matched(queries: Tensor, style: Tensor) -> Tensor:
    """The style vector of the least angle to each query, both sets around their means."""
    middle, others = queries.mean(0), style - style.mean(0)
    return torch.stack(
        [
            style[functional.cosine_similarity((query - middle)[None], others).argmax()]
            for query in queries
        ]
    )


def mixture(content: Tensor, start: Tensor, share: float) -> Tensor:
    finest, rest = laplacian_bands(content, 1)[0], laplacian_bands(start, 1)[1]
    return (1 - share) * content + share * sum_of_bands([finest, rest])


def value_and_gradient(loss: Loss, picture: Tensor, step: int = 0) -> tuple[Tensor, Tensor]:
    leaf = picture.clone().requires_grad_()
    value = evaluated(loss, shown(leaf), step)
    return value.detach(), torch.autograd.grad(value, leaf)[0]


def by_hypercolumns(picture: Tensor, looked_up: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
    targets = matched(columns(looked_up), bank(style))
    leaf = picture.clone().requires_grad_()
    value = (1 - functional.cosine_similarity(columns(leaf), targets)).mean()
    return value.detach(), torch.autograd.grad(value, leaf)[0]


def test_the_first_scale_looks_at_the_content_alone() -> None:
    loss = prepared(NeuralNeighborLoss(1.0, LAYERS), image(1), image(2, 12, 20), image(3))
    found = value_and_gradient(loss, image(4))
    torch.testing.assert_close(found, by_hypercolumns(image(4), image(1), image(2, 12, 20)))


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_later_scale_looks_at_a_mixture_with_the_picture_it_starts_from(share: float) -> None:
    loss = NeuralNeighborLoss(1.0, LAYERS, present_share=share)
    prepared(loss, image(1, 8, 6), image(2, 6, 10), image(3, 8, 6))
    prepared(loss, image(1), image(2, 12, 20), image(3))
    looked_up = mixture(image(1), image(3), share)
    expected = by_hypercolumns(image(4), looked_up, image(2, 12, 20))
    torch.testing.assert_close(value_and_gradient(loss, image(4)), expected)
    loss.restart()
    prepared(loss, image(1), image(2, 12, 20), image(3))
    expected = by_hypercolumns(image(4), image(1), image(2, 12, 20))
    torch.testing.assert_close(value_and_gradient(loss, image(4)), expected)


def test_the_matches_are_kept_for_a_scale() -> None:
    loss = prepared(NeuralNeighborLoss(1.0, LAYERS), image(1), image(2))
    assert loss.is_due(0)
    first = evaluated(loss, shown(image(4)))
    assert not loss.is_due(1)
    evaluated(loss, shown(image(5)), 1)
    assert torch.equal(evaluated(loss, shown(image(4)), 2), first)


@pytest.mark.parametrize("kind", [NeuralNeighborLoss, SplitNeuralNeighborLoss])
def test_a_style_like_the_content_is_its_own_match_and_has_no_distance(
    kind: type[NeuralNeighborLoss] | type[SplitNeuralNeighborLoss],
) -> None:
    # in one orientation: others move the mean around which angles are
    loss = prepared(kind(1.0, LAYERS, orientations=1), image(1), image(1))
    value = evaluated(loss, shown(image(1)))
    torch.testing.assert_close(value, torch.zeros((), dtype=torch.float64))
    if isinstance(loss, NeuralNeighborLoss):
        assert loss.state()["matches"].tolist() == list(range(4 * 3))


@pytest.mark.parametrize("turn", TURNS[4][1:])
@pytest.mark.parametrize("kind", [NeuralNeighborLoss, SplitNeuralNeighborLoss])
def test_a_turned_style_is_the_same_style(
    kind: type[NeuralNeighborLoss] | type[SplitNeuralNeighborLoss], turn: tuple[int, bool]
) -> None:
    values: dict[int, list[Tensor]] = {}
    for orientations in (1, 4):
        for style in (image(2), turned(image(2), turn)):
            loss = prepared(kind(1.0, LAYERS, orientations=orientations), image(1), style)
            found = evaluated(loss, shown(image(4)))
            values.setdefault(orientations, []).append(found)
    torch.testing.assert_close(*values[4])
    assert values[1][0] != values[1][1]


def by_layers(picture: Tensor, style: Tensor, grids: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """The least entries of the whole matrix of distances, with the gradient through it."""
    leaf = picture.clone().requires_grad_()
    total = leaf.new_zeros(())
    for name in LAYERS:
        step, down, across = grids[name]
        sides = [shown(turned(style, turn))[name] for turn in TURNS[4]]
        x, *others = (
            each[0, :, down::step, across::step].flatten(1).t()
            for each in (shown(leaf)[name], *sides)
        )
        s = torch.cat(others)
        x, s = x - x.mean(0), s - s.mean(0)
        cosines = (x @ s.t()) / (x.norm(dim=1)[:, None] * s.norm(dim=1))
        total = total + (1 - cosines).min(1).values.mean()
    return total.detach(), torch.autograd.grad(total, leaf)[0]


@pytest.mark.parametrize("samples", [4, 6, 16, 64])
def test_the_split_term_is_the_mean_of_least_distances_at_each_layer(samples: int) -> None:
    loss = SplitNeuralNeighborLoss(1.0, dict.fromkeys(LAYERS, 1.0), samples)
    prepared(loss, image(1), image(2, 12, 20))
    for step in range(3):
        picture = image(4 + step)
        found = value_and_gradient(loss, picture, step)
        grids = {name: grid for name, (grid, _) in loss.state()["matches"].items()}
        torch.testing.assert_close(found, by_layers(picture, image(2, 12, 20), grids))


def test_a_grid_takes_every_place_in_turn_and_a_small_layer_whole() -> None:
    loss = SplitNeuralNeighborLoss(1.0, LAYERS, samples=8)
    prepared(loss, image(1), image(2))
    seen = set()
    for step in range(40):
        evaluated(loss, shown(image(4)), step)
        grids = {name: grid for name, (grid, _) in loss.state()["matches"].items()}
        assert grids["level2"] == (1, 0, 0)  # 8 x 6 places
        seen.add(grids["level1"])
    assert seen == {(2, down, across) for down in (0, 1) for across in (0, 1)}


def test_neighbours_are_looked_up_every_n_steps_or_once() -> None:
    for every, expected in ((1, [0, 1, 2, 3]), (2, [0, 0, 1, 1]), (None, [0, 0, 0, 0])):
        loss = SplitNeuralNeighborLoss(1.0, LAYERS, 4, renew_every_n_steps=every)
        prepared(loss, image(1), image(2))
        assert loss.stochastic is (every is not None)
        found = []
        for step in range(4):
            evaluated(loss, shown(image(4 + step)), step)
            found.append(loss.state()["renewal"])
        assert found == expected


@pytest.mark.parametrize(
    "make",
    [
        lambda: NeuralNeighborLoss(1.0, LAYERS),
        lambda: SplitNeuralNeighborLoss(1.0, LAYERS, 4, renew_every_n_steps=3),
    ],
    ids=["hypercolumns", "split"],
)
def test_a_resumed_loss_goes_on_with_the_same_matches(make: Any) -> None:
    loss, resumed = make(), make()
    for start in (image(3), image(5)):  # two scales
        prepared(loss, image(1), image(2), start)
    for step in range(2):
        evaluated(loss, shown(image(6 + step)), step)
    prepared(resumed, image(1), image(2), image(7))  # the picture is another by then
    resumed.load_state(loss.state())
    for step in range(2, 7):
        picture = shown(image(6 + step))
        assert torch.equal(evaluated(resumed, picture, step), evaluated(loss, picture, step))


@pytest.mark.parametrize("kind", [NeuralNeighborLoss, SplitNeuralNeighborLoss])
def test_matches_in_another_style_image_are_found_anew(
    kind: type[NeuralNeighborLoss] | type[SplitNeuralNeighborLoss],
) -> None:
    loss = prepared(kind(1.0, LAYERS), image(1), image(2, 32, 32))
    evaluated(loss, shown(image(4)))
    other, fresh = (prepared(kind(1.0, LAYERS), image(1), image(2, 8, 8)) for _ in range(2))
    other.load_state(loss.state())
    picture = shown(image(4))
    assert torch.equal(evaluated(other, picture, 1), evaluated(fresh, picture, 1))


@pytest.mark.parametrize(
    ("make", "content", "style"),
    [
        (lambda: NeuralNeighborLoss(1.0, LAYERS), 1, 3),
        (lambda: NeuralNeighborLoss(1.0, LAYERS), 3, 2),
        (lambda: SplitNeuralNeighborLoss(1.0, LAYERS, 4, renew_every_n_steps=3), 1, 3),
    ],
    ids=["style", "content", "split style"],
)
def test_matches_of_other_images_of_the_same_size_are_found_anew(
    make: Any, content: int, style: int
) -> None:
    loss = prepared(make(), image(1), image(2))
    evaluated(loss, shown(image(4)))
    other, fresh = (prepared(make(), image(content), image(style)) for _ in range(2))
    other.load_state(loss.state())
    picture = shown(image(5))
    assert torch.equal(evaluated(other, picture, 1), evaluated(fresh, picture, 1))


@pytest.mark.parametrize(("before", "now"), [(LAYERS, LAYERS[:1]), (LAYERS[:1], LAYERS)])
def test_matches_at_other_layers_are_found_anew(before: list[str], now: list[str]) -> None:
    loss = prepared(SplitNeuralNeighborLoss(1.0, before), image(1), image(2))
    evaluated(loss, shown(image(4)))
    other, fresh = (
        prepared(SplitNeuralNeighborLoss(1.0, now, renew_every_n_steps=None), image(1), image(2))
        for _ in range(2)
    )
    other.load_state(loss.state())
    picture = shown(image(5))
    assert torch.equal(evaluated(other, picture, 1), evaluated(fresh, picture, 1))


def test_turned_styles_need_what_computes_their_features() -> None:
    with pytest.raises(ValueError, match="`compute` of References is None: take the references"):
        NeuralNeighborLoss(1.0, LAYERS).prepare(references(shown(image(1)), [shown(image(2))]))


@pytest.mark.parametrize("kind", [NeuralNeighborLoss, SplitNeuralNeighborLoss])
def test_a_run_without_a_style_image_is_refused(
    kind: type[NeuralNeighborLoss] | type[SplitNeuralNeighborLoss],
) -> None:
    with pytest.raises(ValueError, match=f"{kind.__name__} needs the features of a style image"):
        kind(1.0, LAYERS).prepare(References(shown(image(1)), []))


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (NeuralNeighborLoss, {"stride": 0}, "`stride` of NeuralNeighborLoss must be at least 1"),
        (NeuralNeighborLoss, {"orientations": 3}, "`orientations` .* must be 1, 2, 4 or 8, got 3"),
        (NeuralNeighborLoss, {"present_share": 1.5}, "`present_share` .* be from 0 to 1, got 1.5"),
        (NeuralNeighborLoss, {"layers": {"image": 1.0}}, "`layers` .* be a list: they are read"),
        (SplitNeuralNeighborLoss, {"samples": 0}, "`samples` .* must be at least 1, got 0"),
        (SplitNeuralNeighborLoss, {"orientations": 5}, "`orientations` .* 1, 2, 4 or 8, got 5"),
    ],
)
def test_options_out_of_range_are_refused(kind: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**options)


def test_the_layers_are_those_of_the_source() -> None:
    # oracle: indices 1, 3, 6, 8, 11, 13, 15, 18, 20, 22 of torchvision's VGG-16
    numbers = [2, 2, 3, 3]
    expected = [f"relu{b}_{n}" for b, most in enumerate(numbers, 1) for n in range(1, most + 1)]
    assert expected == NEIGHBOR_LAYERS


def test_a_run_starts_with_the_distance_of_its_content_and_lowers_it(
    tmp_path: Path, data: StyleTransferData
) -> None:
    log: list[float] = []

    class Logged(NeuralNeighborLoss):
        def forward(self, features: Features) -> Tensor:
            value = super().forward(features)
            log.append(float(value.detach()))
            return value

    fit(
        tmp_path,
        data,
        losses={"neighbors": Logged(1.0, LAYERS)},
        init="content",
        schedule=Schedule(steps=20),
    )
    assert log[-1] < 0.8 * log[0]


def test_turned_styles_are_seen_in_the_precision_of_the_run(
    tmp_path: Path, data: StyleTransferData
) -> None:
    totals = []
    for precision in ("32-true", "bf16-mixed"):
        module = make_module(
            losses={"neighbors": NeuralNeighborLoss(1.0, LAYERS)},
            init="content",
            schedule=Schedule(steps=1),
        )
        make_trainer(tmp_path, precision=precision).fit(module, data)
        totals.append(float(module.total))
    assert totals[1] == pytest.approx(totals[0], rel=0.05)
