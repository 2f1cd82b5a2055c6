"""How far a run comes in each basis of the picture, and whether L-BFGS is lost in one.

The objective is that of `configs/study/baseline.yaml`, on one network; what differs is what the
parameters are, where the picture starts and what makes the steps. Each basis has its own learning
rate: the one of a grid that is lowest after the last step, for the first pair of pictures and this
start; the other pairs are run with that. Totals are those of the shown picture, as ratios to Adam
on pixels, the geometric mean over the pairs.

Usage: python -m benchmarks.parametrizations [--quick] [--lost | --cost] [BASIS ...]
"""

import argparse
import logging
import math
import statistics
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
import yaml
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything
from torch import Tensor
from torch.optim import LBFGS, Adam, Optimizer

from benchmarks.common import ROOT, Row, default_device, median_ms, save, table
from benchmarks.lbfgs_starts import Totals, make_losses
from stylelightning import Schedule, StyleTransfer, StyleTransferData
from stylelightning.backbones import VGG16, Backbone, SlimVGG
from stylelightning.images import RunPictures
from stylelightning.initial import InitialContent, InitialGray, InitialNoise, InitialPicture
from stylelightning.objective import Objective
from stylelightning.parametrizations import (
    DecorrelatedParametrization,
    FourierParametrization,
    LaplacianParametrization,
    Parametrization,
    PixelParametrization,
    SigmoidParametrization,
)

BASES: dict[str, Callable[[], Parametrization]] = {
    "pixels": PixelParametrization,
    "Fourier": FourierParametrization,
    "Laplacian": LaplacianParametrization,
    "colours": DecorrelatedParametrization,
    "sigmoid": SigmoidParametrization,
    "colours of Fourier": lambda: DecorrelatedParametrization(FourierParametrization()),
    "sigmoid, colours, Fourier": lambda: SigmoidParametrization(
        DecorrelatedParametrization(FourierParametrization())
    ),
}
PAIRS = [("content", "style"), ("portrait", "ink"), ("building", "cubism"), ("animal", "glass")]
"""Of the example pictures, the one that is tuned on first."""
STARTS = ("content", "gray", "noise")
RATES: dict[str, tuple[float, ...]] = {
    "Adam": (0.04, 0.08, 0.16, 0.32),
    "L-BFGS": (1.0,),
}
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "Adam": partial(Adam, betas=(0.9, 0.99)),
    "L-BFGS": partial(LBFGS, history_size=20),
}
LAST = (20, 40, 60)
"""Steps after which the picture is rated."""
NETWORKS: dict[str, Callable[[], Backbone]] = {
    "SlimVGG": partial(SlimVGG, pooling="avg"),
    "VGG16": partial(VGG16, "oxford", pooling="avg"),
}


class Near(InitialPicture):
    """A start of the package with noise of 0.01, from the seed, so that no two runs are alike."""

    def __init__(self, name: str) -> None:
        known: dict[str, InitialPicture] = {
            "content": InitialContent(),
            "gray": InitialGray(),
            "noise": InitialNoise(),
        }
        self.start = known[name]

    def draw(self, pictures: RunPictures, size: tuple[int, int]) -> Tensor:
        """Return the picture with its noise."""
        picture = self.start.draw(pictures, size)
        return (picture + 0.01 * torch.randn_like(picture)).clamp(0, 1)


