"""How much faster one picture is made by two processes, each with one thread.

    python -m benchmarks.processes --size 1024 --tile 512 --processes 2

Each figure is the median of a few steps of ``fit`` with VGG-16's architecture, untrained, Gram
losses to relu5_1 and Adam, after the first two steps; the runs take turns. The machine must have
as many free cores as there are processes.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

ROOT = Path(__file__).parents[1]
CONFIG = """
name: processes
data: {{content: configs/images/content.jpg, style: configs/images/style.jpg, size: {size}}}
model:
  backbone: {{class_path: VGG16, init_args: {{weights: null}}}}
  losses:
    content: {{class_path: ContentLoss, init_args: {{weight: 1.0, layers: [relu4_2]}}}}
    style: {{class_path: GramLoss, init_args: {{weight: 1000.0}}}}
  schedule: {{steps: {steps}, min_size: null}}
  tiling: {tiling}
trainer:
  accelerator: cpu
  enable_checkpointing: false
  logger: false
  callbacks: {{class_path: benchmarks.processes.Clock, init_args: {{path: {times}}}}}
callbacks: {{advice: null, metrics: null}}
"""


class Clock(Callback):
    """Writes when each step ended.

    Args:
        path: The file.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = Path(path)
        self.times: list[float] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Note the time."""
        self.times.append(time.perf_counter())
        self.path.write_text(json.dumps(self.times), encoding="utf-8")


def seconds(size: int, tile: int | None, processes: int, steps: int) -> float:
    """Return the median time of a step, the first two apart."""
    with tempfile.TemporaryDirectory() as folder:
        times = Path(folder, "times.json")
        tiling = "null" if tile is None else f"{{size: {tile}}}"
        text = CONFIG.format(size=size, steps=steps + 2, tiling=tiling, times=times)
        Path(folder, "run.yaml").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "stylelightning", "fit", f"--config={folder}/run.yaml"]
        command += [f"--trainer.default_root_dir={folder}"]
        if processes > 1:
            command += [f"--trainer.devices={processes}", "--trainer.strategy=tiles"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        ends: list[float] = json.loads(times.read_text(encoding="utf-8"))
    return statistics.median(after - before for before, after in pairwise(ends[1:]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1024, help="longer side in pixels")
    parser.add_argument("--tile", type=int, default=512, help="side of a tile in pixels")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    print(f"| | one process, s a step | {options.processes} processes | faster |")
    print("| --- | --- | --- | --- |")
    for tile in (None, options.tile):
        found: dict[int, list[float]] = {1: [], options.processes: []}
        for _ in range(options.rounds):
            for count, times in found.items():
                times.append(seconds(options.size, tile, count, options.steps))
        one, several = (min(times) for times in found.values())
        what = "untiled" if tile is None else f"tiles of {tile} px"
        print(f"| {what} | {one:.2f} | {several:.2f} | {one / several:.2f} |", flush=True)


if __name__ == "__main__":
    main()
