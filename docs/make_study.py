"""Make the study: run every config of configs/study and write docs/study.md and its pictures.

Each config runs with the trained filters of VGG-16, and, smaller, with filters drawn from a seed
and with the embedded untrained ones of RandomMultiscale: what does training contribute? VGG-19
runs untrained alone. Takes less than an hour on two CPU cores. The runs stay in runs/study, for
TensorBoard. What has been made is not made again, so a study that was stopped goes on; give names
to make those again. The page and its sheets are always written whole, from docs/study.md.in and
all the runs.

Usage: python docs/make_study.py [NAME ...] [--page]
"""

import argparse
import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from PIL import Image
from torch import Tensor

from stylelightning import functional as F
from stylelightning.images import read_picture
from stylelightning.metrics import ContentSimilarity, GramDistance
from stylelightning.sweep.drawing import Block, draw_sheet

DOCS = Path(__file__).parent
ROOT = DOCS.parent
RUNS = ROOT / "runs" / "study"
CONFIGS = ROOT / "configs" / "study"
SHEETS = DOCS / "images" / "study"
AT_ONCE = 2  # small pictures gain more from two runs than from two threads
TILE = 256  # width of a picture on a sheet
JPEG_QUALITY = 88
TERMS = ("total", "content", "style", "tv")


# the runs


@dataclass(frozen=True)
class Family:
    """The runs with one kind of filters.

    Args:
        title: Whose filters.
        size: Longer side of their pictures in pixels.
        steps: Number of their steps.
    """

    title: str
    size: int
    steps: int


@dataclass(frozen=True)
class Run:
    """One run of a config.

    Args:
        family: Whose filters, and its folder: a key of ``FAMILIES``.
        config: Stem of the config.
        options: Options on top of it, as on the command line.
        way_out: Of a run that was stopped, which way out is taken: ``tenth`` or ``adam``.
    """

    family: str
    config: str
    options: str
    way_out: str | None = None

    @property
    def name(self) -> str:
        """The name of the run in its family."""
        return self.config if self.way_out is None else f"{self.config}-{self.way_out}"

    @property
    def key(self) -> str:
        """The name on this script's command line and in the template."""
        return f"{self.family}/{self.name}"

    @property
    def folder(self) -> Path:
        """Where the run is."""
        return RUNS / self.key / "version_0"


FAMILIES = {
    "trained": Family("trained VGG-16", 256, 200),
    "untrained": Family("untrained VGG", 128, 100),
    "multiscale": Family("RandomMultiscale", 128, 100),
}
UNTRAINED = "--model.backbone.weights null"
# random filters keep no detail in the configs' relu4_2
SHALLOW = " --model.losses.content.layers [relu2_2] --model.losses.content.weight 300"
# random filters answer more weakly: what the configs say was set for trained ones
WEAKER = {
    "sgd": " --model.optimizer.lr 0.2",
    "sgd-more-layers": " --model.optimizer.lr 0.2",
    "total-variation": " --model.losses.tv.weight 300",
}


def multiscale(content: int = 0, style: int = 0) -> str:
    """Return the options that put RandomMultiscale in place of VGG.

    Args:
        content: Number of the content level; 0 for no content term.
        style: Number of style levels, from level1 on; 0 for no style term.
    """
    options = "--model.backbone RandomMultiscale --model.backbone.levels 5"
    options += " --model.backbone.padding replicate"  # not the zeros of the configs' VGG
    if content:
        options += f" --model.losses.content.layers [level{content}]"
        options += " --model.losses.content.weight 100"
    if style:
        layers = {f"level{n}": 0.25 for n in range(1, style + 1)}
        options += f" --model.losses.style.layers {shlex.quote(json.dumps(layers))}"
        options += " --model.losses.style.weight 5e4 --model.losses.style.normalization hw"
    return options


MULTISCALE = {
    **{
        name: multiscale(content=2, style=3) + WEAKER.get(name, "")
        for name in ("baseline", "adam", "sgd", "content-start", "total-variation")
    },
    "fewer-layers": multiscale(content=2, style=1),
    "more-layers": multiscale(content=2, style=4),
    "sgd-more-layers": multiscale(content=2, style=4) + WEAKER["sgd-more-layers"],
    **{f"style-relu{n}_1": multiscale(style=n) for n in range(1, 6)},
    **{f"content-relu{n}_2": multiscale(content=n) for n in range(1, 6)},
}
# What each sheet shows: runs with their labels. A family has a row of those that it runs.
ROWS = {
    "optimizers": {"baseline": "L-BFGS", "adam": "Adam", "sgd": "SGD"},
    "layers": {
        "fewer-layers": "fewer layers",
        "baseline": "baseline",
        "more-layers": "more layers",
    },
    "network": {"baseline": "VGG-16", "vgg19": "VGG-19"},
    "pooling": {"baseline": "average pooling", "max-pooling": "max pooling"},
    "start": {"baseline": "from white noise", "content-start": "from the content image"},
    "total-variation": {"baseline": "without", "total-variation": "with total variation"},
    "style-reconstruction": {
        "style-relu1_1": "relu1_1 / level1",
        **{f"style-relu{n}_1": f"up to relu{n}_1 / level{n}" for n in range(2, 6)},
    },
    "content-reconstruction": {f"content-relu{n}_2": f"relu{n}_2 / level{n}" for n in range(1, 6)},
    "sgd": {
        "sgd": "SGD, baseline's layers",
        "sgd-more-layers": "SGD, more layers",
        "sgd-more-layers-tenth": "more layers, rate / 10",
        "sgd-more-layers-adam": "more layers, Adam",
    },
}


