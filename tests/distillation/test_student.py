import pytest
import torch
from torch import Tensor

from stylelightning.backbones.vgg import VGG
from stylelightning.distillation.cutting import cut
from stylelightning.distillation.student import Student, set_map


def test_a_student_has_its_teachers_layers_down_to_the_deepest(teacher: VGG) -> None:
    student = Student(teacher, [2, 3, 5], "relu3_2")
    names = [name for name, _ in student.network.named_children()]
    assert names == list(teacher.layers)[: len(names)]
    assert names[-1] == "relu3_2"
    assert student.learnt == tuple(name for name in names if name.startswith("relu"))
    features = student(torch.rand(2, 3, 16, 16))
    shapes = {name: tuple(x.shape) for name, x in features.items()}
    assert shapes["relu1_2"] == (2, 2, 16, 16)
    assert shapes["relu3_2"] == (2, 5, 4, 4)


def test_a_guess_has_the_shape_of_the_teachers_map(teacher: VGG) -> None:
    student, image = Student(teacher, [2, 3], "relu2_2"), torch.rand(2, 3, 16, 16)
    wanted = teacher(image, student.learnt)
    for name, x in student(image).items():
        assert student.guess(name, x).shape == wanted[name].shape


def test_what_a_layer_reads_is_what_the_layer_before_gives(
    teacher: VGG, crops: list[Tensor]
) -> None:
    student = Student(teacher, [2, 3], "relu2_2")
    cut(teacher, student, crops)
    features = student(crops[0])
    assert torch.equal(student.before(crops[0], "conv2_2"), features["relu2_1"])
    assert torch.equal(student.before(crops[0], "pool1"), features["relu1_2"])
    assert torch.equal(student.before(crops[0], "conv1_1"), student.normalize(crops[0]))


def test_a_map_that_is_set_is_the_guess(teacher: VGG) -> None:
    student = Student(teacher, [2], "relu1_1")
    matrix, x = torch.randn(4, 2), torch.randn(1, 2, 3, 3)
    set_map(student, "relu1_1", matrix)
    expected = torch.einsum("tc,bchw->bthw", matrix, x)
    torch.testing.assert_close(student.guess("relu1_1", x), expected)


@pytest.mark.parametrize("deepest", ["relu6_1", "relu1_3", "conv2_1", "pool2", ""])
def test_the_deepest_layer_is_a_relu_of_the_teacher(teacher: VGG, deepest: str) -> None:
    with pytest.raises(ValueError, match=f"must be a layer such as relu5_1, got '{deepest}'"):
        Student(teacher, [2, 3], deepest)


@pytest.mark.parametrize("channels", [[2], [2, 3, 4], [2, 0], []])
def test_every_block_has_a_number_of_channels(teacher: VGG, channels: list[int]) -> None:
    with pytest.raises(ValueError, match="must be 2 numbers from 1, one for each block down to"):
        Student(teacher, channels, "relu2_1")
