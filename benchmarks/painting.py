"""What painting.yaml costs, in forward and backward passes of its bare network.

The bare network is VGG-16 in 32 bits to the deepest layer that a loss reads, at the size of the
picture, channels last; it is timed before and after the run, in the same process. The pictures are
square noise: time does not depend on what is in them, nor on the filters' values.

Usage: python -m benchmarks.painting [--size 384] [--precisions 32-true bf16-mixed] [--quick]
"""

import argparse
import tempfile
from pathlib import Path
from time import perf_counter

import torch

from benchmarks.common import ROOT, Row, default_device, median_ms, save, table
from benchmarks.step_time import square_pictures
from stylelightning.__main__ import main as stylelightning
from stylelightning.backbones import VGG16
from stylelightning.cli.process import set_up_process

DEEPEST = "relu5_1"


def bare_ms(size: int, device: str) -> float:
    """Return the milliseconds of a forward and backward pass of the bare network."""
    backbone = VGG16(weights=None).to(device).to(memory_format=torch.channels_last)
    image = torch.rand(1, 3, size, size, device=device)
    image = image.contiguous(memory_format=torch.channels_last).requires_grad_()

    def work() -> None:
        image.grad = None
        backbone(image, [DEEPEST])[DEEPEST].sum().backward()

    return median_ms(work, device, 5)


def measure(size: int, precision: str, device: str, quick: bool) -> Row:
    """Return a row: the run and the bare network around it."""
    before = bare_ms(size, device)
    with tempfile.TemporaryDirectory() as folder:
        args = ["fit", "--config", str(ROOT / "configs" / "painting.yaml")]
        args += square_pictures(Path(folder), size)
        args += [f"--data.size={size}", f"--trainer.precision={precision}"]
        args += ["--model.backbone.weights=null", "--callbacks.divergence=null"]
        args += ["--trainer.default_root_dir", folder]
        args += [f"--trainer.accelerator={'gpu' if device == 'cuda' else 'cpu'}"]
        args += ["--trainer.max_steps=3"] if quick else []
        began = perf_counter()
        if stylelightning(args) != 0:
            raise RuntimeError("The run failed.")
        seconds = perf_counter() - began
    bare = (before + bare_ms(size, device)) / 2
    return {
        "size": size,
        "precision": precision,
        "seconds": seconds,
        "bare ms": bare,
        "passes": 1e3 * seconds / bare,
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=384, help="side of the picture in pixels")
    parser.add_argument("--precisions", nargs="+", default=["32-true", "bf16-mixed"])
    parser.add_argument("--device", default=default_device(), choices=["cpu", "cuda"])
    parser.add_argument("--quick", action="store_true", help="three steps: under 30 s")
    given = parser.parse_args()
    set_up_process()
    rows = [
        measure(given.size, precision, given.device, given.quick) for precision in given.precisions
    ]
    if not given.quick:
        save("painting", given.device, rows)
    print(table(rows))


if __name__ == "__main__":
    main()
