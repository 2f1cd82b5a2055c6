"""The Wasserstein term of Gaussians alone: time and errors on the features of trained VGG-16.

The time is that of the loss and its gradient from given feature maps, in turns with the loss by
autograd through the root in float64, as it was before; CPU time says more on a machine
that others use. The errors are those of one layer's squared distance and of its gradient to the
features, beside singular values in float64; both ways begin with the same maps in float32.

Usage: python -m benchmarks.roots [--device cpu|cuda] [--sizes 192 384] [--threads 2] [--save]
"""

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import torch
from torch import Tensor

from benchmarks.common import ROOT, Row, default_device, save, synchronize, table
from stylelightning import functional as F
from stylelightning.backbones import VGG16
from stylelightning.backbones.base import Features
from stylelightning.execution.allocator import keep_freed_memory
from stylelightning.images import read_picture
from stylelightning.losses import GaussianWassersteinLoss, Reference, References

LAYERS = {"relu1_1": 256.0, "relu2_1": 64.0, "relu3_1": 16.0, "relu4_1": 4.0, "relu5_1": 1.0}
EPSILON = 1e-4


def features(network: VGG16, picture: Path, size: int, device: str) -> Features:
    """Return the feature maps of the middle of a picture."""
    pixels = read_picture(picture).pixels
    side = min(pixels.shape[2:])
    pixels = F.resize(pixels[..., :side, :side].float(), (size, size)).to(device)
    with torch.no_grad():
        found = network(pixels, frozenset(LAYERS))
    return {name: found[name].requires_grad_() for name in LAYERS}


def moments(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and covariance, epsilon included, in float64."""
    mean = maps.mean((2, 3))[0]
    covariance = (F.gram_matrix(maps, "hw")[0] - mean[:, None] * mean).double()
    return mean.double(), covariance + EPSILON * torch.eye(len(mean), device=maps.device).double()


def root(matrix: Tensor) -> Tensor:
    """Return the symmetric root."""
    values, vectors = torch.linalg.eigh(matrix)
    found: Tensor = (vectors * values.clamp_min(0).sqrt()) @ vectors.mT
    return found


class Autograd:
    """The same distance through the root of eigenvalues, in float64, as autograd has it."""

    def __init__(self, style: Features) -> None:
        self.targets = {}
        for name in LAYERS:
            mean, covariance = moments(style[name].detach())
            self.targets[name] = mean, root(covariance)

    def layer(self, name: str, maps: Tensor) -> Tensor:
        """Return one layer's squared distance."""
        (mean, covariance), (target, target_root) = moments(maps), self.targets[name]
        between = target_root @ covariance @ target_root
        roots = torch.linalg.eigvalsh((between + between.mT) / 2).clamp_min(0).sqrt()
        traces = covariance.diagonal().sum() + target_root.square().sum()
        distance: Tensor = (mean - target).square().sum() + traces - 2 * roots.sum()
        return distance

    def __call__(self, maps: Features) -> Tensor:
        """Return the weighted sum over layers."""
        terms = [w * self.layer(k, maps[k]) / maps[k].shape[1] for k, w in LAYERS.items()]
        return torch.stack(terms).sum()


def by_singular_values(maps: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
    """Return a layer's squared distance and its gradient to the features, all in float64."""
    (mean, covariance), (target, other) = moments(maps.double()), moments(style.double())
    left, right = (torch.linalg.cholesky(each) for each in (covariance, other))
    _, singular, vectors = torch.linalg.svd(left.mT @ right)
    half = right @ (vectors.mT * singular.rsqrt())  # times its transpose, the transport map
    flat = maps.double().flatten(2)[0]
    centred = flat - mean[:, None]
    step = centred - half @ (half.mT @ centred) + (mean - target)[:, None]
    traces = covariance.trace() + other.trace() - 2 * singular.sum()
    return (mean - target).square().sum() + traces, 2 / flat.shape[1] * step


def errors(content: Features, style: Features, size: int) -> list[Row]:
    """Return the errors of every layer."""
    rows = []
    for name in LAYERS:
        maps = content[name]
        with torch.no_grad():
            exact, gradient = by_singular_values(maps, style[name])
        loss = GaussianWassersteinLoss(1.0, {name: 1.0}, "sum", EPSILON)
        loss.prepare(References(None, [Reference(style, 1.0)]))
        autograd = Autograd(style)
        row: Row = {"layer": name, "C": maps.shape[1], "size": size, "HW": maps[0, 0].numel()}
        values = {"closed form": loss({name: maps}), "autograd": autograd.layer(name, maps)}
        for method, value in values.items():
            (found,) = torch.autograd.grad(value, maps)
            row[f"{method}: error of value"] = float(((value.detach() - exact) / exact).abs())
            difference = found.double().flatten(2)[0] - gradient
            row[f"{method}: of gradient"] = float(difference.norm() / gradient.norm())
        rows.append(row)
    return rows


def times(content: Features, style: Features, device: str, rounds: int) -> Row:
    """Return milliseconds of the whole term, value and gradient, measured in turns."""
    loss = GaussianWassersteinLoss(1.0, dict(LAYERS), "mean", EPSILON)
    loss.prepare(References(None, [Reference(style, 1.0)]))
    ways: dict[str, Callable[[Features], Tensor]] = {
        "closed form": loss,
        "autograd": Autograd(style),
    }
    durations: dict[str, list[float]] = {name: [] for name in ways}
    busy: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 2):
        for name, way in ways.items():
            synchronize(device)
            began = perf_counter(), process_time()
            torch.autograd.grad(way(content), list(content.values()))
            synchronize(device)
            if turn >= 2:  # the first two warm up
                durations[name].append(1e3 * (perf_counter() - began[0]))
                busy[name].append(1e3 * (process_time() - began[1]))
    row: Row = {"size": content["relu1_1"].shape[2], "threads": torch.get_num_threads()}
    for name, each in durations.items():
        row |= {
            f"{name}: median ms": statistics.median(each),
            f"{name}: least ms": min(each),
            f"{name}: median CPU ms": statistics.median(busy[name]),
        }
    for what, found in (("ratio", durations), ("ratio of CPU time", busy)):
        pairs = zip(found["autograd"], found["closed form"], strict=True)
        row[what] = statistics.median(a / b for a, b in pairs)
    return row


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default=default_device(), choices=["cpu", "cuda"])
    parser.add_argument("--sizes", type=int, nargs="+", default=[192, 384])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--save", action="store_true", help="keep the rows in results/")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    network = VGG16(weights="oxford").to(options.device)
    measured, wrong = [], []
    for size in options.sizes:
        content, style = (
            features(network, ROOT / "configs/images" / f"{name}.jpg", size, options.device)
            for name in ("content", "style")
        )
        measured.append(times(content, style, options.device, options.rounds))
        wrong += errors(content, style, size)
    print(table(measured), table(wrong), sep="\n\n")
    if options.save:
        print(save("roots", options.device, [*measured, *wrong]))


if __name__ == "__main__":
    main()
