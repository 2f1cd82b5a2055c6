import math

import pytest
import torch
from torch import Tensor

from stylelightning.backbones.vgg import VGG
from stylelightning.distillation.lenses import lens_of, lenses_of
from stylelightning.distillation.student import Student, set_map
from stylelightning.functional import gram_matrix

SHAPES = [(7, 3), (5, 5), (2, 4), (6, 1)]


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


@pytest.mark.parametrize(("taught", "own"), SHAPES)
def test_a_lens_has_the_teachers_lengths_and_angles(taught: int, own: int) -> None:
    weight, s, r = drawn(taught, own), drawn(own, 20), drawn(own, 20)
    lens = lens_of(weight)
    assert lens.shape == (own, own)
    expected = own / taught * (weight @ s).T @ (weight @ r)
    torch.testing.assert_close((lens @ s).T @ (lens @ r), expected)


@pytest.mark.parametrize(("taught", "own"), SHAPES)
def test_differences_and_gram_matrices_by_the_channel_are_the_teachers(
    taught: int, own: int
) -> None:
    weight, s, r = drawn(taught, own), drawn(1, own, 4, 5), drawn(1, own, 4, 5)
    through, mapped = (
        [torch.einsum("tc,bchw->bthw", matrix, x) for x in (s, r)]
        for matrix in (lens_of(weight), weight)
    )
    difference = (mapped[0] - mapped[1]).square().mean()
    torch.testing.assert_close((through[0] - through[1]).square().mean(), difference)
    ours, theirs = (gram_matrix(a) - gram_matrix(b) for a, b in (through, mapped))
    torch.testing.assert_close(ours.norm() / own, theirs.norm() / taught)


def test_a_lens_stretches_and_does_not_turn() -> None:
    lens = lens_of(drawn(7, 3))
    torch.testing.assert_close(lens, lens.T)
    assert torch.linalg.eigvalsh(lens).min() > 0


def test_a_lens_of_a_map_by_hand() -> None:
    # by hand: of M = diag(-2, 3) over two zero rows, sqrt(2 / 4) diag(2, 3)
    weight = torch.tensor([[-2.0, 0.0], [0.0, 3.0], [0.0, 0.0], [0.0, 0.0]])
    expected = math.sqrt(1 / 2) * torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    torch.testing.assert_close(lens_of(weight), expected)


def test_every_compared_layer_has_the_lens_of_its_map(teacher: VGG) -> None:
    student = Student(teacher, [2, 3], "relu2_1")
    maps = {name: torch.randn(teacher.layer_table[name].channels, n) for name, n in (
        ("relu1_1", 2), ("relu1_2", 2), ("relu2_1", 3),
    )}  # fmt: skip
    for name, weight in maps.items():
        set_map(student, name, weight)
    lenses = lenses_of(student)
    assert list(lenses) == list(maps)
    for name, weight in maps.items():
        torch.testing.assert_close(lenses[name], lens_of(weight))
        assert not lenses[name].requires_grad
