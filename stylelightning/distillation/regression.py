"""Least squares in closed form, over more samples than fit into memory at once."""

import torch
from torch import Tensor

RIDGE = 1e-4
"""What is added to the squares' diagonal, as a part of its mean: it bounds the coefficients."""


class LeastSquares:
    r"""Find the matrix that gives some outputs from some inputs best.

    .. math:: W = (X^T X + \lambda I)^{-1} X^T Y

    Args:
        constant: Whether a constant is added to the inputs.
        ridge: :math:`\lambda` by the mean of the diagonal of :math:`X^T X`.
    """

    def __init__(self, constant: bool = False, ridge: float = RIDGE) -> None:
        self.constant, self.ridge = constant, ridge
        self._inner: Tensor | None = None
        self._outer: Tensor | None = None

    def add(self, inputs: Tensor, outputs: Tensor) -> None:
        """Take samples in.

        Args:
            inputs: Matrix of shape (samples, inputs).
            outputs: Matrix of shape (samples, outputs).
        """
        inputs, outputs = inputs.double(), outputs.double()
        if self.constant:
            inputs = torch.cat([inputs, inputs.new_ones(len(inputs), 1)], 1)
        inner, outer = inputs.T @ inputs, inputs.T @ outputs
        if self._inner is not None and self._outer is not None:
            inner, outer = self._inner + inner, self._outer + outer
        self._inner, self._outer = inner, outer

    def solve(self) -> Tensor:
        """Return the matrix, of shape (inputs, outputs); the constant's row is the last.

        Raises:
            RuntimeError: If there are no samples.
        """
        if self._inner is None or self._outer is None:
            raise RuntimeError("There are no samples.")
        size = len(self._inner)
        shift = self.ridge * self._inner.diagonal().mean()
        eye = torch.eye(size, dtype=self._inner.dtype, device=self._inner.device)
        solution: Tensor = torch.linalg.solve(self._inner + shift * eye, self._outer)
        return solution
