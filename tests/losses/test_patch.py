from pathlib import Path
from typing import Any

import pytest
import torch

from stylelightning import Schedule, StyleTransferData
from stylelightning.backbones.base import Features
from stylelightning.backbones.windows import Maps
from stylelightning.functional.patches import extract_patches, patch_positions
from stylelightning.losses import PatchLoss
from tests.runs import evaluated, fit, references


def random_image(seed: int, side: int = 9, channels: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, channels, side, side, generator=generator, dtype=torch.float64)


def make(**options: Any) -> PatchLoss:
    loss = PatchLoss(**{"layers": ["image"], "size": 3, "stride": 2, **options})
    loss.prepare(references(None, [{"image": random_image(1)}]))
    return loss


def grid_patches(image: torch.Tensor, stride: int) -> torch.Tensor:
    rows, columns = (patch_positions(side, 3, stride) for side in image.shape[2:])
    return extract_patches(image, 3, rows, columns)


def by_definition(image: torch.Tensor, style: torch.Tensor, stride: int) -> torch.Tensor:
    """The mean over positions of the mean over their patches, each to the plainly nearest one."""
    bank = grid_patches(style, 1)
    sums, counts = torch.zeros_like(image), torch.zeros_like(image)
    for row in patch_positions(image.shape[2], 3, stride).tolist():
        for column in patch_positions(image.shape[3], 3, stride).tolist():
            patch = image[0, :, row : row + 3, column : column + 3]
            nearest = bank[(bank - patch.flatten()).square().sum(1).argmin()].view_as(patch)
            sums[0, :, row : row + 3, column : column + 3] += (patch - nearest).square()
            counts[0, :, row : row + 3, column : column + 3] += 1
    return (sums / counts).mean()


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_term_is_the_mean_distance_to_the_nearest_patches(stride: int) -> None:
    loss = make(stride=stride, completeness=None)
    torch.testing.assert_close(
        evaluated(loss, {"image": random_image(2)}),
        by_definition(random_image(2), random_image(1), stride),
    )


def test_the_term_stays_exact_while_the_matches_are_kept() -> None:
    loss = make(completeness=None, stride=3)  # 9 = 3 * 3: patches don't overlap
    first, later = random_image(2), random_image(3)
    evaluated(loss, {"image": first})
    # by hand: the matches are those of the first picture, the distance that of the later one
    rows, bank = grid_patches(first, 3), grid_patches(random_image(1), 1)
    matches = torch.stack([bank[(bank - row).square().mean(1).argmin()] for row in rows])
    expected = (grid_patches(later, 3) - matches).square().mean()
    torch.testing.assert_close(loss({"image": later}), expected)


def test_the_grid_moves_from_search_to_search_over_all_places() -> None:
    loss = make(stride=3, renew_every_n_steps=1)
    image, grids = random_image(2), set()
    for search in range(9):
        rows, columns = loss._grid(image, search)
        grids.add((*rows.tolist(), -1, *columns.tolist()))
    assert len(grids) == 9


def test_circular_patches_know_no_border() -> None:
    loss = make(stride=1, padding="circular")
    image = random_image(2)
    moved = image.roll((4, 2), (2, 3))
    first = evaluated(loss, {"image": image})
    loss.prepare(references(None, [{"image": random_image(1)}]))
    torch.testing.assert_close(evaluated(loss, {"image": moved}), first)


def test_the_term_passes_gradcheck_with_fixed_matches() -> None:
    loss = make(renew_every_n_steps=10**6)
    evaluated(loss, {"image": random_image(2)})
    image = random_image(3).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss({"image": x}), image)


def test_the_style_itself_has_no_distance() -> None:
    torch.testing.assert_close(
        evaluated(make(), {"image": random_image(1)}), torch.zeros((), dtype=torch.float64)
    )


def test_matches_are_renewed_every_n_steps() -> None:
    loss = make(renew_every_n_steps=2, completeness=None)
    pairs = enumerate((2, 3, 3))
    values = [evaluated(loss, {"image": random_image(seed)}, step) for step, seed in pairs]
    assert values[1] > values[2]  # still with the matches of another picture


@pytest.mark.parametrize("orientations", [2, 4, 8])
def test_a_turned_or_mirrored_style_is_in_the_bank(orientations: int) -> None:
    turned = random_image(1).flip(3) if orientations == 2 else random_image(1).rot90(1, (2, 3))
    loss = make(orientations=orientations)
    value = evaluated(loss, {"image": turned})
    torch.testing.assert_close(value, torch.zeros((), dtype=torch.float64))
    assert evaluated(make(), {"image": turned}) > 0


def test_a_style_of_another_scale_is_in_the_bank() -> None:
    half = make(scales=(1.0, 0.5), bank_size=10**6)
    assert len(half._banks["image"]) == 7 * 7 + 2 * 2  # 9 px and 4 px, patches of 3


