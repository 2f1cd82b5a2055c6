"""What nothing can be faster than: the bare network, and the machine's matrix product."""

from collections.abc import Callable

import torch

from benchmarks.common import median_ms
from stylelightning.backbones import VGG19

DEEPEST = "relu5_1"


def bare_network(dtype: torch.dtype, device: str) -> torch.nn.Sequential:
    """Return VGG-19 up to the deepest layer, as fast as torch has it."""
    layers = []
    for name, layer in VGG19(weights=None, pooling="avg").network.named_children():
        layers.append(layer)
        if name == DEEPEST:
            break
    network = torch.nn.Sequential(*layers).requires_grad_(False)
    return network.to(device, dtype).to(memory_format=torch.channels_last)


def floor(size: int, dtype: torch.dtype, device: str) -> Callable[[], None]:
    """Return what does a bare forward and backward."""
    network = bare_network(dtype, device)
    image = torch.rand(1, 3, size, size, device=device, dtype=dtype)
    image = image.contiguous(memory_format=torch.channels_last).requires_grad_()

    def work() -> None:
        image.grad = None
        features = network(image)
        features.backward(torch.ones_like(features))

    return work


def matmul_peak(dtype: torch.dtype, device: str) -> float:
    """Return the machine's GFLOP/s in a large product of matrices."""
    side = 4096 if device == "cpu" else 8192
    matrix = torch.rand(side, side, device=device, dtype=dtype)
    return 2 * side**3 / 1e6 / median_ms(lambda: matrix @ matrix, device, 5)
