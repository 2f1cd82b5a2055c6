import pytest
import torch
from torch import Tensor

from stylelightning.functional.root_iteration import POLYNOMIALS, by_iteration
from stylelightning.functional.roots import (
    Solver,
    Target,
    by_eigenvalues,
    squared_bures,
    target_of,
)

EPSILON = 1e-4
SOLVERS = pytest.mark.parametrize("solver", [by_eigenvalues, by_iteration])


def covariance(eigenvalues: Tensor, seed: int) -> Tensor:
    """A covariance of these eigenvalues in directions of its own, (1, C, C) in float64."""
    generator = torch.Generator().manual_seed(seed)
    size = len(eigenvalues)
    mixed = torch.randn(size, size, generator=generator, dtype=torch.float64)
    vectors = torch.linalg.qr(mixed).Q
    product: Tensor = vectors * eigenvalues.double() @ vectors.mT
    return product[None]


def spread(size: int, rank: int) -> Tensor:
    """Eigenvalues from 1e6 to 1e-4, those beyond the rank 0."""
    return torch.cat([torch.logspace(6, -4, rank), torch.zeros(size - rank)])


def by_singular_values(matrix: Tensor, target: Tensor) -> tuple[float, Tensor]:
    """Oracle: f = |X|_1 for X = B A with A A^T = T and B^T B = Sigma, without a squared matrix.

    With X = P diag(s) Q^T the gradient A (X^T X)^(-1/2) A^T / 2 is that of the polar factor.
    """

    def factor(each: Tensor) -> Tensor:
        values, vectors = torch.linalg.eigh(each.double())
        root: Tensor = vectors * (values.clamp_min(0) + EPSILON).sqrt()[..., None, :]
        return root

    left, right = factor(matrix), factor(target)
    _, singular, vectors = torch.linalg.svd(left.mT @ right)
    half = right @ vectors.mT * singular.rsqrt()[..., None, :]
    return float(singular.sum()), half @ half.mT / 2