def test_the_bank_is_bounded_and_drawn_from_the_seed() -> None:
    one, same, other = (make(bank_size=10, seed=seed)._banks["image"] for seed in (0, 0, 1))
    assert len(one) == 10
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_resumed_loss_goes_on_with_the_same_matches() -> None:
    loss = make(renew_every_n_steps=5)
    evaluated(loss, {"image": random_image(2)})
    resumed, of_before = make(renew_every_n_steps=5), make(renew_every_n_steps=5)
    resumed.load_state(loss.state())
    of_before.load_state({"calls": 1, "targets": loss.state()["targets"]})  # as version 0.1 had it
    for step in range(1, 7):  # the sixth step looks anew
        picture = {"image": random_image(2 + step)}
        value = evaluated(loss, picture, step)
        assert torch.equal(evaluated(resumed, picture, step), value)
        assert torch.equal(evaluated(of_before, picture, step), value)


def test_matches_at_other_layers_are_found_anew() -> None:
    maps = {name: random_image(seed) for seed, name in enumerate(("image", "level1"), 1)}
    loss = make()
    evaluated(loss, {"image": random_image(3)})
    both = PatchLoss(layers=["image", "level1"], size=3, renew_every_n_steps=9)
    both.prepare(references(None, [maps]))
    both.load_state(loss.state())
    evaluated(both, maps, 1)
    assert both.state()["targets"].keys() == maps.keys()


def test_matches_in_another_style_of_the_same_size_are_found_anew() -> None:
    loss, other = make(renew_every_n_steps=9), make(renew_every_n_steps=9)
    evaluated(loss, {"image": random_image(2)})
    other.prepare(references(None, [{"image": random_image(4)}]))
    other.load_state(loss.state())
    picture = random_image(3)
    fresh = make(renew_every_n_steps=9)
    fresh.prepare(references(None, [{"image": random_image(4)}]))
    value = evaluated(other, {"image": picture}, 1)
    assert torch.equal(value, evaluated(fresh, {"image": picture}, 1))


def test_a_style_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`size` of PatchLoss is 3, but the style image's layer"):
        PatchLoss(size=3, stride=1).prepare(references(None, [{"image": random_image(1, side=2)}]))


def test_a_patch_asks_for_images_that_hold_it_at_the_largest_scale() -> None:
    assert PatchLoss(size=7, scales=[0.5, 2.0]).smallest_map == 7
    assert PatchLoss(size=7, scales=[0.25, 0.5]).smallest_map == 14


def test_a_picture_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(ValueError, match=r"but the layer 'image' is only 2 positions"):
        evaluated(make(), {"image": random_image(1, side=2)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "`size` of PatchLoss must be at least 1, got 0"),
        ({"stride": 8}, "`stride` of PatchLoss must be from 1 to 7, got 8"),
        ({"bank_size": 0}, "`bank_size` of PatchLoss must be at least 1"),
        ({"renew_every_n_steps": 0}, "`renew_every_n_steps` of PatchLoss must be at least 1"),
        ({"completeness": 0.0}, "`completeness` of PatchLoss must be above 0, got 0.0"),
        ({"orientations": 3}, "`orientations` of PatchLoss must be 1, 2, 4 or 8, got 3"),
        ({"scales": []}, "`scales` of PatchLoss must be above 0"),
        ({"scales": [1.0, 0.0]}, "`scales` of PatchLoss must be above 0"),
        ({"scales": [1.0, float("nan")]}, "`scales` of PatchLoss must be above 0"),
        ({"scales": [float("inf")]}, r"`scales` of PatchLoss must be above 0, got \[inf\]"),
        ({"renew_every_n_steps": None}, "`renew_every_n_steps` of PatchLoss must be .* got None"),
        ({"seed": 10**30}, "`seed` of PatchLoss must be a whole number of 64 bits, got 10000"),
        ({"seed": None}, "`seed` of PatchLoss must be a whole number of 64 bits, got None"),
        ({"search_components": 0}, "`search_components` of PatchLoss must be at least 1, got 0"),
        ({"padding": "zeros"}, "`padding` of PatchLoss must be one of valid, circular, got 'zero"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PatchLoss(**options)


def test_matches_are_looked_up_once_a_step_under_a_line_search(
    tmp_path: Path, data: StyleTransferData
) -> None:
    searched: list[int] = []
    evaluations: list[int] = []

    class Watched(PatchLoss):
        def renew(self, features: Maps, renewal: int) -> None:
            searched.append(renewal)
            super().renew(features, renewal)

        def statistics(self, features: Maps) -> Features:
            evaluations.append(1)
            return super().statistics(features)

    fit(
        tmp_path,
        data,
        losses={"strokes": Watched(1.0, size=3, renew_every_n_steps=1)},
        optimizer=lambda p: torch.optim.LBFGS(p, lr=1.0, line_search_fn="strong_wolfe"),
        schedule=Schedule(steps=4),
    )
    assert searched == [0, 0, 1, 2, 3]  # the first by a copy that is tried before the run
    assert len(evaluations) > 5
