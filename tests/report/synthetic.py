"""A sweep that nobody ran: tiny pictures, tables and configs in folders as runs leave them."""

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from stylelightning.report.contents import Axis
from stylelightning.sweep.records import Record

Colour = tuple[int, int, int]


def write_run(
    folder: Path,
    colour: Colour,
    size: tuple[int, int] = (32, 24),
    config: Mapping[str, object] | None = None,
    losses: Sequence[tuple[int, float, float]] = ((1, 40.0, 60.0), (10, 4.0, 6.0)),
    gram_steps: Sequence[int] = (),
) -> None:
    """Write what a run leaves behind.

    Args:
        folder: The run's folder.
        colour: Of every pixel of its picture.
        size: Width and height of the picture.
        config: What its config holds.
        losses: Step, content and style term of every row of its table.
        gram_steps: Steps at which there is a picture of the matrices.
    """
    folder.mkdir(parents=True)
    Image.new("RGB", size, colour).save(folder / "result.png")
    (folder / "config.yaml").write_text(
        json.dumps(dict(config) if config else {"name": folder.name})
    )  # also YAML
    lines = ["step,scale,size,content,style,total,seconds_per_step,peak_memory_mb"]
    lines += [f"{n},0,32x24,{c},{s},{c + s},0.1,100.0" for n, c, s in losses]
    (folder / "losses.csv").write_text("\n".join(lines) + "\n")
    for step in gram_steps:
        path = folder / "grams" / "style" / "level1" / f"step_{step:06d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (18, 6), (step % 256, 90, 90)).save(path)


def write_sweep(folder: Path, *counts: int, rows: int = 20) -> tuple[list[Axis], list[Record]]:
    """Write the runs of a sweep over axes ``axis0``, ``axis1``, ..., all of them done.

    Args:
        folder: The sweep's folder.
        counts: Number of labels of each axis.
        rows: Rows of every table of losses.
    """
    axes = [Axis(f"axis{n}", tuple(f"{n}{m}" for m in range(c))) for n, c in enumerate(counts)]
    records = []
    for number, labels in enumerate(itertools.product(*(axis.labels for axis in axes))):
        point = f"point{number}"
        losses = [(n, 90 * math.exp(-n / 9), 9.0 + number) for n in range(rows)]
        colour = (37 * number % 256, 91 * number % 256, 151 * number % 256)
        write_run(folder / point, colour, losses=losses, gram_steps=(1, rows))
        records.append(
            Record(
                point,
                {axis.name: label for axis, label in zip(axes, labels, strict=True)},
                "done",
                steps=rows,
                seconds=1.5 * number,
                megabytes=100.0 + number,
                folder=point,
                terms={"content": 1.0, "style": 9.0 + number, "total": 10.0 + number},
                metrics={"gram/level1": 0.1 * number, "gram/level2": 0.5},
            )
        )
    return axes, records
