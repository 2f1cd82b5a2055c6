"""Roots of several layers' covariances, two at a time on a CPU.

An eigendecomposition is hardly faster on two cores than on one, and most of a root's time; two
decompositions on a core each take the time of the longer one.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import torch
from torch import Tensor

from stylelightning.functional.roots import Root, Solver, Target, exact_products

WORTH_A_THREAD = 256
"""Channels from which a root takes many times as long as starting a thread does."""


class Problem(NamedTuple):
    """A covariance whose root is sought.

    Args:
        covariance: Covariance of shape (B, C, C), without a gradient.
        target: The fixed one.
        rank: Largest rank of the covariance.
    """

    covariance: Tensor
    target: Target
    rank: int


def roots_of(problems: Sequence[Problem], epsilon: float, solver: Solver) -> list[Root]:
    """Return what a solver gives for each problem.

    On a CPU where torch has two threads or more, two large ones are solved at a time, the largest
    first, with half of the threads each: to the last bit as one after the other with as many
    threads.

    Args:
        problems: One for each layer.
        epsilon: What is added to the eigenvalues, at least 0.
        solver: How a root is computed.

    Returns:
        Trace and gradient of each, in the order of the problems.
    """

    def solve(problem: Problem) -> Root:
        return solver(problem.covariance, problem.target, epsilon, problem.rank)

    threads = torch.get_num_threads()
    large = [each for each in problems if _size(each) >= WORTH_A_THREAD]
    if threads < 2 or len(large) < 2 or problems[0].covariance.device.type != "cpu":
        return [solve(each) for each in problems]
    order = sorted(range(len(problems)), key=lambda index: -_size(problems[index]))
    try:
        with (
            exact_products(),  # of the process, not of a thread
            ThreadPoolExecutor(2, "roots", torch.set_num_threads, (threads // 2,)) as pair,
        ):
            found = {index: pair.submit(solve, problems[index]) for index in order}
            return [found[index].result() for index in range(len(problems))]
    finally:
        torch.set_num_threads(threads)  # what new threads take is of the process too


def _size(problem: Problem) -> int:
    return problem.covariance.shape[1]
