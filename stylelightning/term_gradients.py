"""What each term of the total asks of a picture, measured without a trace in the run."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from stylelightning.backbones.base import Features
from stylelightning.losses.base import IMAGE_LAYER, Loss

NOISE = 0.1
"""Standard deviation of the noise of ``with_noise``, the picture being in [0, 1]."""


class Evaluation:
    """The weighted terms at one picture, and their gradients there.

    It takes a forward pass of the backbone, and a backward pass for each gradient that is asked
    for. The losses are left as they were, and so are the random numbers; no gradient is added to
    the run's own.

    Args:
        compute: What gives the feature maps of a picture, the picture itself among them.
        losses: The losses by name.
        picture: Where to measure, (1, 3, H, W) in [0, 1].
    """

    def __init__(
        self,
        compute: Callable[[Tensor], Features],
        losses: Mapping[str, Loss],
        picture: Tensor,
    ) -> None:
        self.losses = losses
        self.values: dict[str, Tensor] = {}
        self._pulls: dict[str, Features] = {}
        with torch.enable_grad(), undisturbed(losses.values(), picture.device):
            # a parameter, as the run's picture is: nothing is compiled anew for it
            self._image = nn.Parameter(picture.detach())
            self.features = compute(self._image)
            read = {name: each.detach().requires_grad_() for name, each in self.features.items()}
            with torch.autocast(picture.device.type, enabled=False):
                for name, loss in losses.items():
                    value = loss.weight * loss(read)
                    self.values[name] = value.detach()
                    self._pulls[name] = _gradients(value, read)

    def pull(self, term: str, layer: str) -> Tensor | None:
        """Return the gradient of a term at a layer, None when the term does not depend on it."""
        return self._pulls[term].get(layer)

    def gradient(self, term: str) -> Tensor:
        """Return the gradient of a weighted term at the picture, (1, 3, H, W)."""
        pulls = {k: v for k, v in self._pulls[term].items() if self.features[k].requires_grad}
        gradient = pulls.pop(IMAGE_LAYER, torch.zeros_like(self._image, requires_grad=False))
        if not pulls:
            return gradient
        # in 16 bits small gradients would be lost on their way back; a power of two is exact
        largest = torch.stack([pull.abs().amax() for pull in pulls.values()]).amax()
        factor = largest.clamp_min(torch.finfo(largest.dtype).tiny).log2().floor().exp2()
        (through,) = torch.autograd.grad(
            [self.features[layer] for layer in pulls],
            [self._image],
            [pull / factor for pull in pulls.values()],
            retain_graph=True,
            materialize_grads=True,
        )
        return gradient + through * factor


def norm(gradient: Tensor) -> float:
    """Return the L2 norm over all pixels."""
    return float(torch.linalg.vector_norm(gradient.double()))


def with_noise(picture: Tensor) -> Tensor:
    """Return a picture plus white noise, in [0, 1]: a place where no term is at its minimum.

    Args:
        picture: Picture of shape (1, 3, H, W).

    Returns:
        Picture of the same shape. The noise is drawn from the seed of ``seed_everything`` and of
        nothing else; its standard deviation is 0.1.
    """
    generator = torch.Generator().manual_seed(torch.initial_seed() % 2**63)
    noise = torch.randn(picture.shape, generator=generator)
    return (picture.detach() + NOISE * noise.to(picture)).clamp(0, 1)


@contextmanager
def undisturbed(losses: Iterable[Loss], device: torch.device) -> Iterator[None]:
    """Leave losses and random numbers as they were, whatever is evaluated inside.

    What a loss keeps in its attributes is put back, and what it keeps elsewhere is in its
    ``state``.

    Args:
        losses: The losses that are evaluated.
        device: Where they are evaluated.
    """
    before = [(each, dict(vars(each)), copy.deepcopy(each.state())) for each in losses]
    for loss, attributes, _ in before:
        for name, value in attributes.items():
            if isinstance(value, dict | list | set):
                vars(loss)[name] = copy.copy(value)
    devices = [device] if device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        for loss, attributes, state in before:
            vars(loss).clear()
            vars(loss).update(attributes)
            if state:
                loss.load_state(state)


def _gradients(value: Tensor, read: Features) -> Features:
    """Return the gradients of a value at the feature maps that it depends on."""
    if not value.requires_grad:
        return {}
    found: tuple[Tensor | None, ...] = torch.autograd.grad(
        value, list(read.values()), allow_unused=True
    )
    pairs = zip(read, found, strict=True)
    return {name: gradient for name, gradient in pairs if gradient is not None}
