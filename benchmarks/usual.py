"""A step as most programs write it: in float32, operation by operation, with nothing around it.

Maps and filters are in torch's own layout, a Gram matrix is the product of a map and its
transpose, the root of a covariance twelve steps of Newton and Schulz, and the optimizer is torch's.
"""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from benchmarks.floor import bare_network
from stylelightning.backbones import VGG19

Losses = Literal["gram", "w2"]

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT_LAYER = "relu4_2"
ROOT_STEPS = 12


def usual_step(size: int, device: str, losses: Losses, optimizer: str) -> Callable[[], None]:
    """Return what does a step of a run that goes on from call to call.

    Args:
        size: Side of the picture in pixels.
        device: Where, ``cpu`` or ``cuda``.
        losses: ``gram`` matrices, or ``w2``, the Wasserstein distance of Gaussians.
        optimizer: ``Adam``, or ``LBFGS`` with one evaluation in a step.
    """
    network = bare_network(torch.float32, device).to(memory_format=torch.contiguous_format)
    names = [name for name, _ in VGG19(weights=None).network.named_children()]

    def maps(image: Tensor) -> dict[str, Tensor]:
        found, x = {}, image
        for name, layer in zip(names, network.children(), strict=False):
            x = layer(x)
            if name in STYLE_LAYERS or name == CONTENT_LAYER:
                found[name] = x
        return found

    term: type[GramTerm | WassersteinTerm] = GramTerm if losses == "gram" else WassersteinTerm
    with torch.no_grad():
        other = maps(torch.rand(1, 3, size, size, device=device))
        terms = {name: term(other[name]) for name in STYLE_LAYERS}
        content = other[CONTENT_LAYER]
    image = torch.rand(1, 3, size, size, device=device).requires_grad_()
    options: dict[str, Any] = {"lr": 0.02} if optimizer == "Adam" else {"lr": 1, "max_iter": 1}
    torch_optimizer = getattr(torch.optim, optimizer)([image], **options)

    def evaluate() -> Tensor:
        torch_optimizer.zero_grad()
        found = maps(image)
        values = [torch.nn.functional.mse_loss(found[CONTENT_LAYER], content)]
        values += [1e3 * style(found[name]) for name, style in terms.items()]
        total = torch.stack(values).sum()
        torch.autograd.backward(total)
        return total

    def work() -> None:
        torch_optimizer.step(evaluate)

    return work


class GramTerm:
    """The mean squared difference of two Gram matrices.

    Args:
        features: Map of the style image, (1, C, H, W).
    """

    def __init__(self, features: Tensor) -> None:
        self.target = _gram(features)

    def __call__(self, features: Tensor) -> Tensor:
        """Return the term of a map of the picture."""
        return torch.nn.functional.mse_loss(_gram(features), self.target)


class WassersteinTerm:
    """The squared Wasserstein distance of two Gaussians, with roots by Newton and Schulz.

    Args:
        features: Map of the style image, (1, C, H, W).
    """

    def __init__(self, features: Tensor) -> None:
        self.mean, self.covariance = _moments(features)
        self.root = _Root.apply(self.covariance)

    def __call__(self, features: Tensor) -> Tensor:
        """Return the term of a map of the picture."""
        mean, covariance = _moments(features)
        between = _Root.apply(self.root @ covariance @ self.root)
        traces = (covariance + self.covariance - 2 * between).diagonal().sum()
        distance: Tensor = ((mean - self.mean).square().sum() + traces) / len(mean)
        return distance


class _Root(torch.autograd.Function):
    """The root of a matrix and its gradient, each by twelve steps.

    Source: Lin and Maji, "Improved bilinear pooling with CNNs", BMVC 2017, algorithms 1 and 2,
    https://arxiv.org/abs/1707.06772
    """

    @staticmethod
    def forward(ctx: Any, matrix: Tensor) -> Tensor:
        three = 3 * torch.eye(len(matrix), device=matrix.device)
        norm = matrix.norm()
        y, z = matrix / norm, three / 3
        for _ in range(ROOT_STEPS):
            t = (three - z @ y) / 2
            y, z = y @ t, t @ z
        root: Tensor = y * norm.sqrt()
        ctx.save_for_backward(root)
        return root

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (root,) = ctx.saved_tensors
        three = 3 * torch.eye(len(root), device=root.device)
        norm = root.norm()
        a, q = root / norm, gradient / norm
        for _ in range(ROOT_STEPS):
            rest = three - a @ a
            q = (q @ rest - a.T @ (a.T @ q - q @ a)) / 2
            a = a @ rest / 2
        result: Tensor = q / 2
        return result


def _gram(features: Tensor) -> Tensor:
    flat = features.flatten(2)[0]
    matrix: Tensor = flat @ flat.T / flat.numel()
    return matrix


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    flat = features.flatten(2)[0]
    mean = flat.mean(1)
    centred = flat - mean[:, None]
    unit = torch.eye(len(mean), device=mean.device)
    return mean, centred @ centred.T / flat.shape[1] + 1e-4 * unit