def all_runs() -> list[Run]:
    """Return the runs, in the order in which they can be made."""
    names = sorted(path.stem for path in CONFIGS.glob("*.yaml"))
    options = {
        "trained": {name: "" for name in names if name != "vgg19"},
        "untrained": {
            name: UNTRAINED
            + ("" if name.startswith(("style-", "content-relu")) else SHALLOW)
            + WEAKER.get(name, "")
            for name in names
        },
        "multiscale": MULTISCALE,
    }
    runs = [Run(family, *each) for family, runs in options.items() for each in runs.items()]
    stopped = "sgd-more-layers"
    for family in ("trained", "untrained"):
        more = options[family][stopped]
        runs += [Run(family, stopped, more, way_out) for way_out in ("tenth", "adam")]
    return runs


def ways_out(message: str) -> dict[str, str]:
    """Return the options of both ways out that a diverged run's line names.

    Raises:
        ValueError: If the line names none.
    """
    found = re.search(r"\((--model\.optimizer\.lr \S+); it is .*, or (--model.*)\.$", message)
    if found is None:
        raise ValueError(f"No way out in {message!r}.")
    return {"tenth": found[1], "adam": found[2]}


def command(run: Run, message: str = "") -> list[str]:
    """Return the options of ``fit`` for a run; a way out is read from the message."""
    family = FAMILIES[run.family]
    way_out = "" if run.way_out is None else ways_out(message)[run.way_out]
    return [
        *("fit", "--config", f"configs/study/{run.config}.yaml", "--name", run.name),
        *("--data.size", str(family.size), "--model.schedule.steps", str(family.steps)),
        *shlex.split(f"{run.options} {way_out}"),
        *("--callbacks.log.every_n_steps", "1", "--trainer.accelerator", "cpu"),
    ]


def record_of(run: Run) -> dict[str, Any]:
    """Return what was noted of a run; empty if it has not been made of what it is made of today."""
    path = run.folder / "study.json"
    if not path.exists() or (run.way_out is not None and not message_of(run)):
        return {}
    record: dict[str, Any] = json.loads(path.read_text())
    same = record["options"] == command(run, message_of(run)) and record["config"] == config_of(run)
    return record if same else {}


def message_of(run: Run) -> str:
    """Return the line with which the run was stopped whose way out this is, or nothing."""
    if run.way_out is None:
        return ""
    return str(record_of(Run(run.family, run.config, run.options)).get("message", ""))


def config_of(run: Run) -> Any:
    """Return the content of a run's config."""
    return yaml.safe_load((CONFIGS / f"{run.config}.yaml").read_text(encoding="utf-8"))