class Ratings(Callback):
    """The totals of the shown picture after some steps."""

    def __init__(self, last: Sequence[int]) -> None:
        self.last = last
        self.totals: list[float] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Rate the picture when it is time."""
        assert isinstance(pl_module, StyleTransfer)
        if trainer.global_step in self.last:
            with torch.no_grad():
                features = pl_module.objective.features(pl_module.canvas.picture)
                self.totals.append(float(pl_module.objective.terms(features).total))


class Bench:
    """Runs of one objective on one network at one size.

    Args:
        backbone: The network.
        size: Longer side of the picture in pixels.
        device: ``cpu`` or ``cuda``.
    """

    def __init__(self, backbone: Backbone, size: int, device: str) -> None:
        self.backbone, self.size, self.device = backbone, size, device
        baseline = ROOT / "configs" / "study" / "baseline.yaml"
        self.losses = yaml.safe_load(baseline.read_text())["model"]["losses"]

    def run(
        self,
        callback: Callback,
        basis: str,
        optimizer: str,
        rate: float,
        start: str,
        pair: int,
        seed: int,
        steps: int,
    ) -> None:
        """Make one run, which the callback watches."""
        seed_everything(seed, verbose=False)
        pictures = [str(ROOT / "configs" / "images" / f"{each}.jpg") for each in PAIRS[pair]]
        with tempfile.TemporaryDirectory() as folder:
            trainer = Trainer(
                accelerator="gpu" if self.device == "cuda" else "cpu",
                devices=1,
                max_epochs=-1,
                logger=False,
                callbacks=[callback],
                enable_progress_bar=False,
                enable_model_summary=False,
                enable_checkpointing=False,
                default_root_dir=folder,
            )
            module = StyleTransfer(
                self.backbone,
                make_losses(self.losses),
                optimizer=partial(OPTIMIZERS[optimizer], lr=rate),
                schedule=Schedule(steps),
                canvas=BASES[basis](),
                init=Near(start),
                matmul_precision="highest",
            )
            trainer.fit(module, StyleTransferData(pictures[0], pictures[1], self.size))

    def rated(self, basis: str, optimizer: str, rate: float, start: str, pair: int) -> Ratings:
        """Return the ratings of one run."""
        ratings = Ratings(LAST)
        self.run(ratings, basis, optimizer, rate, start, pair, pair, LAST[-1])
        return ratings

    def tuned(
        self, basis: str, optimizer: str, start: str, pairs: int
    ) -> tuple[float, list[Ratings]]:
        """Return the best rate for the first pair, and the ratings of all with it."""
        found = {rate: self.rated(basis, optimizer, rate, start, 0) for rate in RATES[optimizer]}
        best = min(found, key=lambda rate: _number(found[rate].totals[-1]))
        others = [self.rated(basis, optimizer, best, start, pair) for pair in range(1, pairs)]
        return best, [found[best], *others]

    def lost(self, basis: str, start: str, seeds: int) -> Row:
        """Return how many runs of L-BFGS are lost, with the limit of a step's length."""
        runs = [Totals() for _ in range(seeds)]
        for seed, totals in enumerate(runs):
            self.run(totals, basis, "L-BFGS", 1.0, start, 0, seed, 30)
        return {
            "basis": basis,
            "start": start,
            "size": self.size,
            "runs": seeds,
            "first pair dropped": sum(each.dropped for each in runs),
            "lost": sum(each.lost for each in runs),
            "largest / first": max(max(each.totals) / each.totals[0] for each in runs),
            "last / first": statistics.median(each.totals[-1] / each.totals[0] for each in runs),
        }

    def cost(self, basis: str) -> Row:
        """Return what a basis takes of a step of Adam: decoding, its gradient, and the cut."""
        picture = torch.rand(1, 3, self.size, self.size, device=self.device)
        gradient = torch.rand_like(picture)
        parametrization = BASES[basis]().to(self.device)
        parametrization.encode(picture)
        backbone = self.backbone.to(self.device)
        objective = Objective(make_losses(self.losses), backbone)
        with torch.no_grad():
            objective.prepare(objective.references(picture, [picture.flip(3)], [1.0]))
        picture.requires_grad_()

        def decode() -> None:
            torch.autograd.backward(parametrization.decode(), gradient)
            parametrization.project()

        def evaluate() -> None:
            torch.autograd.backward(objective.terms(objective.features(picture)).total)

        once = [median_ms(work, self.device, 5) for work in (evaluate, decode) * 3]
        whole, part = statistics.median(once[::2]), statistics.median(once[1::2])
        return {"basis": basis, "size": self.size, "ms": part, "of an evaluation": part / whole}


def _number(total: float) -> float:
    return total if math.isfinite(total) else math.inf


def compared(bench: Bench, bases: Sequence[str], starts: Sequence[str], pairs: int) -> list[Row]:
    """Return the table of all bases, starts and optimizers."""
    rows: list[Row] = []
    for start in starts:
        base: list[Ratings] = []
        for basis in bases:
            for optimizer in RATES:
                rate, ratings = bench.tuned(basis, optimizer, start, pairs)
                base = base or ratings  # Adam on pixels
                row: Row = {"start": start, "basis": basis, "optimizer": optimizer, "rate": rate}
                for index, step in enumerate(LAST):
                    row[f"step {step}"] = statistics.geometric_mean(
                        _number(each.totals[index]) / other.totals[index]
                        for each, other in zip(ratings, base, strict=True)
                    )
                rows.append(row)
                print(table(rows[-1:]).splitlines()[-1], flush=True)
    return rows


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bases", nargs="*", default=list(BASES), help=f"of {', '.join(BASES)}")
    parser.add_argument("--lost", action="store_true", help="count lost runs of L-BFGS instead")
    parser.add_argument("--cost", action="store_true", help="measure the time of a basis instead")
    parser.add_argument("--network", default="SlimVGG", choices=NETWORKS)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--starts", nargs="+", default=STARTS, choices=STARTS)
    parser.add_argument("--pairs", type=int, default=len(PAIRS), choices=range(1, len(PAIRS) + 1))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--device", default=default_device(), choices=["cpu", "cuda"])
    parser.add_argument("--quick", action="store_true", help="tiny pictures: under 60 s")
    options = parser.parse_args()
    if options.quick:
        options.size, options.pairs, options.seeds, options.bases = 32, 1, 1, ["Fourier"]
    for name in ("lightning.pytorch", "stylelightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    bench = Bench(NETWORKS[options.network](), options.size, options.device)
    kind = ""
    if options.cost:
        kind = "_cost"
        rows = [bench.cost(basis) for basis in options.bases]
    elif options.lost:
        kind = "_lost"
        rows = [
            bench.lost(basis, start, options.seeds)
            for basis in options.bases
            for start in options.starts
        ]
    else:
        bases = ["pixels", *(each for each in options.bases if each != "pixels")]
        rows = compared(bench, bases, options.starts, options.pairs)
    print(table(rows))
    if not options.quick:
        suite = f"parametrizations{kind}_{options.network.lower()}_{options.size}"
        save(suite, options.device, rows)


if __name__ == "__main__":
    main()
