import pytest
import torch

from stylelightning.colours import LuminanceOnly
from stylelightning.colours.luminance import luminance
from tests.colours.pictures import flat, gray, make_picture, random_picture

# Y, I, Q of a colour, as printed in the NTSC standard to three digits
YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


def test_luminance_of_the_primary_colours() -> None:
    image = torch.eye(3)[None, :, :, None]  # a red, a green and a blue pixel
    assert luminance(image).flatten().tolist() == pytest.approx([0.299, 0.587, 0.114])


def test_the_run_sees_gray_images_only() -> None:
    content, styles = LuminanceOnly().before(random_picture(1), [random_picture(2)] * 2, [0.5, 0.5])
    for image in (content, *styles):
        assert image.shape[1] == 3
        torch.testing.assert_close(image, image[:, :1].expand_as(image))


def test_the_styles_luminance_has_the_contents_mean_and_deviation() -> None:
    content, style = random_picture(1, low=0.3, high=0.6), random_picture(2, low=0.3, high=0.7)
    dark, (painted,) = LuminanceOnly().before(content, [style], [1.0])
    torch.testing.assert_close(painted.mean(), dark.mean(), rtol=0, atol=1e-3)
    torch.testing.assert_close(painted.std(), dark.std(), rtol=0.1, atol=0)  # NOISE
    _, (unmatched,) = LuminanceOnly(match=False).before(content, [style], [1.0])
    torch.testing.assert_close(unmatched[:, :1], luminance(style.pixels))


def test_the_picture_has_its_own_luminance_and_the_contents_colours() -> None:
    content = random_picture(1, low=0.4, high=0.6).pixels
    made = 0.45 + 0.1 * torch.rand(1, 1, 24, 32).expand(1, 3, -1, -1)
    shown = LuminanceOnly().after(made, content, [], [])
    torch.testing.assert_close(luminance(shown), luminance(made))
    chroma = [torch.einsum("ij,bjhw->bihw", YIQ[1:], each) for each in (shown, content)]
    torch.testing.assert_close(chroma[0], chroma[1], rtol=0, atol=2e-4)  # three digits


def test_flat_and_gray_images_stay_finite() -> None:
    for content in (flat(), gray()):
        for style in (flat(), gray()):
            first, (second,) = LuminanceOnly().before(
                make_picture(content), [make_picture(style)], [1.0]
            )
            assert first.isfinite().all()
            assert second.isfinite().all()
            assert LuminanceOnly().after(first, content, [], []).isfinite().all()
