"""How many runs of L-BFGS are lost at their start, with and without the limit of a step's length.

A run is lost when a total is above ten times the first or not finite, or the last is above half of
the first; it ends there. Recipes bring losses, pooling and start; the filters are the same for all.

Usage: python -m benchmarks.lbfgs_starts [--quick] [RECIPE ...]
"""

import argparse
import logging
import math
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
import yaml
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything
from torch.optim import LBFGS, Optimizer

import stylelightning.losses
from benchmarks.common import ROOT, Row, default_device, save, table
from stylelightning import Schedule, StyleTransfer, StyleTransferData
from stylelightning.backbones import VGG16
from stylelightning.run import lbfgs

RECIPES = ["gatys2016", "johnson-neural-style", "neural-style-pt", "pystiche"]
SIZES = {32: 10, 64: 10, 96: 10, 128: 10, 192: 3, 256: 3}
"""Number of seeds by size."""


@contextmanager
def any_length() -> Iterator[None]:
    """Switch the limit off."""
    limit, lbfgs.LONGEST_STEP = lbfgs.LONGEST_STEP, math.inf
    try:
        yield
    finally:
        lbfgs.LONGEST_STEP = limit


class Totals(Callback):
    """Keeps the totals of a run, ends it when it is lost, and sees whether torch drops a pair."""

    def __init__(self) -> None:
        self.totals: list[float] = []
        self.dropped = False

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        """Look between the evaluation and the step."""
        assert isinstance(pl_module, StyleTransfer)
        self.totals.append(float(pl_module.total))
        trainer.should_stop |= self.exploded
        if len(self.totals) == 2:
            parameters = optimizer.param_groups[0]["params"]
            state = optimizer.state[parameters[0]]
            gradient = torch.cat([each.grad.flatten() for each in parameters])
            change = gradient - state["prev_flat_grad"]
            self.dropped = not float(change.dot(state["d"] * state["t"])) > 1e-10

    @property
    def exploded(self) -> bool:
        """Whether a total was above ten times the first, or not finite."""
        return not all(each <= 10 * self.totals[0] for each in self.totals)

    @property
    def lost(self) -> bool:
        """Whether the run exploded or did not get below half of its first total."""
        return self.exploded or self.totals[-1] > self.totals[0] / 2


def make_losses(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the losses of a config."""
    return {
        name: getattr(stylelightning.losses, each["class_path"])(**each["init_args"])
        for name, each in spec.items()
    }


def run(
    model: dict[str, Any],
    backbone: VGG16,
    size: int,
    seed: int,
    rate: float,
    steps: int,
    device: str,
) -> Totals:
    """Run a recipe's losses from its start, or from noise."""
    seed_everything(seed, verbose=False)
    pictures = [str(ROOT / "configs" / "images" / f"{each}.jpg") for each in ("content", "style")]
    totals = Totals()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            accelerator="gpu" if device == "cuda" else "cpu",
            devices=1,
            max_epochs=-1,
            logger=False,
            callbacks=[totals],
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            default_root_dir=folder,
        )
        module = StyleTransfer(
            backbone,
            make_losses(model["losses"]),
            optimizer=partial(LBFGS, lr=rate, history_size=20),
            schedule=Schedule(steps),
            init=model["init"],
            matmul_precision="highest",
        )
        trainer.fit(module, StyleTransferData(pictures[0], pictures[1], size))
    return totals


def compare(
    recipe: str,
    model: dict[str, Any],
    backbone: VGG16,
    size: int,
    seeds: int,
    rate: float,
    **how: Any,
) -> Row:
    """Return a row: so many runs with and without the limit."""
    every = range(seeds)
    with any_length():
        free = [run(model, backbone, size, seed, rate, **how) for seed in every]
    limited = [run(model, backbone, size, seed, rate, **how) for seed in every]
    return {
        "recipe": recipe,
        "start": model["init"],
        "rate": rate,
        "size": size,
        "runs": seeds,
        "first pair dropped": sum(each.dropped for each in free),
        "lost without": sum(each.lost for each in free),
        "lost with": sum(each.lost for each in limited),
        "largest / first": max(max(each.totals) / each.totals[0] for each in limited),
        "last / first": statistics.median(each.totals[-1] / each.totals[0] for each in limited),
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="*", default=RECIPES)
    parser.add_argument("--weights", default="oxford", help="filters of VGG-16, null for untrained")
    parser.add_argument("--init", default="noise", help="noise, or own for the recipe's")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.25, 0.5, 1.0])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--seeds", type=int, help="instead of ten, and three above 128 px")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--device", default=default_device(), choices=["cpu", "cuda"])
    parser.add_argument("--quick", action="store_true", help="tiny pictures: under 60 s")
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.seeds, options.rates = [32], 1, [1.0]
    for name in ("lightning.pytorch", "stylelightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    every: list[Row] = []
    for recipe in options.recipes:
        model = yaml.safe_load((ROOT / "configs" / f"{recipe}.yaml").read_text())["model"]
        network = model["backbone"]["init_args"]
        weights = None if options.weights == "null" else options.weights
        scale = network.get("activations", "unit")
        backbone = VGG16(weights, pooling=network["pooling"], activations=scale)
        if options.init != "own":
            model["init"] = options.init
        rows: list[Row] = []
        for size in options.sizes:
            seeds = options.seeds or SIZES.get(size, 3)
            for rate in options.rates:
                how = {"steps": options.steps, "device": options.device}
                rows.append(compare(recipe, model, backbone, size, seeds, rate, **how))
                print(table(rows[-1:]).splitlines()[-1], flush=True)
            if not options.quick:
                save(f"lbfgs_starts_{recipe}_{model['init']}", options.device, rows)
        every += rows
    print(table(every))


if __name__ == "__main__":
    main()
