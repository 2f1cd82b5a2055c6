import pytest
import torch
from torch import Tensor

from stylelightning.backbones.vgg import VGG
from stylelightning.distillation.cutting import cut, fit_maps, independent_channels
from stylelightning.distillation.explained import ExplainedVariance
from stylelightning.distillation.student import Student
from tests.distillation.conftest import CHANNELS

# the choice of channels


def left_over(samples: Tensor, chosen: Tensor) -> float:
    """Return the part of the variance that some channels do not explain. Oracle: LAPACK."""
    x = samples.double() - samples.double().mean(0)
    fitted = x[:, chosen] @ torch.linalg.lstsq(x[:, chosen], x, driver="gelsd").solution
    return float((x - fitted).square().sum() / x.square().sum())


@pytest.mark.parametrize("seed", range(5))
def test_of_channels_that_tell_the_same_one_is_chosen(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    own = torch.randn(100, 4, generator=generator)
    scaled = torch.cat([own, own, 3 * own, 2 - own], 1)
    order = torch.randperm(16, generator=generator)
    chosen = order[independent_channels(scaled[:, order], 4)]
    assert sorted(chosen.remainder(4).tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize("seed", range(5))
def test_as_many_channels_as_are_independent_explain_all(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    own = torch.randn(100, 4, generator=generator)
    mixed = torch.cat([own @ torch.randn(4, 6, generator=generator), own], 1)
    assert left_over(mixed, independent_channels(mixed, 4)) < 1e-9
    assert left_over(mixed, independent_channels(mixed, 3)) > 1e-3


def test_a_channel_that_many_others_follow_beats_a_loud_one() -> None:
    drawn = torch.randn(100, 5)
    own = torch.linalg.qr(drawn - drawn.mean(0)).Q
    many = own[:, :1] + 0.1 * own[:, 1:4]
    samples = torch.cat([1.5 * own[:, 4:], many], 1)
    # QR with column pivoting begins with the largest column
    pivoted = samples.var(0).argmax()[None]
    chosen = independent_channels(samples, 1)
    assert pivoted.item() == 0
    # by hand: of 1.5 ** 2 + 3 * 1.01, one takes 1.5 ** 2 away and the other 1.01 + 2 / 1.01
    assert left_over(samples, pivoted) == pytest.approx(1 - 2.25 / 5.28)
    assert left_over(samples, chosen) == pytest.approx(1 - (1.01 + 2 / 1.01) / 5.28)


def test_all_channels_are_all_even_if_some_are_dead() -> None:
    samples = torch.randn(50, 5)
    samples[:, 2] = 0
    samples[:, 4] = samples[:, 1]
    assert independent_channels(samples, 5).tolist() == [0, 1, 2, 3, 4]
    assert independent_channels(samples, 3).tolist() in ([0, 1, 3], [0, 3, 4])


def test_a_channels_mean_does_not_matter() -> None:
    samples = torch.randn(50, 6) * torch.arange(1, 7)
    moved = samples + 100 * torch.rand(6)
    for count in range(1, 7):
        assert torch.equal(independent_channels(samples, count), independent_channels(moved, count))


# the cut


def explained(teacher: VGG, student: Student, crops: list[Tensor]) -> dict[str, float]:
    measures = {
        name: ExplainedVariance(teacher.layer_table[name].channels) for name in student.maps
    }
    with torch.no_grad():
        for image in crops:
            wanted, ours = teacher(image, student.learnt), student(image)
            for name, measure in measures.items():
                measure.update(student.guess(name, ours[name]), wanted[name])
    return {name: float(measure.compute()) for name, measure in measures.items()}


def test_a_student_with_all_channels_explains_everything(teacher: VGG, crops: list[Tensor]) -> None:
    student = Student(teacher, CHANNELS, "relu5_1")
    cut(teacher, student, crops)
    parts = explained(teacher, student, crops)
    assert len(parts) == 11
    assert min(parts.values()) >= 0.99, parts


def test_more_channels_explain_more(teacher: VGG, crops: list[Tensor]) -> None:
    found = []
    for count in (1, 2, 3, 4):
        student = Student(teacher, [count, count], "relu2_1")
        cut(teacher, student, crops)
        found.append(explained(teacher, student, crops)["relu2_1"])
    assert found == sorted(found)
    assert found[0] < 0.9


def test_cutting_depends_on_its_seed_alone(teacher: VGG, crops: list[Tensor]) -> None:
    students = [Student(teacher, [3, 3, 4], "relu3_1") for _ in range(3)]
    for student, seed in zip(students, (0, 0, 1), strict=True):
        torch.rand(1)  # the global random numbers are not read
        cut(teacher, student, crops, seed)
    first, again, other = (student.state_dict() for student in students)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["network.conv2_1.weight"], other["network.conv2_1.weight"])


def test_cutting_leaves_the_teacher_as_it_was(teacher: VGG, crops: list[Tensor]) -> None:
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    cut(teacher, Student(teacher, [3, 3], "relu2_2"), crops)
    after = teacher.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("seed", range(3))
def test_fitting_maps_never_explains_less_on_its_samples(teacher: VGG, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    # of one pixel, so that every position is the same and all of a crop is a sample
    pixels = [torch.rand((16, 3, 1, 1), generator=generator) for _ in range(3)]
    student = Student(teacher, [3], "relu1_2")
    cut(teacher, student, pixels, seed)
    with torch.no_grad():
        for value in student.network.parameters():  # a training moved the filters
            value.add_(0.1 * torch.randn(value.shape, generator=generator))
    before = explained(teacher, student, pixels)
    filters = {name: value.clone() for name, value in student.network.state_dict().items()}
    fit_maps(teacher, student, pixels, seed)
    after = explained(teacher, student, pixels)
    assert all(after[name] > before[name] for name in student.learnt)
    fit_maps(teacher, student, pixels, seed)
    assert explained(teacher, student, pixels) == after
    now = student.network.state_dict()
    assert all(torch.equal(filters[name], now[name]) for name in filters)
