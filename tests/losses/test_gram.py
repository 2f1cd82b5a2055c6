"""The Gram term."""

import pytest
import torch

from stylelightning import functional as F
from stylelightning.losses import GramLoss
from tests.runs import references


def test_the_gram_term_of_constant_channels() -> None:
    # by hand: one channel of a against one of b at 6 pixels: G = a^2, A = b^2 (hw)
    for normalization, factor in (("none", 6.0), ("hw", 1.0), ("chw", 1.0)):
        loss = GramLoss(1.0, ["image"], normalization)  # type: ignore[arg-type]
        loss.prepare(references(None, [{"image": torch.full((1, 1, 2, 3), 3.0)}]))
        value = loss({"image": torch.full((1, 1, 2, 3), 2.0)})
        torch.testing.assert_close(value, torch.tensor((factor * (9 - 4)) ** 2))


def test_the_gram_term_ignores_where_and_how_large_the_style_is() -> None:
    loss = GramLoss(1.0, ["image"])
    style = torch.rand(1, 3, 4, 4)
    loss.prepare(references(None, [{"image": style}]))
    tiled = style.repeat(1, 1, 2, 3).flip(2)
    torch.testing.assert_close(loss({"image": tiled}), torch.zeros(()))


@pytest.mark.parametrize(("normalization", "factor"), [("gatys", 1), ("chw", 0.25)])
def test_gatys_loss_is_gatys_and_sum(normalization: F.GramNormalization, factor: float) -> None:
    picture, style = torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4)
    loss = GramLoss(factor, ["image"], normalization, "sum")
    loss.prepare(references(None, [{"image": style}]))
    # oracle: Gatys et al. 2016, equation 4, with N = 3 channels and M = 16 positions
    flat, flat_style = picture.flatten(2)[0], style.flatten(2)[0]
    expected = (flat @ flat.T - flat_style @ flat_style.T).square().sum() / (4 * 3**2 * 16**2)
    torch.testing.assert_close(loss.weight * loss({"image": picture}), expected)


def test_several_styles_are_blended_by_their_mean() -> None:
    loss = GramLoss(1.0, ["image"], "hw")
    loss.prepare(
        references(None, [{"image": torch.full((1, 1, 2, 2), value)} for value in (1.0, 3.0)])
    )
    torch.testing.assert_close(loss.targets["image"], torch.tensor([[[5.0]]]))  # (1 + 9) / 2


def test_a_blend_has_the_shares_of_its_styles() -> None:
    loss = GramLoss(1.0, ["image"], "hw")
    styles = [{"image": torch.full((1, 1, 2, 2), value)} for value in (1.0, 3.0)]
    loss.prepare(references(None, styles, (0.75, 0.25)))
    torch.testing.assert_close(loss.targets["image"], torch.tensor([[[3.0]]]))  # by hand
