from pathlib import Path

import pytest
import torch
from torch import Tensor

from stylelightning import StyleTransferData
from stylelightning.images import RunPictures, read_picture, write_picture
from stylelightning.initial import (
    InitialContent,
    InitialFile,
    InitialGray,
    InitialNoise,
    InitialPicture,
    InitialStyle,
    initial_picture,
)
from stylelightning.initial.start import WORDS


@pytest.fixture
def pictures(data: StyleTransferData) -> RunPictures:
    data.setup("fit")
    return data.pictures


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_its_class(pictures: RunPictures, word: str) -> None:
    start = initial_picture(word, pictures, 16)
    assert start.shape == (1, 3, 12, 16)
    assert torch.equal(start, initial_picture(WORDS[word](), pictures, 16))


def test_content_is_the_content_image(pictures: RunPictures, content: Path) -> None:
    assert torch.equal(InitialContent().draw(pictures, (24, 32)), read_picture(content).pixels)


def test_style_is_cut_at_its_centre(pictures: RunPictures, style: Path) -> None:
    start = InitialStyle().draw(pictures, (24, 32))
    assert torch.equal(start, read_picture(style).pixels[..., 4:28, :])  # by hand: 32 rows to 24


def test_a_file_fills_the_picture(pictures: RunPictures, tmp_path: Path) -> None:
    tall = torch.rand(1, 3, 40, 8)
    write_picture(tmp_path / "tall.png", tall)
    start = initial_picture(str(tmp_path / "tall.png"), pictures, 8)
    # by hand: 6 of 40 rows at the centre
    torch.testing.assert_close(start, tall[..., 17:23, :], rtol=0, atol=1 / 255)
    same = initial_picture(InitialFile(str(tmp_path / "tall.png")), pictures, 8)
    assert torch.equal(start, same)


def test_gray_is_half_of_white(pictures: RunPictures) -> None:
    assert InitialGray().draw(pictures, (2, 3)).tolist() == [[[[0.5] * 3] * 2] * 3]


def test_noise_is_uniform_and_of_the_seed(pictures: RunPictures) -> None:
    torch.manual_seed(7)
    start = InitialNoise().draw(pictures, (100, 100))
    torch.rand(3)  # other draws change nothing
    assert torch.equal(start, InitialNoise().draw(pictures, (100, 100)))
    # by hand: the moments of a uniform variable, from 30,000 of them
    assert float(start.mean()) == pytest.approx(1 / 2, abs=0.01)
    assert float(start.var()) == pytest.approx(1 / 12, abs=0.003)


class Turned(InitialPicture):
    """A picture on its side."""

    def draw(self, pictures: RunPictures, size: tuple[int, int]) -> Tensor:
        """Return it."""
        return torch.zeros(1, 3, size[1], size[0])


def test_a_picture_of_another_shape_is_refused(pictures: RunPictures) -> None:
    words = r"`draw` of Turned .* here \(1, 3, 12, 16\), got \(1, 3, 16, 12\)"
    with pytest.raises(ValueError, match=words):
        initial_picture(Turned(), pictures, 16)