@SOLVERS
def test_the_gradient_is_that_of_differences(solver: Solver) -> None:
    target = target_of(covariance(torch.tensor([1.0, 2.0, 2.0, 5.0]), 0), EPSILON)
    factor = torch.randn(1, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def distance(factor: Tensor) -> Tensor:
        matrix = factor @ factor.mT
        return squared_bures(matrix, target, EPSILON, solver(matrix.detach(), target, EPSILON, 4))

    assert torch.autograd.gradcheck(distance, factor.requires_grad_())


@SOLVERS
def test_the_gradient_is_exact_where_eigenvalues_are_equal(solver: Solver) -> None:
    target = target_of(torch.eye(3, dtype=torch.float64)[None])
    factor = torch.eye(3, dtype=torch.float64)[None].mul(2).requires_grad_()

    def distance(factor: Tensor) -> Tensor:
        matrix = factor @ factor.mT
        return squared_bures(matrix, target, 0.0, solver(matrix.detach(), target, 0.0, 3))

    assert torch.autograd.gradcheck(distance, factor)


def test_a_second_derivative_is_refused() -> None:
    matrix = torch.eye(2)[None].requires_grad_()
    target = target_of(torch.eye(2)[None])
    root = by_eigenvalues(matrix.detach(), target, 0.0, 2)
    value = squared_bures(matrix, target, 0.0, root).sum()
    with pytest.raises(RuntimeError, match="no second derivative"):
        torch.autograd.grad(value, matrix, create_graph=True)


@pytest.mark.parametrize("rank", [64, 40, 20])  # at 20 the span of both is decomposed alone
def test_trace_and_gradient_are_exact_over_ten_decades(rank: int) -> None:
    matrix, other = covariance(spread(64, rank), 1), covariance(spread(64, rank), 2)
    target = target_of(other, EPSILON, rank)
    expected, exact = by_singular_values(matrix, other)
    trace, gradient = by_eigenvalues(matrix, target, EPSILON, rank)
    assert float(trace) == pytest.approx(expected, rel=1e-7)
    assert error(gradient, exact, matrix) < 1e-3
    trace, gradient = by_eigenvalues(matrix.float(), single(target), EPSILON, rank)
    assert float(trace) == pytest.approx(expected, rel=1e-5)
    # a covariance that is rounded to float32, all else in float64, has errors of 1e-3
    assert error(gradient, exact, matrix) < 2e-2


def test_the_span_of_both_ranges_alone_gives_the_same() -> None:
    flat = torch.randn(64, 16, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    matrix, other = (flat @ flat.mT)[None], covariance(torch.ones(64) * (torch.arange(64) < 16), 4)
    target = target_of(other, EPSILON, 16)
    reduced = by_eigenvalues(matrix, target, EPSILON, 16)
    torch.testing.assert_close(reduced, by_eigenvalues(matrix, target, EPSILON, 64))


def single(target: Target) -> Target:
    return target._replace(vectors=target.vectors.float(), probe=target.probe.float())


def error(gradient: Tensor, exact: Tensor, matrix: Tensor) -> float:
    """Relative error as features of this covariance feel it: of the gradient times its root."""
    values, vectors = torch.linalg.eigh(matrix)
    root = vectors * values.clamp_min(0).sqrt()[:, None]
    difference = (gradient.double() - exact) @ root
    return float(difference.norm() / (exact @ root).norm())


@pytest.mark.parametrize("rank", [64, 40, 20])
def test_the_iteration_is_as_exact(rank: int) -> None:
    matrix, other = covariance(spread(64, rank), 1), covariance(spread(64, rank), 2)
    expected, exact = by_singular_values(matrix, other)
    target = target_of(other, EPSILON, rank)
    trace, gradient = by_iteration(matrix, target, EPSILON, rank)
    assert float(trace) == pytest.approx(expected, rel=1e-5)
    assert error(gradient, exact, matrix) < 1e-3
    trace, gradient = by_iteration(matrix.float(), single(target), EPSILON, rank)
    assert gradient.dtype == torch.float32
    assert float(trace) == pytest.approx(
        expected, rel=1e-3
    )  # what rounding lost is set to its size
    assert error(gradient, exact, matrix) < 2e-2


def test_its_polynomials_bring_every_number_to_one() -> None:
    values = torch.logspace(-8, 0, 10_001, dtype=torch.float64)
    for a, b, c in POLYNOMIALS:
        values = a * values + b * values**3 + c * values**5
    torch.testing.assert_close(values, torch.ones_like(values), rtol=0, atol=1e-13)


@pytest.mark.gpu
def test_a_gpu_records_the_iteration() -> None:
    matrix, other = (covariance(spread(64, 40), seed).float().cuda() for seed in (1, 2))
    target = target_of(other, EPSILON, 40)
    expected = by_iteration(matrix, target, EPSILON, 40)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        recorded = by_iteration(matrix, target, EPSILON, 40)
    graph.replay()
    torch.testing.assert_close(recorded, expected)


@SOLVERS
def test_dead_channels_have_the_gradient_of_their_epsilon(solver: Solver) -> None:
    matrix, other = torch.zeros(1, 5, 5), torch.zeros(1, 5, 5)
    matrix[:, :3, :3], other[:, :3, :3] = (covariance(torch.ones(3), s).float() for s in (1, 2))
    _, gradient = solver(matrix, target_of(other, EPSILON), EPSILON, 5)
    # by hand: sqrt(t s) has the derivative sqrt(t / s) / 2, which is 1 / 2 for t = s
    torch.testing.assert_close(gradient, torch.eye(5)[None] / 2)


def test_a_covariance_negative_by_rounding_counts_as_epsilon() -> None:
    target = target_of(torch.eye(2).mul(9)[None], 0.0)
    matrix = torch.tensor([[[4.0, 0.0], [0.0, -1e-3]]])
    trace, gradient = by_eigenvalues(matrix, target, EPSILON, 2)
    # by hand: 3 * 2 + 3 * sqrt(epsilon), and sqrt(9 / s) / 2
    assert float(trace) == pytest.approx(3 * (4 + EPSILON) ** 0.5 + 3 * 1e-2)
    torch.testing.assert_close(
        gradient[0].diagonal(), torch.tensor([0.5 * 3 / (4 + EPSILON) ** 0.5, 0.5 * 3 / 1e-2])
    )
