"""Which positions of a layer belong to a region."""

from itertools import product

import pytest
import torch
from torch import Tensor

from stylelightning.backbones import VGG16, RandomMultiscale
from stylelightning.functional.masks import area_weights, as_labels, field_weights


def random_mask(height: int, width: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 1, 3, 4, generator=generator)
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")


@pytest.mark.parametrize("size", [(24, 32), (12, 16), (5, 7), (1, 1)])
def test_areas_of_masks_that_fill_the_picture_add_up_to_it(size: tuple[int, int]) -> None:
    masks = torch.rand(3, 1, 1, 24, 32, generator=torch.Generator().manual_seed(0))
    masks /= masks.sum(0)
    total = sum((area_weights(mask, size) for mask in masks), torch.zeros(()))
    torch.testing.assert_close(total, torch.ones(1, 1, *size))
    # and each position's weight is a part: their mean is the mask's own where all are as large
    if size == (12, 16):
        assert float(area_weights(masks[0], size).mean()) == pytest.approx(float(masks[0].mean()))


@pytest.mark.parametrize("guidance", ["inside", "all"])
@pytest.mark.parametrize(("stride", "field"), [(1, 1), (1, 3), (2, 4), (2, 10), (4, 18), (4, 64)])
def test_positions_see_the_squares_that_a_loop_finds(
    guidance: str, stride: int, field: int
) -> None:
    # oracle: a loop over the squares, written out
    mask = random_mask(17, 22)
    region = mask[0, 0] >= 0.5
    assert region.any()
    assert not region.all()
    size = (17 // stride, 22 // stride)
    expected = torch.zeros(size)
    for row, column in product(*map(range, size)):
        top, left = (place * stride - (field - stride) // 2 for place in (row, column))
        seen = region[max(0, top) : max(0, top + field), max(0, left) : max(0, left + field)]
        expected[row, column] = float(seen.all() if guidance == "inside" else seen.any())
    found = field_weights(mask, size, stride, field, guidance)  # type: ignore[arg-type]
    assert torch.equal(found[0, 0], expected)


@pytest.mark.parametrize("layer", ["relu1_1", "relu2_1", "relu3_1"])
def test_inside_and_all_are_what_a_vgg_sees(layer: str) -> None:
    # oracle: Gatys et al.'s way, probing: the gradient of a position is where it looks
    network = VGG16(weights=None, padding="zeros").double()
    for parameter in network.parameters():
        parameter.data.abs_()  # so that nothing is hidden by a rectifier or cancels out
    pixels = torch.rand(1, 3, 40, 48, dtype=torch.float64, requires_grad=True)
    maps = network(pixels, [layer])[layer].sum(1)[0]
    geometry = network.layer_table[layer]
    mask = random_mask(40, 48, seed=3).double()
    region = mask[0, 0] >= 0.5
    size = (maps.shape[0], maps.shape[1])
    assert geometry.receptive_field is not None
    fields = (geometry.stride, geometry.receptive_field)
    everything = field_weights(mask, size, *fields, "all")[0, 0]
    inside = field_weights(mask, size, *fields, "inside")[0, 0]
    assert 0 < everything.mean() < 1
    assert 0 <= inside.mean() < everything.mean()
    for row, column in product(range(0, size[0], 2), range(0, size[1], 3)):
        (gradient,) = torch.autograd.grad(maps[row, column], pixels, retain_graph=True)
        seen = gradient[0].abs().sum(0) > 0
        # max pools look at one pixel of a window: what is seen is a part of the square
        if not everything[row, column]:
            assert not (seen & region).any()
        if inside[row, column]:
            assert not (seen & ~region).any()


def test_inside_and_all_are_what_untrained_filters_see() -> None:
    # without pools every pixel of the square is seen
    network = RandomMultiscale(levels=3, filters=2, sizes=(3,)).double()
    pixels = torch.rand(1, 3, 32, 40, dtype=torch.float64, requires_grad=True)
    mask = random_mask(32, 40, seed=1).double()
    region = mask[0, 0] >= 0.5
    for name, geometry in network.layer_table.items():
        maps = network(pixels, [name])[name].sum(1)[0]
        size = (maps.shape[0], maps.shape[1])
        assert geometry.receptive_field is not None
        fields = (geometry.stride, geometry.receptive_field)
        everything = field_weights(mask, size, *fields, "all")[0, 0]
        inside = field_weights(mask, size, *fields, "inside")[0, 0]
        for row, column in product(range(2, size[0] - 2), range(2, size[1] - 2)):
            (gradient,) = torch.autograd.grad(maps[row, column], pixels, retain_graph=True)
            seen = gradient[0].abs().sum(0) > 0
            assert bool(everything[row, column]) >= bool((seen & region).any()), name
            assert bool(inside[row, column]) <= bool((seen & ~region).logical_not().all()), name


def test_a_region_is_where_its_mask_is_at_least_a_half() -> None:
    mask = torch.tensor([[[[0.49, 0.5, 1.0]]]])
    assert field_weights(mask, (1, 3), 1, 1, "all").flatten().tolist() == [0, 1, 1]


def test_a_pixel_has_the_label_of_the_nearest_colour() -> None:
    pixels = torch.tensor([[0.0, 0.05, 0.3, 0.9]]).expand(3, 1, 4)[None]
    colours = torch.tensor([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    index, near = as_labels(pixels, colours, 0.1)
    assert index.tolist() == [[0, 0, 0, 1]]
    assert near.tolist() == [[True, True, False, True]]
