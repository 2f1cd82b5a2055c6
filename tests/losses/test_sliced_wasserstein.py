from typing import Any

import numpy as np
import pytest
import torch

from stylelightning.losses import SlicedWassersteinLoss
from tests.functional.test_transport import by_breakpoints
from tests.runs import evaluated, references


def features(seed: int, height: int = 5, width: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, 2, height, width, generator=generator, dtype=torch.float64)


def make(style: torch.Tensor | None = None, **options: Any) -> SlicedWassersteinLoss:
    loss = SlicedWassersteinLoss(**{"layers": ["image"], "projections": 8, **options})
    loss.prepare(references(None, [{"image": features(1, 4, 7) if style is None else style}]))
    return loss


@pytest.mark.parametrize("exponent", [1, 2])
@pytest.mark.parametrize("size", [1, 2])
def test_the_term_is_the_mean_over_directions_of_the_distance_on_a_line(
    size: int, exponent: int
) -> None:
    loss = make(size=size, exponent=exponent)
    value = evaluated(loss, {"image": features(2)})
    directions = loss._directions["image"].flatten(1).numpy()  # (K, C * size * size)
    assert np.allclose(np.linalg.norm(directions, axis=1), 1)

    def rows(image: torch.Tensor) -> np.ndarray:
        return torch.nn.functional.unfold(image, size)[0].T.numpy()

    # oracle: numpy, with the definition of W as an integral over all breakpoints
    expected = np.mean(
        [
            by_breakpoints(rows(features(2)) @ v, rows(features(1, 4, 7)) @ v, exponent)
            for v in directions
        ]
    )
    np.testing.assert_allclose(value.item(), expected)


def test_the_term_ignores_where_pixels_are() -> None:
    shuffled = features(1).flatten(2)[..., torch.randperm(30)].view(1, 2, 5, 6)
    torch.testing.assert_close(
        evaluated(make(features(1)), {"image": shuffled}), torch.zeros((), dtype=torch.float64)
    )


def test_a_shift_of_all_values_costs_its_square_over_the_channels() -> None:
    # by hand: a shift s along unit vector v moves the line by s . v, whose mean square is |s|^2 / C
    loss = make(features(1), projections=4000)
    value = evaluated(loss, {"image": features(1) + 0.5})
    assert value.item() == pytest.approx(0.5**2 * 2 / 2, rel=0.05)


def test_circular_patches_know_no_border() -> None:
    loss = make(size=3, padding="circular")
    image = features(2)
    moved = image.roll((2, 3), (2, 3))
    torch.testing.assert_close(evaluated(loss, {"image": image}), loss({"image": moved}))


def test_directions_are_kept_or_renewed() -> None:
    image = features(2)
    kept = make()
    assert evaluated(kept, {"image": image}, 0) == evaluated(kept, {"image": image}, 9)
    renewed = make(renew_every_n_steps=2)
    values = [evaluated(renewed, {"image": image}, step).item() for step in range(4)]
    assert values[0] == values[1] != values[2] == values[3]
    assert renewed.stochastic
    assert not kept.stochastic


def test_directions_are_drawn_from_the_seed() -> None:
    one, same, other = (evaluated(make(seed=seed), {"image": features(2)}) for seed in (0, 0, 1))
    assert one == same != other


def test_a_resumed_loss_goes_on_with_the_same_directions() -> None:
    loss, resumed = make(renew_every_n_steps=2), make(renew_every_n_steps=2)
    for step in range(3):
        evaluated(loss, {"image": features(2)}, step)
    resumed.load_state(loss.state())
    for step in range(3, 7):
        picture = {"image": features(3)}
        assert torch.equal(evaluated(resumed, picture, step), evaluated(loss, picture, step))


def test_several_styles_are_blended_by_the_mean_of_their_quantiles() -> None:
    loss = SlicedWassersteinLoss(projections=4)
    low, high = features(1), features(1) + 1
    loss.prepare(references(None, [{"image": low}, {"image": high}]))
    # by hand: the mean of a distribution and the same one moved by 1 is the one moved by 1/2
    torch.testing.assert_close(
        evaluated(loss, {"image": features(1) + 0.5}), torch.zeros((), dtype=torch.float64)
    )


def test_no_style_and_a_layer_smaller_than_a_patch_are_refused() -> None:
    with pytest.raises(ValueError, match="needs the features of a style image, got none"):
        SlicedWassersteinLoss().prepare(references(None, []))
    with pytest.raises(ValueError, match="but the style image's layer 'image' is only 4 positions"):
        make(size=5)
    with pytest.raises(ValueError, match="but the layer 'image' is only 2 positions"):
        evaluated(make(size=3), {"image": features(2, 2, 6)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "`size` of SlicedWassersteinLoss must be at least 1, got 0"),
        ({"projections": 0}, "`projections` of SlicedWassersteinLoss must be at least 1"),
        ({"renew_every_n_steps": 0}, "`renew_every_n_steps` of SlicedWassersteinLoss must be"),
        ({"projections": None}, "`projections` of SlicedWassersteinLoss must be .* got None"),
        ({"seed": None}, "`seed` of SlicedWassersteinLoss must be a whole number of 64 bits"),
        ({"padding": "same"}, "`padding` of SlicedWassersteinLoss must be one of valid, circular"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SlicedWassersteinLoss(**options)
