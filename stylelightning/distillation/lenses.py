"""What gives a student's features the geometry of its teacher's."""

import math

import torch
from torch import Tensor

from stylelightning.distillation.student import Student


@torch.no_grad()
def lens_of(weight: Tensor) -> Tensor:
    r"""Return the square matrix that has the lengths and angles of a linear map.

    .. math:: A = \sqrt{C_s / C_t}\,(M^T M)^{1/2}

    Then :math:`(A s) \cdot (A r) = \frac{C_s}{C_t} (M s) \cdot (M r)` for all features s, r of the
    student: squared differences by the channel, Gram matrices by the channel, their norms, and
    covariances' distances are those of the teacher's features :math:`M s`, with fewer channels.

    Args:
        weight: M, of shape (teacher's channels, student's channels).

    Returns:
        A, of shape (student's channels, student's channels).
    """
    taught, own = weight.shape
    values, vectors = torch.linalg.eigh(weight.double().T @ weight.double())
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    lens: Tensor = math.sqrt(own / taught) * root
    return lens.to(weight.dtype)


def lenses_of(student: Student) -> dict[str, Tensor]:
    """Return the lens of each layer that is compared with the teacher's, by its name."""
    found = {}
    for name, module in student.maps.items():
        weight = module.weight
        assert isinstance(weight, Tensor)
        found[name] = lens_of(weight.detach().cpu()[:, :, 0, 0])
    return found
