"""What a picture that is computed tile by tile takes: peak memory, and time beside the whole one.

The step is that of a run with a content term, the Wasserstein distance and Adam, without callbacks,
at one scale. Its time, in seconds of the process so that a busy machine counts little, is the
median of the steps after the first, or that of the first if it is alone. Every row is a process of
its own, so that peak memory is its own: what it had at most less what it had before the run, with
its images read. ``held MB`` is the part of it in blocks that are in use: the rest are holes that
freed blocks left, which differ from run to run. The peak is reached after the first step.

Expected is 1.5 (1 + 2 h / T)^2 times the time of a whole step: two forward passes and a backward
pass, each of which costs about as much as the other, over tiles of T pixels with a margin of h
pixels that is read around them.

Usage: python -m benchmarks.large [--quick] [--network VGG16] [--sizes 1024 2048 4096]
    [--tiles 0 512] [--largest-whole 2048] [--precision bf16-mixed] [--steps 3] [--alike]

With ``--alike`` all tiles are read alike: pictures are squares, and VGG-16 wraps around at their
edges, so that every tile has a margin on each side at every size. What memory grows by is then the
picture's alone.

``estimated MB`` is what ``model.tiling: auto`` goes by.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from PIL import Image

from benchmarks.common import ROOT, Row, save, table
from benchmarks.heap import HeldMemory
from stylelightning import Schedule, StyleTransfer, StyleTransferData
from stylelightning.backbones import VGG16, Backbone, RandomMultiscale, SlimVGG
from stylelightning.data import GivenPictures
from stylelightning.execution.allocator import keep_freed_memory
from stylelightning.execution.memory import PeakMemory
from stylelightning.execution.tiling import IN_PICTURES, Tiling, bytes_a_pixel
from stylelightning.losses import ContentLoss, GaussianWassersteinLoss
from stylelightning.losses.base import STYLE_LAYERS

CONTENT, STYLE = (ROOT / "configs" / "images" / f"{each}.jpg" for each in ("content", "style"))
CPU = torch.device("cpu")
PICTURE_MB = 3 * 4 / 1e6
"""Megabytes of a pixel in float32."""


@dataclass(frozen=True)
class Network:
    """A network and the layers that are looked at.

    Args:
        make: Makes it.
        content: Layers of the content term.
        style: Layers of the style term.
    """

    make: Callable[[], Backbone]
    content: list[str]
    style: list[str]


NETWORKS = {
    "VGG16": Network(lambda: VGG16(weights=None), ["relu4_2"], STYLE_LAYERS),
    "SlimVGG": Network(SlimVGG, ["relu4_2"], STYLE_LAYERS),
    "RandomMultiscale": Network(
        RandomMultiscale, ["level3"], ["level1", "level2", "level3", "level4"]
    ),
}


@dataclass(frozen=True)
class Case:
    """A row of the table.

    Args:
        network: Its name in ``NETWORKS``.
        size: Longer side of the picture in pixels; the shorter one is two thirds of it.
        tile: Side of a tile; 0 for the whole picture at once.
        precision: Lightning's name.
        steps: Number of steps.
        alike: Whether the picture is a square and the network wraps around at its edges.
    """

    network: str
    size: int
    tile: int
    precision: str
    steps: int
    alike: bool = False


class Clock(Callback):
    """Takes the time of each step."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._began = 0.0

    def on_train_batch_start(self, *_: Any) -> None:
        """Begin."""
        self._began = process_time()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """End."""
        self.seconds.append(process_time() - self._began)


def measured(case: Case) -> Row:
    """Return a row: of this process, which should have done nothing before."""
    keep_freed_memory()
    network = NETWORKS[case.network]
    backbone = VGG16(weights=None, padding="circular") if case.alike else network.make()
    module = StyleTransfer(
        backbone,
        {
            "content": ContentLoss(1.0, network.content),
            "style": GaussianWassersteinLoss(1.0, network.style),
        },
        schedule=Schedule(case.steps),
        tiling=Tiling(case.tile) if case.tile else None,
    )
    content, style = (_square(each) if case.alike else each for each in (CONTENT, STYLE))
    read = StyleTransferData(content, style, size=case.size, style_scale=0.5)
    read.setup("fit")
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            default_root_dir=folder,
            max_epochs=-1,
            accelerator="cpu",
            precision=case.precision,  # type: ignore[arg-type]
            callbacks=[clock],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
        )
        with PeakMemory(CPU) as before:
            pass
        with PeakMemory(CPU) as peak, HeldMemory() as held:
            trainer.fit(module, GivenPictures(read.pictures))
    height, width = module.canvas.size
    targets = sum(
        each.numel() * each.element_size()
        for loss in module.losses.values()
        if isinstance(loss, ContentLoss)
        for each in loss.targets.values()
    )
    layers = module.objective.layers
    margin = max(backbone.layer_table[name].margin for name in layers)
    at_once = min(height, case.tile + 2 * margin) * min(width, case.tile + 2 * margin)
    bits = 16 if "16" in case.precision else 32
    maps = bytes_a_pixel(backbone, layers, bits) * (at_once if case.tile else height * width)
    return {
        "network": case.network,
        "precision": case.precision,
        "picture": f"{width}x{height}",
        "tile": case.tile or None,
        "step CPU s": median(clock.seconds[1:] or clock.seconds),
        "work": (1 + 2 * margin / case.tile) ** 2 * 1.5 if case.tile else None,
        "times whole": None,
        "peak MB": peak.megabytes - before.megabytes,
        "held MB": held.megabytes,
        "estimated MB": maps / 1e6 + IN_PICTURES * PICTURE_MB * height * width,
        "picture MB": PICTURE_MB * height * width,
        "content targets MB": targets / 1e6,
    }


def _square(path: Path) -> Image.Image:
    """Return the upper left square of a picture."""
    picture = Image.open(path)
    return picture.crop((0, 0, min(picture.size), min(picture.size)))


def in_process_of_its_own(case: Case) -> Row:
    """Return the row of a case."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.large"]
    command += ["--case", json.dumps(asdict(case))]
    made = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    row: Row = json.loads(made.stdout.splitlines()[-1])
    return row


def with_ratios(rows: list[Row]) -> list[Row]:
    """Return the rows with how many times longer a step is than that of the whole picture."""
    whole = {row["picture"]: row["step CPU s"] for row in rows if row["tile"] is None}
    return [
        {**row, "times whole": row["step CPU s"] / whole[row["picture"]]}
        if row["tile"] and row["picture"] in whole
        else row
        for row in rows
    ]


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="512 px, and nothing is saved")
    parser.add_argument("--network", choices=sorted(NETWORKS), default="VGG16")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1024, 2048, 4096])
    parser.add_argument("--tiles", type=int, nargs="+", default=[0, 512])
    parser.add_argument("--largest-whole", type=int, default=2048)
    parser.add_argument("--precision", default="bf16-mixed")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--alike", action="store_true", help="squares, and VGG-16 wraps around")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        print(json.dumps(measured(Case(**json.loads(args.case)))))
        return
    sizes, tiles = ([512], [0, 256]) if args.quick else (args.sizes, args.tiles)
    rows = []
    for size in sizes:
        for tile in tiles:
            if tile or size <= args.largest_whole:
                case = Case(args.network, size, tile, args.precision, args.steps, args.alike)
                rows.append(in_process_of_its_own(case))
                print(rows[-1], flush=True)
    rows = with_ratios(rows)
    print(table(rows))
    if not args.quick:
        name = f"large_{args.network.lower()}" + ("_alike" if args.alike else "")
        print(save(name, "cpu", rows))


if __name__ == "__main__":
    main()