def make(run: Run) -> None:
    """Make a run in place of an earlier one, and note in its folder how it went."""
    if run.way_out is not None and not message_of(run):
        sys.exit(f"{run.key}: {run.config} was not stopped, so it names no way out to try.")
    options = command(run, message_of(run))
    shutil.rmtree(run.folder.parent, ignore_errors=True)
    program = [sys.executable, "-m", "stylelightning", *options]
    program += ["--trainer.default_root_dir", str(RUNS / run.family)]
    threads = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // AT_ONCE))}
    start = time.monotonic()
    done = subprocess.run(
        program, cwd=ROOT, env=os.environ | threads, capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - start
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    if done.returncode and not any("diverged" in line for line in errors):
        sys.exit(f"{run.key}: exit code {done.returncode}\n{done.stderr}")
    message = errors[-1] if done.returncode else ""
    record = {"options": options, "config": config_of(run), "seconds": seconds, "message": message}
    (run.folder / "study.json").write_text(json.dumps(record, indent=2) + "\n")
    sys.stdout.write(f"{run.key}: {seconds:.0f} s, exit code {done.returncode}\n")
    sys.stdout.flush()


# measuring


def reference(name: str, size: int) -> Tensor:
    """Return an image of configs/images at the study's size."""
    image = read_picture(ROOT / "configs" / "images" / name).pixels
    height, width = image.shape[-2:]
    return F.resize(image, F.fit_long_side(height, width, size))


def yardsticks(picture: Tensor, content: Tensor, style: Tensor) -> tuple[float, float | None]:
    """Return the style distance and the content kept, None for a picture of another shape.

    They are ``gram`` and ``structure`` of the metrics. The content image keeps its own shape.
    """
    images = (picture, content, [style], torch.ones(1))
    distance = float(GramDistance().values(*images)["gram"])
    if picture.shape != content.shape:
        return distance, None
    return distance, float(ContentSimilarity().values(*images)["structure"])


# the page


def number(value: float) -> str:
    """Return a number with three digits, as a reader likes it."""
    if value >= 1e5:
        return f"{value:.2e}".replace("e+0", "e").replace("e+", "e")
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def measured(folder: Path, size: int) -> dict[str, str]:
    """Return what a run left behind, as the page shows it.

    The keys are ``first total``, ``last total`` and ``highest total``, the same of each term,
    ``style distance``, ``content kept``, ``steps``, ``seconds`` and ``message``.
    """
    record = json.loads((folder / "study.json").read_text())
    with (folder / "losses.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    values = {}
    for term in TERMS:
        if term in rows[0]:
            numbers = [float(row[term]) for row in rows]
            values[f"first {term}"] = number(numbers[0])
            values[f"last {term}"] = number(numbers[-1])
            values[f"highest {term}"] = number(max(numbers))
    picture = read_picture(folder / "result.png").pixels
    content, style = reference("content.jpg", size), reference("style.jpg", size)
    distance, kept = yardsticks(picture, content, style)
    return values | {
        "style distance": f"{distance:.2f}",
        "content kept": "-" if kept is None else f"{kept:z.2f}",
        "steps": "stopped" if record["message"] else rows[-1]["step"],
        "seconds": f"{record['seconds']:.0f}",
        "message": record["message"],
    }


def table(results: Mapping[str, Mapping[str, str]], family: str) -> str:
    """Return the Markdown table of a family's runs."""
    others = ("style distance", "content kept", "steps", "seconds")
    lines = [
        f"| {' | '.join(('run', 'total', 'content', 'style', 'total variation', *others))} |",
        f"|{' --- |' * 9}",
    ]
    for key, each in results.items():
        group, name = key.split("/")
        if group == family:
            changes = [
                f"{each[f'first {term}']} → {each[f'last {term}']}"
                if f"last {term}" in each
                else "-"
                for term in TERMS
            ]
            cells = [f"`{name}`", *changes, *(each[other] for other in others)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def fill(template: str, results: Mapping[str, Mapping[str, str]], **settings: object) -> str:
    """Return the template with its ``{{...}}`` replaced.

    These are a setting (``{{minutes}}``), a run and a key of `measured`
    (``{{trained/adam last total}}``), or ``{{table trained}}``.

    Raises:
        KeyError: If there is no such setting, run or key.
    """

    def value(found: re.Match[str]) -> str:
        name, _, rest = found[1].partition(" ")
        if name == "table":
            return table(results, rest)
        return results[name][rest] if rest else str(settings[name])

    return re.sub(r"\{\{(.+?)\}\}", value, template)


def sheet(rows: Mapping[str, Mapping[str, Image.Image]], tile: int) -> Image.Image:
    """Return rows of labelled pictures on white.

    Args:
        rows: For each row's title its pictures by their labels.
        tile: Width of a picture in pixels.
    """
    blocks = [Block(title, list(row), {"": list(row.values())}) for title, row in rows.items()]
    return draw_sheet(blocks, tile)


def write_sheets(runs: Iterable[Run]) -> None:
    """Write the contact sheets."""
    SHEETS.mkdir(parents=True, exist_ok=True)
    pictures = {run.key: run.folder / "result.png" for run in runs}
    for name, entries in ROWS.items():
        rows = {
            f"{family.title}, {family.size} px, {family.steps} steps": {
                label: Image.open(pictures[f"{key}/{run}"]).convert("RGB")
                for run, label in entries.items()
                if f"{key}/{run}" in pictures
            }
            for key, family in FAMILIES.items()
        }
        chosen = {title: row for title, row in rows.items() if len(row) > 1}
        sheet(chosen, TILE).save(SHEETS / f"{name}.jpg", quality=JPEG_QUALITY)


def main() -> None:
    """Make the runs that are asked for, or those that are not made yet, and the page."""
    parser = argparse.ArgumentParser(description="Make the study, or some of its runs again.")
    parser.add_argument("names", nargs="*", help="such as trained/adam, to make them again")
    parser.add_argument("--page", action="store_true", help="make no run, only the page")
    given = parser.parse_args()
    runs = {run.key: run for run in all_runs()}
    if unknown := set(given.names) - set(runs):
        sys.exit(f"Unknown: {', '.join(sorted(unknown))}. Runs: {', '.join(runs)}.")
    for stopped in (False, True):  # a way out is read from the run that was stopped
        asked = [
            run
            for key, run in runs.items()
            if (run.way_out is not None) is stopped
            and (key in given.names or not (given.names or given.page or record_of(run)))
        ]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(make, asked))
    records = {key: record_of(run) for key, run in runs.items()}
    if missing := [key for key, record in records.items() if not record]:
        sys.exit(f"Not made yet: {', '.join(missing)}. Without a name all of them are made.")
    page = fill(
        (DOCS / "study.md.in").read_text(encoding="utf-8"),
        {key: measured(run.folder, FAMILIES[run.family].size) for key, run in runs.items()},
        minutes=f"{sum(record['seconds'] for record in records.values()) / 60 / AT_ONCE:.0f}",
    )
    (DOCS / "study.md").write_text(page, encoding="utf-8")
    write_sheets(runs.values())


if __name__ == "__main__":
    main()
