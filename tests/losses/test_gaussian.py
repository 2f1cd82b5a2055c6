import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stylelightning.functional.roots import by_eigenvalues, target_of
from stylelightning.functional.transport import squared_gaussian_wasserstein
from stylelightning.losses import GaussianWassersteinLoss, MeanCovarianceLoss
from tests.runs import references


def features(seed: int, channels: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixed = torch.randn(channels, channels, generator=generator, dtype=torch.float64)
    noise = torch.randn(1, channels, 6, 7, generator=generator, dtype=torch.float64)
    return torch.einsum("ij,bjhw->bihw", mixed, noise) + mixed[0].view(1, -1, 1, 1)


def moments(image: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    flat = image[0].flatten(1).numpy()
    return flat.mean(1), np.cov(flat, bias=True)


def by_newton_schulz(matrix: np.ndarray, steps: int = 40) -> np.ndarray:
    """Root of a positive matrix by another algorithm than eigenvalues."""
    norm = np.linalg.norm(matrix)
    root, inverse, unit = matrix / norm, np.eye(len(matrix)), np.eye(len(matrix))
    for _ in range(steps):
        middle = (3 * unit - inverse @ root) / 2
        root, inverse = root @ middle, middle @ inverse
    return np.asarray(root * np.sqrt(norm))


@given(st.integers(0, 99))
def test_the_wasserstein_term_is_that_of_two_gaussians(seed: int) -> None:
    loss = GaussianWassersteinLoss(1.0, ["image"], epsilon=1e-3)
    loss.prepare(references(None, [{"image": features(seed)}]))
    (mu, sigma), (nu, tau) = moments(features(seed + 100)), moments(features(seed))
    sigma, tau = sigma + 1e-3 * np.eye(3), tau + 1e-3 * np.eye(3)
    root = by_newton_schulz(sigma)  # oracle: numpy, the other image's root, another algorithm
    cross = by_newton_schulz(root @ tau @ root)
    expected = ((mu - nu) ** 2).mean() + np.diag(sigma + tau - 2 * cross).mean()
    np.testing.assert_allclose(loss({"image": features(seed + 100)}), expected, rtol=1e-6)


def test_the_distance_of_uncorrelated_gaussians_by_hand() -> None:
    # by hand: |(1, 2)|^2 + (3 - 1)^2 + (2 - 5)^2 with deviations (3, 2) and (1, 5)
    covariance = torch.tensor([[9.0, 4.0]]).diag_embed()
    target = target_of(torch.tensor([[1.0, 25.0]]).diag_embed())
    root = by_eigenvalues(covariance, target, 0.0, 2)
    value = squared_gaussian_wasserstein(
        torch.tensor([[1.0, 2.0]]), covariance, torch.zeros(1, 2), target, 0.0, root
    )
    torch.testing.assert_close(value, torch.tensor([5.0 + 4 + 9], dtype=torch.float64))


def test_the_mean_covariance_term_is_its_formula() -> None:
    (mu, sigma), (nu, tau) = moments(features(1)), moments(features(2))
    for reduction, divisors in (("mean", (3, 9)), ("sum", (1, 1))):
        loss = MeanCovarianceLoss(1.0, ["image"], reduction)  # type: ignore[arg-type]
        loss.prepare(references(None, [{"image": features(2)}]))
        expected = ((mu - nu) ** 2).sum() / divisors[0] + ((sigma - tau) ** 2).sum() / divisors[1]
        np.testing.assert_allclose(loss({"image": features(1)}), expected)


@pytest.mark.parametrize("kind", [MeanCovarianceLoss, GaussianWassersteinLoss])
def test_where_pixels_are_and_how_many_does_not_count(
    kind: type[MeanCovarianceLoss | GaussianWassersteinLoss],
) -> None:
    loss = kind(1.0, ["image"])
    loss.prepare(references(None, [{"image": features(1)}]))
    tiled = features(1).repeat(1, 1, 2, 3).flip(2)
    torch.testing.assert_close(loss({"image": tiled}), torch.zeros((), dtype=torch.float64))


@pytest.mark.parametrize("kind", [MeanCovarianceLoss, GaussianWassersteinLoss])
def test_the_gradient_stays_finite_in_float32_for_flat_features(
    kind: type[MeanCovarianceLoss | GaussianWassersteinLoss],
) -> None:
    loss = kind(1.0, ["image"])
    loss.prepare(references(None, [{"image": torch.full((1, 4, 5, 5), 0.3)}]))
    image = torch.rand(1, 4, 5, 5, requires_grad=True)
    (gradient,) = torch.autograd.grad(loss({"image": image}), image)
    assert gradient.isfinite().all()
    flat = torch.full((1, 4, 5, 5), 0.6, requires_grad=True)
    loss.prepare(references(None, [{"image": torch.rand(1, 4, 5, 5)}]))
    (gradient,) = torch.autograd.grad(loss({"image": flat}), flat)
    assert gradient.isfinite().all()


def test_several_styles_are_blended_by_their_moments() -> None:
    loss = MeanCovarianceLoss(1.0, ["image"])
    loss.prepare(
        references(None, [{"image": torch.full((1, 1, 2, 2), value)} for value in (1.0, 3.0)])
    )
    # by hand: mean 2, mean of squares (1 + 9) / 2 = 5, variance 5 - 4
    mean, covariance = loss.targets["image"]
    torch.testing.assert_close(mean, torch.tensor([[2.0]]))
    torch.testing.assert_close(covariance, torch.tensor([[[1.0]]]))


def test_bad_options_are_refused() -> None:
    with pytest.raises(ValueError, match="`epsilon` of GaussianWassersteinLoss must be above 0"):
        GaussianWassersteinLoss(epsilon=0.0)
    with pytest.raises(ValueError, match="MeanCovarianceLoss needs the features of a style image"):
        MeanCovarianceLoss().prepare(references(None, []))
