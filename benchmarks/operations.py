"""How many operations a step is made of: what a GPU would launch, and what of it only copies.

The operations of torch that one step of a run does, callbacks included, are counted, those that
give a view of what is there left out. They are the same on every device, so a CPU can count what a
GPU, which waits for each launch, pays for.

Usage: python -m benchmarks.operations [CONFIG ...] [--precisions 32-true bf16-mixed] [--size 64]
"""

import argparse
import json
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.common import ROOT, Row, save, table
from benchmarks.step_time import square_pictures
from stylelightning.__main__ import main as stylelightning
from stylelightning.cli.process import set_up_process

STEP = 4
"""The step that is counted: none at which something is searched, drawn or recorded."""
COPIES = ("_to_copy", "copy_", "clone")


class Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts operations by their names while it is entered."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.counts: Counter[str] = Counter()
        self.casts = 0
        self.copied_bytes = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Do an operation, and count it."""
        result = func(*args, **(kwargs or {}))
        if not func.is_view:
            name = func.overloadpacket.__name__
            self.counts[name] += 1
            if name in COPIES and isinstance(result, torch.Tensor):
                self.copied_bytes += result.nbytes
                self.casts += result.dtype != args[0].dtype
        return result


class CountStep(Callback):
    """Counts the operations of one step of a run.

    Args:
        path: Where to, a JSON file.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._counting = ExitStack()
        self._operations = Operations()

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        """Begin to count."""
        if trainer.global_step == STEP:
            self._counting.enter_context(self._operations)

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """Stop, and write the counts."""
        self._counting.close()
        if trainer.global_step == STEP + 1:
            found = self._operations
            copies = sum(found.counts[name] for name in COPIES) - found.casts
            counts = {
                "operations": found.counts.total(),
                "casts": found.casts,
                "copies": copies,
                "MB copied": found.copied_bytes / 2**20,
            }
            Path(self.path).write_text(json.dumps(counts))


def measure(config: Path, precision: str, size: int) -> Row:
    """Return the row of a config."""
    with tempfile.TemporaryDirectory() as folder:
        args = ["fit", "--config", str(config), *square_pictures(Path(folder), size)]
        args += [f"--data.size={size}", f"--model.schedule.steps={STEP + 2}"]
        args += ["--model.schedule.min_size=null", f"--trainer.precision={precision}"]
        args += ["--model.backbone=VGG16", "--model.backbone.weights=null"]
        args += ["--callbacks.divergence.factor=1e12", "--callbacks.metrics=null"]
        args += ["--trainer.default_root_dir", folder, "--trainer.accelerator=cpu"]
        args += ["--callbacks.count=benchmarks.operations.CountStep"]
        args += [f"--callbacks.count.path={(path := Path(folder) / 'counts.json')}"]
        if stylelightning(args) != 0:
            raise RuntimeError("The run failed.")
        counts = json.loads(path.read_text())
    return {"config": config.stem, "precision": precision, **counts}


def main() -> None:
    """Count, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    defaults = [ROOT / "configs" / name for name in ("gatys2016.yaml", "fast.yaml")]
    parser.add_argument("configs", type=Path, nargs="*", default=defaults)
    parser.add_argument("--precisions", nargs="+", default=["32-true", "bf16-mixed"])
    parser.add_argument("--size", type=int, default=256, help="side of the picture in pixels")
    options = parser.parse_args()
    set_up_process()
    rows = [
        measure(config, precision, options.size)
        for config in options.configs
        for precision in options.precisions
    ]
    print(table(rows))
    print(save("operations", "cpu", rows))


if __name__ == "__main__":
    main()
