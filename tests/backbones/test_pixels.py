import pytest
import torch

from stylelightning.backbones import Pixels
from tests.backbones.measure import picture, support


def test_first_octave_is_the_picture() -> None:
    image = picture(2, 3, 5, 7)
    assert torch.equal(Pixels()(image, ["octave1"])["octave1"], image)


def test_octaves_are_means_of_squares_of_pixels() -> None:
    # by hand: the mean of 1, 2, 5, 6 is 3.5, and so on; the fifth column is left over
    image = torch.arange(1.0, 17.0).reshape(4, 4)
    image = torch.cat([image, torch.full((4, 1), 99.0)], 1).expand(1, 3, 4, 5)
    features = Pixels(octaves=3)(image, ["octave2", "octave3"])
    expected = torch.tensor([[3.5, 5.5], [11.5, 13.5]]).expand(1, 3, 2, 2)
    torch.testing.assert_close(features["octave2"], expected)
    torch.testing.assert_close(features["octave3"], torch.full((1, 3, 1, 1), 8.5))


def test_octaves_keep_the_precision_of_the_picture() -> None:
    features = Pixels()(picture(1, 3, 8, 8, dtype=torch.float64), ["octave4"])
    assert features["octave4"].dtype == torch.float64


@pytest.mark.parametrize("name", ["octave1", "octave2", "octave4"])
def test_octave_sees_as_far_as_its_layer_says(name: str) -> None:
    backbone = Pixels()
    layer = backbone.layer_table[name]
    first, last = support(backbone, name, 64, 3)
    assert last - first + 1 == layer.receptive_field
    assert support(backbone, name, 64, 4)[0] - first == layer.stride


def test_octaves_below_1_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^`octaves` must be at least 1, got 0\.$"):
        Pixels(octaves=0)
