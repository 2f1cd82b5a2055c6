"""What more steps give: quality over seconds, by metrics that no loss of the run minimises.

Each of the project's own pairs of pictures is painted with several numbers of steps at each scale,
the learning rate falling over just these steps; the metrics are means over the pairs, those of
`list metrics`, whose network is not the one that is optimised.

Usage: python -m benchmarks.budgets [CONFIG ...] [--steps 15 30 60 120 240] [--size 384]
       [--pairs 3] [--precision 32-true] [--backbone VGG16] [--weights oxford] [--plot FILE.svg]
       [--quick]
"""

import argparse
import json
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path
from time import perf_counter

from benchmarks.common import ROOT, Row, default_device, save, table
from stylelightning.__main__ import main as stylelightning
from stylelightning.cli.process import set_up_process

IMAGES = ROOT / "configs" / "images"
PAIRS = (("content", "style"), ("portrait", "ink"), ("building", "mosaic"))
METRICS = ("gram", "style_distance", "structure")
"""What is drawn: the lower the first two the nearer the style, the higher the last the content."""
QUIET = ("--trainer.logger=false", "--callbacks.snapshots=null", "--callbacks.grams=null")
COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#7d5ba6")
PANEL, HEIGHT, MARGIN = 260, 220, 46  # pixels of a panel, and around it


def measure(config: Path, steps: int, options: argparse.Namespace) -> Row:
    """Return the means over the pairs of seconds and metrics."""
    found = defaultdict(list)
    for content, style in PAIRS[: 1 if options.quick else options.pairs]:
        with tempfile.TemporaryDirectory() as folder:
            args = ["fit", "--config", str(config), *QUIET, "--callbacks.checkpoint=null"]
            args += ["--data.content", str(next(IMAGES.glob(f"{content}.*")))]
            args += ["--data.style", str(next(IMAGES.glob(f"{style}.*")))]
            args += [f"--data.size={options.size}", f"--model.schedule.steps={steps}"]
            args += [f"--model.lr_scheduler.T_max={steps}"]
            args += [f"--trainer.precision={options.precision}"]
            args += [f"--model.backbone={options.backbone}"]
            args += [f"--model.backbone.weights={options.weights}"]
            args += ["--trainer.default_root_dir", folder]
            began = perf_counter()
            if stylelightning(args) != 0:
                raise RuntimeError("The run failed.")
            found["seconds"].append(perf_counter() - began)
            metrics = json.loads(next(Path(folder).rglob("metrics.json")).read_text())
            for name in METRICS:
                found[name].append(metrics[name])
    means = {name: statistics.fmean(values) for name, values in found.items()}
    return {"config": config.stem, "steps at a scale": steps, **means}


def plot(rows: list[Row]) -> str:
    """Return the rows as an SVG: one panel for each metric, seconds to the right."""
    configs = list(dict.fromkeys(row["config"] for row in rows))
    longest = max(row["seconds"] for row in rows)
    parts = []
    for index, metric in enumerate(METRICS):
        values = [row[metric] for row in rows]
        low, high = min(values), max(values)
        left = MARGIN + index * (PANEL + MARGIN)
        parts.append(
            f'<rect x="{left}" y="{MARGIN}" width="{PANEL}" height="{HEIGHT}" fill="none" '
            f'stroke="#999"/><text x="{left}" y="{MARGIN - 8}">{metric}</text>'
            f'<text x="{left + PANEL}" y="{MARGIN + HEIGHT + 16}" text-anchor="end">'
            f"{longest:.0f} s</text>"
            f'<text x="{left}" y="{MARGIN + HEIGHT + 16}">0</text>'
            f'<text x="{left - 4}" y="{MARGIN + 10}" text-anchor="end">{high:.3g}</text>'
            f'<text x="{left - 4}" y="{MARGIN + HEIGHT}" text-anchor="end">{low:.3g}</text>'
        )
        for colour, config in zip(COLOURS, configs, strict=False):
            own = [row for row in rows if row["config"] == config]
            points = [
                (
                    left + PANEL * row["seconds"] / longest,
                    MARGIN + HEIGHT * (high - row[metric]) / ((high - low) or 1),
                    row["steps at a scale"],
                )
                for row in own
            ]
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
            parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}"/>')
            parts += [
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
                f'<text x="{x + 4:.1f}" y="{y - 5:.1f}" fill="{colour}">{steps}</text>'
                for x, y, steps in points
            ]
    for index, (colour, config) in enumerate(zip(COLOURS, configs, strict=False)):
        top = MARGIN + HEIGHT + 38
        parts.append(f'<text x="{MARGIN + 120 * index}" y="{top}" fill="{colour}">{config}</text>')
    width = MARGIN + len(METRICS) * (PANEL + MARGIN)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT + 2 * MARGIN}" '
        'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f"{''.join(parts)}</svg>\n"
    )


def main() -> None:
    """Measure, print, draw and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    defaults = [ROOT / "configs" / name for name in ("painting.yaml", "fast.yaml")]
    parser.add_argument("configs", type=Path, nargs="*", default=defaults)
    parser.add_argument("--steps", type=int, nargs="+", default=[15, 30, 60, 120, 240])
    parser.add_argument("--size", type=int, default=384, help="longer side in pixels")
    parser.add_argument("--pairs", type=int, default=len(PAIRS), help="how many pairs of pictures")
    parser.add_argument("--precision", default="32-true")
    parser.add_argument("--backbone", default="VGG16")
    parser.add_argument("--weights", default="oxford")
    parser.add_argument("--plot", type=Path, help="where the curves are drawn, an SVG file")
    parser.add_argument("--quick", action="store_true", help="one pair, few steps")
    options = parser.parse_args()
    set_up_process()
    counts = [2, 4] if options.quick else options.steps
    rows = []
    for config in options.configs:
        for steps in counts:
            rows.append(measure(config, steps, options))
            print(table(rows[-1:]).splitlines()[-1], flush=True)
    print(table(rows))
    if options.plot:
        options.plot.write_text(plot(rows), encoding="utf-8")
    if not options.quick:
        print(save("budgets", default_device(), rows))


if __name__ == "__main__":
    main()
