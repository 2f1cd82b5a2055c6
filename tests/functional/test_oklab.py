"""The colour space Oklab."""

import pytest
import torch

from stylelightning.functional.oklab import from_oklab, to_oklab


def test_the_inverse_gives_the_picture_back() -> None:
    image = torch.rand(1, 3, 5, 7, dtype=torch.float64)
    torch.testing.assert_close(from_oklab(to_oklab(image)), image, rtol=0, atol=1e-9)


# oracle: the pairs of XYZ and Oklab that Ottosson prints, to three digits, but for the fourth,
# which no light has: a cone's answer to it is below 0
@pytest.mark.parametrize(
    ("xyz", "expected"),
    [
        ((0.950, 1.000, 1.089), (1.000, 0.000, 0.000)),
        ((1.000, 0.000, 0.000), (0.450, 1.236, -0.019)),
        ((0.000, 1.000, 0.000), (0.922, -0.671, 0.263)),
    ],
)
def test_the_space_is_that_of_its_author(
    xyz: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    to_linear = torch.tensor(
        [
            [3.2404542, -1.5371385, -0.4985314],
            [-0.9692660, 1.8760108, 0.0415560],
            [0.0556434, -0.2040259, 1.0572252],
        ]
    )  # sRGB, D65
    found = to_oklab((to_linear @ torch.tensor(xyz)).view(1, 3, 1, 1)).flatten()
    assert found.tolist() == pytest.approx(expected, abs=0.002)


def test_gray_has_no_chroma() -> None:
    gray = torch.linspace(0, 1, 5, dtype=torch.float64).view(1, 1, 1, 5).expand(1, 3, 1, 5)
    lightness, *chroma = to_oklab(gray)[0, :, 0].tolist()
    assert lightness == pytest.approx([(n / 4) ** (1 / 3) for n in range(5)], abs=1e-6)
    for channel in chroma:
        assert channel == pytest.approx([0] * 5, abs=1e-6)
