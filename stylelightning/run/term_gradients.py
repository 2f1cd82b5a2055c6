"""What each term of the total asks of a picture, measured without a trace in the run."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from stylelightning.backbones.base import Features
from stylelightning.execution.tiled_evaluation import TiledEvaluation
from stylelightning.losses.base import IMAGE_LAYER
from stylelightning.objective import Objective

NOISE = 0.1
"""Standard deviation of the noise of ``with_noise``, the picture being in [0, 1]."""


class TermGradients(ABC):
    """The weighted terms at one picture, and their gradients there."""

    values: dict[str, Tensor]
    """The weighted terms by name, detached scalars."""

    @abstractmethod
    def gradient(self, term: str) -> Tensor:
        """Return the gradient of a weighted term at the picture, (1, 3, H, W)."""

    @abstractmethod
    def is_silent(self, term: str, layer: str) -> bool:
        """Return whether a term can't change the picture through a layer."""


class WholeTermGradients(TermGradients):
    """The weighted terms and their gradients at a picture that is looked at at once.

    It takes a forward pass of the backbone, and a backward pass for each gradient that is asked
    for. The losses and the random numbers are left as they were; no gradient is added to the run's
    own.

    Args:
        objective: The losses, and what gives them feature maps.
        picture: Where to measure, (1, 3, H, W) in [0, 1].
    """

    def __init__(self, objective: Objective, picture: Tensor) -> None:
        self.values: dict[str, Tensor] = {}
        self._gradients: dict[str, Features] = {}
        devices = [picture.device] if picture.device.type == "cuda" else []
        with torch.enable_grad(), torch.random.fork_rng(devices):
            # a parameter, as the run's picture is: nothing is compiled anew for it
            self._image = nn.Parameter(picture.detach())
            self.features = objective.features(self._image)
            read = {name: each.detach().requires_grad_() for name, each in self.features.items()}
            for name in objective.losses:  # one by one: their graphs are large
                value = objective.part([name]).terms(read).weighted[name]
                self._gradients[name] = _gradients(value, read)
                self.values[name] = value.detach()

    def is_silent(self, term: str, layer: str) -> bool:
        """Return whether a term can't change the picture through a layer."""
        gradient = self._gradients[term].get(layer)
        # where all answers of a layer are 0, nothing goes back through its rectifiers
        dead = layer != IMAGE_LAYER and not self.features[layer].any()
        return gradient is None or not gradient.any() or dead

    def gradient(self, term: str) -> Tensor:
        """Return the gradient of a weighted term at the picture, (1, 3, H, W)."""
        found = self._gradients[term]
        through = {k: v for k, v in found.items() if self.features[k].requires_grad}
        gradient = through.pop(IMAGE_LAYER, torch.zeros_like(self._image, requires_grad=False))
        if not through:
            return gradient
        # in 16 bits small gradients would be lost on their way back; a power of two is exact
        largest = torch.stack([each.abs().amax().to(gradient) for each in through.values()]).amax()
        factor = largest.clamp_min(torch.finfo(largest.dtype).tiny).log2().floor().exp2()
        (back,) = torch.autograd.grad(
            [self.features[layer] for layer in through],
            [self._image],
            [each / factor for each in through.values()],
            retain_graph=True,
            materialize_grads=True,
        )
        return gradient + back * factor


class TiledTermGradients(TermGradients):
    """The weighted terms and their gradients at a picture that is looked at tile by tile.

    Args:
        tiled: What evaluates the picture.
        objective: The losses, and what gives them feature maps.
        picture: Where to measure, (1, 3, H, W) in [0, 1].
    """

    def __init__(self, tiled: TiledEvaluation, objective: Objective, picture: Tensor) -> None:
        self._tiled, self._objective, self._picture = tiled, objective, picture.detach()
        self._sums = tiled.sums(self._picture)
        terms, self._at_sums, _ = tiled.compared(self._sums, self._picture)
        self.values = terms.weighted
        self._heard: set[tuple[str, str]] | None = None

    def gradient(self, term: str) -> Tensor:
        """Return the gradient of a weighted term at the picture, (1, 3, H, W)."""
        return self._tiled.part(self._objective.part([term])).gradient(self._picture, self._sums)

    def is_silent(self, term: str, layer: str) -> bool:
        """Return whether a term can't change the picture through a layer."""
        if self._heard is None:
            self._heard = self._tiled.heard(self._picture, self._at_sums)
        return layer != IMAGE_LAYER and (term, layer) not in self._heard


def norm(gradient: Tensor) -> float:
    """Return the L2 norm over all pixels."""
    return float(torch.linalg.vector_norm(gradient, dtype=torch.float64))


def with_noise(picture: Tensor) -> Tensor:
    """Return a picture plus white noise, in [0, 1]: a place where no term is at its minimum.

    Args:
        picture: Picture of shape (1, 3, H, W).

    Returns:
        Picture of the same shape. The noise is drawn from the seed of ``seed_everything`` and of
        nothing else; its standard deviation is 0.1.
    """
    generator = torch.Generator().manual_seed(torch.initial_seed() % 2**63)
    noise = torch.randn(picture.shape, generator=generator).to(picture)
    return noise.mul_(NOISE).add_(picture.detach()).clamp_(0, 1)


def _gradients(value: Tensor, read: Features) -> Features:
    """Return the gradients of a value at the feature maps that it depends on."""
    if not value.requires_grad:
        return {}
    found: tuple[Tensor | None, ...] = torch.autograd.grad(
        value, list(read.values()), allow_unused=True
    )
    pairs = zip(read, found, strict=True)
    return {name: gradient for name, gradient in pairs if gradient is not None}
