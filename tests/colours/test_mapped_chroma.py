"""The content image's chroma in the style's palette."""

import numpy as np
import pytest
import torch
from torch import Tensor

from stylelightning.colours import MappedChroma
from stylelightning.functional.bilateral import joint_bilateral
from stylelightning.functional.oklab import from_oklab, to_oklab
from stylelightning.images import Picture
from tests.colours.pictures import flat, gray, make_picture, random_picture


def zca(colours: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Whitened by the colours' own covariance and coloured by the target's, (N, n)."""
    roots = []
    for each in (colours, target):
        floor = 1e-4 * np.eye(each.shape[1])
        left, values, _ = np.linalg.svd(np.cov(each.T, bias=True) + floor)
        roots.append((left, np.sqrt(values)))
    (u, s), (v, t) = roots
    white = (colours - colours.mean(0)) @ u / s @ u.T
    return np.asarray(white @ v * t @ v.T + target.mean(0))


def table(image: Tensor) -> np.ndarray:
    """L, a and b of each pixel, (N, 3)."""
    return to_oklab(image)[0].flatten(1).T.double().numpy()


def test_before_the_run_nothing_changes() -> None:
    content, style = random_picture(1), random_picture(2)
    first, (second,) = MappedChroma().before(content, [style], [1.0])
    assert first is content.pixels
    assert second is style.pixels


def test_the_colours_are_those_of_the_formula() -> None:
    made, content, style = (random_picture(seed) for seed in (1, 2, 3))
    shown = MappedChroma().after(made.pixels, content.pixels, [style], [1.0])
    # oracle: numpy, with the singular vectors of NNST's program
    least, most = table(style.pixels).min(0), table(style.pixels).max(0)
    lightness = table(made.pixels)[:, :1].clip(least[0], most[0])
    mapped_chroma = zca(table(content.pixels)[:, 1:], table(style.pixels)[:, 1:])
    light, chroma = (
        torch.from_numpy(each.T.reshape(1, -1, 24, 32)) for each in (lightness, mapped_chroma)
    )
    smooth = joint_bilateral(chroma, light, 10.0, 5)
    mapped = torch.cat([light, smooth], 1)
    bounds = (torch.from_numpy(each).view(1, 3, 1, 1) for each in (least, most))
    expected = from_oklab(mapped.clamp(*bounds)).clamp(0, 1)
    torch.testing.assert_close(shown.double(), expected, rtol=0, atol=1e-4)


def test_lightness_is_the_pictures_and_within_the_styles() -> None:
    made, content, style = random_picture(1), random_picture(2), random_picture(3, 0.3, 0.7)
    shown = MappedChroma().after(made.pixels, content.pixels, [style], [1.0])
    own, palette = table(style.pixels)[:, 0], table(shown)[:, 0]
    expected = table(made.pixels)[:, 0].clip(own.min(), own.max())
    inside = (shown > 0).all(1) & (shown < 1).all(1)  # not cut
    kept = inside.flatten().numpy()
    assert kept.mean() > 0.5
    np.testing.assert_allclose(palette[kept], expected[kept], atol=1e-4)


def test_a_gray_style_gives_the_pictures_own_colours_its_moments() -> None:
    made, content = random_picture(1, 0.3, 0.7), random_picture(2)
    style = make_picture(torch.linspace(0, 1, 768).view(1, 1, 24, 32).expand(1, 3, -1, -1))
    shown = MappedChroma().after(made.pixels, content.pixels, [style], [1.0])
    colours, palette = table(made.pixels), table(style.pixels)
    colours[:, 0] = colours[:, 0].clip(palette[:, 0].min(), palette[:, 0].max())
    mapped = zca(colours, palette).clip(palette.min(0), palette.max(0))
    expected = from_oklab(torch.from_numpy(mapped.T.reshape(1, 3, 24, 32))).clamp(0, 1)
    torch.testing.assert_close(shown.double(), expected, rtol=0, atol=2e-3)
    assert float(table(shown)[:, 1:].std(0).max()) < 2e-3  # no chroma


def test_the_finest_bands_of_chroma_may_be_the_pictures_own() -> None:
    made, content, style = (random_picture(seed, 0.3, 0.7) for seed in (1, 2, 3))
    pictures = [
        MappedChroma(levels).after(made.pixels, content.pixels, [style], [1.0]) for levels in (0, 4)
    ]
    own, plain, detailed = (table(each) for each in (made.pixels, *pictures))
    for channel in (1, 2):
        with_own = [
            np.corrcoef(own[:, channel], each[:, channel])[0, 1] for each in (plain, detailed)
        ]
        assert with_own[0] < 0.3 < 0.7 < with_own[1]


def test_several_styles_have_one_palette_by_their_shares() -> None:
    made, content = random_picture(1).pixels, random_picture(2).pixels
    tint = torch.tensor([1.0, 0.7, 0.4]).view(1, 3, 1, 1)
    first, second = (
        make_picture(random_picture(3, 0.2, 0.8).pixels * each) for each in (tint, tint.flip(1))
    )
    alone = MappedChroma().after(made, content, [first], [1.0])
    same = MappedChroma().after(made, content, [first, first], [0.3, 0.7])
    torch.testing.assert_close(same, alone)
    without = MappedChroma().after(made, content, [first, second], [1.0, 0.0])
    assert torch.equal(without, alone)
    both = MappedChroma().after(made, content, [first, second], [0.25, 0.75])
    means = [table(each)[:, 1:].mean(0) for each in (both, first.pixels, second.pixels)]
    np.testing.assert_allclose(means[0], 0.25 * means[1] + 0.75 * means[2], atol=0.01)
    assert np.abs(means[1] - means[2]).max() > 0.05


def test_transparent_pixels_of_a_style_do_not_count() -> None:
    made, content, style = random_picture(1).pixels, random_picture(2).pixels, random_picture(3)
    alpha = torch.ones(1, 1, 24, 32)
    alpha[..., 16:] = 0
    shown = []
    for hidden in (0.0, 1.0):
        pixels = style.pixels.clone()
        pixels[..., 16:] = hidden
        styles = [Picture(pixels, alpha, style.path)]
        shown.append(MappedChroma().after(made, content, styles, [1.0]))
    assert torch.equal(*shown)


def test_flat_and_gray_images_stay_finite() -> None:
    for content in (flat(), gray()):
        for style in (flat(), gray()):
            shown = MappedChroma(2).after(gray(), content, [make_picture(style)], [1.0])
            assert shown.isfinite().all()


def test_a_number_out_of_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="`detail_levels` of MappedChroma must be at least 0, got"):
        MappedChroma(-1)
