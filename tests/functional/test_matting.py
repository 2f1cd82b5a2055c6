"""The matting Laplacian, without its matrix."""

import numpy as np
import pytest
import torch
from torch import Tensor

from stylelightning.functional.matting import matting_energy, matting_windows


def random_picture(seed: int, height: int = 6, width: int = 7) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((1, 3, height, width), generator=generator, dtype=torch.float64)


def dense(picture: Tensor, epsilon: float) -> np.ndarray:
    """Return M by Levin et al.'s equation 12: windows, pixels and pixels in loops, in numpy."""
    _, _, height, width = picture.shape
    colours = picture[0].flatten(1).T.numpy()
    matrix = np.zeros((height * width, height * width))
    for top in range(height - 2):
        for left in range(width - 2):
            window = [(top + y) * width + left + x for y in range(3) for x in range(3)]
            centred = colours[window] - colours[window].mean(0)
            inverse = np.linalg.inv(centred.T @ centred / 9 + epsilon / 9 * np.eye(3))
            for i, first in enumerate(window):
                for j, second in enumerate(window):
                    affinity = (1 + centred[i] @ inverse @ centred[j]) / 9
                    matrix[first, second] += (first == second) - affinity
    return matrix


@pytest.mark.parametrize("epsilon", [1e-7, 0.1])
@pytest.mark.parametrize("gray", [False, True])
def test_value_and_gradient_are_those_of_the_dense_matrix(epsilon: float, gray: bool) -> None:
    picture = random_picture(0, 10, 10)
    if gray:  # a covariance of rank 1, and of bytes
        picture = (255 * picture[:, :1]).round().expand(-1, 3, -1, -1) / 255
    image = random_picture(1, 10, 10).requires_grad_()
    energy = matting_energy(image, matting_windows(picture, epsilon))
    torch.autograd.backward(energy)
    matrix, channels = dense(picture, epsilon), image.detach()[0].flatten(1).numpy()
    assert energy.item() == pytest.approx((channels @ matrix * channels).sum(), rel=1e-9)
    assert image.grad is not None
    expected = torch.from_numpy(2 * channels @ matrix).view_as(image)
    torch.testing.assert_close(image.grad, expected, rtol=1e-7, atol=1e-7)


def test_a_flat_picture_costs_nothing() -> None:
    image = torch.full((1, 3, 6, 7), 0.3, dtype=torch.float64)
    assert matting_energy(image, matting_windows(random_picture(0))).item() < 1e-15


def test_an_affine_map_costs_epsilon_times_its_slopes() -> None:
    # by hand: 20 windows, slopes of 0.5 of another channel each, and nothing is left over
    picture = random_picture(0)
    energy = matting_energy(0.5 * picture.flip(1) + 0.1, matting_windows(picture, 1e-7))
    assert energy.item() == pytest.approx(20 * 3 * 0.25 * 1e-7, rel=1e-3)


def test_colours_may_change_from_window_to_window_and_edges_may_not_move() -> None:
    content = torch.zeros(1, 3, 8, 16, dtype=torch.float64)
    content[..., 8:] = 1
    lit = content * torch.tensor([0.9, 0.2, 0.5], dtype=torch.float64)[:, None, None] + 0.05
    moved = lit.roll(1, 3)
    windows = matting_windows(content)
    assert matting_energy(lit, windows) < 1e-5
    assert matting_energy(moved, windows) > 1


def test_float32_pictures_have_the_gradient_of_float64() -> None:
    picture = random_picture(0).float()
    image = (0.8 * picture + 0.1).requires_grad_()
    torch.autograd.backward(matting_energy(image, matting_windows(picture)))
    exact = image.detach().double().requires_grad_()
    torch.autograd.backward(matting_energy(exact, matting_windows(picture)))
    assert image.grad is not None
    assert exact.grad is not None
    assert image.grad.dtype == torch.float32
    torch.testing.assert_close(image.grad.double(), exact.grad, rtol=1e-6, atol=0)


def test_the_energy_passes_gradcheck() -> None:
    windows = matting_windows(random_picture(0))
    image = random_picture(1).requires_grad_()
    assert torch.autograd.gradcheck(lambda each: matting_energy(each, windows), image)


def test_pictures_of_a_batch_add_up() -> None:
    pictures, images = [random_picture(0), random_picture(1)], [random_picture(2)] * 2
    windows = [matting_windows(picture) for picture in pictures]
    parts = [matting_energy(*each) for each in zip(images, windows, strict=True)]
    whole = matting_energy(torch.cat(images), matting_windows(torch.cat(pictures)))
    torch.testing.assert_close(whole, parts[0] + parts[1])


def test_a_second_derivative_is_refused() -> None:
    image = random_picture(1).requires_grad_()
    energy = matting_energy(image, matting_windows(random_picture(0)))
    with pytest.raises(RuntimeError, match="matting energy has no second derivative"):
        torch.autograd.grad(energy, image, create_graph=True)


@pytest.mark.parametrize("shape", [(1, 3, 2, 9), (1, 3, 9, 2), (1, 4, 9, 9), (3, 9, 9)])
def test_a_picture_without_a_window_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="sides of at least 3 pixels, got ") as caught:
        matting_windows(torch.rand(shape))
    assert str(shape) in str(caught.value)


def test_pictures_of_two_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must have one shape, got \(1, 3, 6, 7\) and \(1, 3, 6"):
        matting_energy(random_picture(0), matting_windows(random_picture(0, 6, 8)))
