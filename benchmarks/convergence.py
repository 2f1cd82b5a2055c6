"""Loss against wall time: which setting reaches a given loss soonest.

All settings have one objective, one backbone and one start: those of the first config. What they
bring of their own is optimizer, schedule and averaging. Pictures on the way are enlarged to the
last size and rated there, so that coarse scales can be compared; that is not counted as time.

Usage: python -m benchmarks.convergence [--quick] [--size 256] [CONFIG ...]
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.common import ROOT, Row, default_device, save, table
from stylelightning.__main__ import main as stylelightning

CONFIGS = ["crowson", "fast", "gatys2016"]
OWN = ("optimizer", "lr_scheduler", "schedule", "averaging", "carry_moments")


def own_settings(config: str) -> dict[str, Any]:
    """Return what a config says of the optimisation, the rest being the first config's."""
    model = yaml.safe_load((ROOT / "configs" / f"{config}.yaml").read_text())["model"]
    unset = {"lr_scheduler": None, "averaging": None, "carry_moments": False}
    return {key: model.get(key, unset.get(key)) for key in OWN}


def run(
    objective: str, config: str, size: int, backbone: list[str], device: str
) -> list[list[float]]:
    """Return ``[seconds, step, total]`` of the pictures of one run."""
    with tempfile.TemporaryDirectory() as name:
        overlay = Path(name, "own.yaml")
        overlay.write_text(yaml.safe_dump({"name": "run", "model": own_settings(config)}))
        trace = Path(name, "trace.json")
        args = ["fit", "--config", str(ROOT / "configs" / f"{objective}.yaml")]
        args += ["--config", str(overlay), f"--data.size={size}", *backbone]
        args += ["--trainer.default_root_dir", name, "--callbacks.grams=null"]
        args += [f"--trainer.accelerator={'gpu' if device == 'cuda' else 'cpu'}"]
        args += ["--callbacks.trace=benchmarks.trace.Trace", f"--callbacks.trace.path={trace}"]
        if stylelightning(args) != 0:
            raise RuntimeError(f"{config} failed.")
        rows: list[list[float]] = json.loads(trace.read_text())
    return rows


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configs", nargs="*", default=CONFIGS)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--device", default=default_device(), choices=["cpu", "cuda"])
    parser.add_argument("--backbone", nargs="+", default=["--model.backbone.weights=null"])
    parser.add_argument("--quick", action="store_true", help="a tiny picture: under 60 s")
    options = parser.parse_args()
    size = 24 if options.quick else options.size
    if options.quick:
        options.backbone.append("--model.schedule.steps=20")
    objective = options.configs[0]
    traces = {
        config: run(objective, config, size, options.backbone, options.device)
        for config in options.configs
    }
    end = traces[objective][-1]
    rows: list[Row] = []
    for config, trace in traces.items():
        reached = next((row for row in trace if row[2] <= end[2]), None)
        rows.append(
            {
                "config": config,
                "objective": objective,
                "size": size,
                "steps": trace[-1][1],
                "seconds": trace[-1][0],
                "loss at the end": trace[-1][2],
                f"reaches that of {objective} after s": reached and reached[0],
                "part of its time": reached and reached[0] / end[0],
            }
        )
    print(table(rows))
    if not options.quick:
        for row, trace in zip(rows, traces.values(), strict=True):
            row["trace"] = trace
        print(save("convergence", options.device, rows))


if __name__ == "__main__":
    main()
