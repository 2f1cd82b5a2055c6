"""How far a picture made in 16 bits is from one made in 32, by every term of the float32 loss.

Both runs have the same start and the same steps. Their last pictures are rated by the losses of the
config in `32-true`. On a processor without instructions for bfloat16, convolutions in it are
computed by float32 and rounded, which is the same but for the order of sums.

Usage: python -m benchmarks.precision [--quick] [--size 256] [--precision bf16-mixed] [CONFIG ...]
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from benchmarks.bf16 import convolutions_by_float32
from benchmarks.common import ROOT, Row, default_device, save, table
from stylelightning.__main__ import main as stylelightning
from stylelightning.execution.engine import has_bf16

PRECISIONS = ["bf16-mixed", "16-mixed", "64-true"]
"""What is compared; 64 bits show how much of a difference is not of the precision."""
CASES = {
    "quickstart": [],
    "gatys2016": ["--model.backbone.weights=null"],
    "crowson": ["--model.backbone.weights=null"],
}
"""Configs with the options that they need here."""


def run(config: str, options: Sequence[str], precision: str, callback: Sequence[str]) -> None:
    """Run a config with one callback more."""
    with tempfile.TemporaryDirectory() as name:
        args = ["fit", "--config", str(ROOT / "configs" / f"{config}.yaml"), *options]
        args += ["--trainer.default_root_dir", name, f"--trainer.precision={precision}"]
        if stylelightning([*args, *callback]) != 0:
            raise RuntimeError(f"{config} failed in {precision}.")


def measure(config: str, precision: str, size: int, steps: int, device: str) -> list[Row]:
    """Return a row for each term of a config's loss."""
    options = [*CASES[config], f"--data.size={size}", "--model.averaging=null"]
    options += [f"--trainer.accelerator={'gpu' if device == 'cuda' else 'cpu'}"]
    options += ["--callbacks.grams=null", "--callbacks.snapshots=null"]
    one_scale = f'--model.schedule={{"steps": {steps}, "min_size": null}}'
    with tempfile.TemporaryDirectory() as name:
        paths = [str(Path(name, f"{each}.pt")) for each in ("32-true", precision)]
        for path, each in zip(paths, ("32-true", precision), strict=True):
            keep = ["--callbacks.keep=benchmarks.pictures.KeepPicture"]
            run(config, [*options, one_scale], each, [*keep, f"--callbacks.keep.path={path}"])
        terms = Path(name, "terms.json")
        rate = ["--callbacks.rate=benchmarks.pictures.RatePictures"]
        rate += [f"--callbacks.rate.pictures={json.dumps(paths)}", f"--callbacks.rate.path={terms}"]
        run(config, [*options, one_scale, "--trainer.max_steps=1"], "32-true", rate)
        full, lower = json.loads(terms.read_text())
    return [
        {
            "config": config,
            "size": size,
            "steps": steps,
            "term": name,
            "32-true": full[name],
            precision: lower[name],
            "difference": abs(lower[name] - full[name]) / full[name],
        }
        for name in full
    ]


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configs", nargs="*", default=list(CASES))
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--precision", default="bf16-mixed", choices=PRECISIONS)
    parser.add_argument("--device", default=default_device(), choices=["cpu", "cuda"])
    parser.add_argument("--quick", action="store_true", help="tiny pictures: under 60 s")
    options = parser.parse_args()
    size, steps = (32, 10) if options.quick else (options.size, options.steps)
    slow = options.device == "cpu" and not has_bf16()
    with convolutions_by_float32() if slow else nullcontext():
        rows = [
            row
            for config in options.configs
            for row in measure(config, options.precision, size, steps, options.device)
        ]
    print(table(rows))
    if not options.quick:
        print(save("precision", options.device, rows))


if __name__ == "__main__":
    main()
