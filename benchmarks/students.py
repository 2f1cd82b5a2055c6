"""How near a student's pictures come to its teacher's, in the teacher's own eyes.

For each pair of pictures the same config is run on untrained filters of VGG-16, on the student and
on the teacher, and each finished picture is given to the teacher: T is its total there.
Of the way from the untrained filters to the teacher, the student goes

    (T_untrained - T_student) / (T_untrained - T_teacher)

The pictures stay in a folder, to be looked at, and what is there already is not made again.

The totals of pictures that other configs make, as they are, stand beside: those of the program's
own defaults, say, which minimise something else.

Usage: python -m benchmarks.students PAIRS.csv FOLDER [--config FILE] [--size 384]
       [--student FILE] [--beside FILE ...] [--precision 32-true]

PAIRS.csv has the columns ``content`` and ``style``: paths of pictures that are not the project's.
"""

import argparse
import csv
import statistics
import tempfile
from pathlib import Path

from benchmarks.common import ROOT, Row, save, table
from stylelightning.__main__ import main as stylelightning
from stylelightning.cli.process import set_up_process

TEACHER = ("--model.backbone", "VGG16", "--model.backbone.weights", "oxford")
UNTRAINED = ("--model.backbone", "VGG16", "--model.backbone.weights", "null")
QUIET = (
    *("--trainer.logger", "false", "--trainer.enable_checkpointing", "false"),
    *("--callbacks.metrics", "null", "--callbacks.snapshots", "null"),
    *("--callbacks.progress", "null"),
)


class Pair:
    """A pair of pictures, its folder and what every run of it has in common.

    Args:
        row: Its row of the table of pairs.
        options: The command line.
    """

    def __init__(self, row: dict[str, str], options: argparse.Namespace) -> None:
        self.name = f"{Path(row['content']).stem}--{Path(row['style']).stem}"
        self.folder: Path = options.folder / self.name
        self.config: Path = options.config
        self.pictures = (
            *("--data.content", row["content"], "--data.style", row["style"]),
            *("--data.size", str(options.size)),
        )
        self.size, self.precision = str(options.size), options.precision

    def make(self, name: str, config: Path, *backbone: str) -> Path:
        """Return the picture of a config on a backbone; it is made unless it is there.

        Args:
            name: What it is called.
            config: The config.
            backbone: Options that choose the backbone; none for the config's own.
        """
        picture = self.folder / f"{name}.png"
        if not picture.exists():
            options = ("--trainer.precision", self.precision, "--output", str(picture))
            self._run(config, *backbone, *options)
        return picture

    def total(self, picture: Path) -> float:
        """Return the teacher's total of a finished picture: that of a run's first step from it."""
        with tempfile.TemporaryDirectory() as folder:
            self._run(
                self.config,
                *(*TEACHER, "--model.init", str(picture), "--trainer.default_root_dir", folder),
                *("--model.schedule.steps", "1", "--model.schedule.min_size", self.size),
                *("--callbacks.log.every_n_steps", "1"),
            )
            lines = next(Path(folder).rglob("losses.csv")).read_text(encoding="utf-8").splitlines()
        return float(next(csv.DictReader(lines))["total"])

    def _run(self, config: Path, *args: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            common = ("fit", "--config", str(config), *QUIET, *self.pictures)
            if stylelightning([*common, "--trainer.default_root_dir", folder, *args]) != 0:
                raise RuntimeError(f"A run of {self.name} failed.")


def measure(pair: Pair, student: tuple[str, ...], beside: list[Path]) -> Row:
    """Return the row of a pair: the teacher's totals, and how far the student goes."""
    pictures = {
        "untrained": pair.make("untrained", pair.config, *UNTRAINED),
        "student": pair.make("student", pair.config, *student),
        "teacher": pair.make("teacher", pair.config, *TEACHER),
        **{config.name: pair.make(config.name, config) for config in beside},
    }
    totals = {name: pair.total(picture) for name, picture in pictures.items()}
    way = totals["untrained"] - totals["teacher"]
    return {"pair": pair.name, **totals, "part": (totals["untrained"] - totals["student"]) / way}


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("pairs", type=Path)
    parser.add_argument("folder", type=Path, help="where the pictures are kept")
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "painting.yaml")
    parser.add_argument("--size", type=int, default=384, help="longer side in pixels")
    parser.add_argument("--student", default="slim", help="`weights` of SlimVGG")
    parser.add_argument(
        "--beside", type=Path, nargs="*", default=[ROOT / "configs" / "untrained.yaml"]
    )
    parser.add_argument("--precision", default="32-true")
    options = parser.parse_args()
    set_up_process()
    student = ("--model.backbone", "SlimVGG", "--model.backbone.weights", options.student)
    rows = []
    for row in csv.DictReader(options.pairs.read_text(encoding="utf-8").splitlines()):
        rows.append(measure(Pair(row, options), student, options.beside))
        print(table(rows[-1:]).splitlines()[-1], flush=True)
    print(table(rows))
    print(f"median part: {statistics.median(row['part'] for row in rows):.3f}")
    save(f"students_{options.config.stem}", "cpu", rows)


if __name__ == "__main__":
    main()
