"""Sweeps over the tiny config."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from stylelightning.__main__ import main
from tests.conftest import ROOT, TINY

Sweep = Callable[..., Path]


@pytest.fixture
def sweep_file(tmp_path: Path, content: Path, style: Path) -> Callable[..., Path]:
    """Write a sweep file over the tiny config."""

    def write(**keys: Any) -> Path:
        options = {"data.content": str(content), "data.style": str(style)}
        given = {"name": "tiny-sweep", "base": str(TINY), "options": options, **keys}
        path = tmp_path / "sweep.yaml"
        path.write_text(yaml.safe_dump(given, sort_keys=False))
        return path

    return write


@pytest.fixture
def sweep(tmp_path: Path, sweep_file: Callable[..., Path]) -> Sweep:
    """Run a sweep in this process and return its folder; its exit code must be right."""

    def run(*args: str, code: int = 0, root: str = "runs", **keys: Any) -> Path:
        folder = tmp_path / root
        given = ["sweep", "--config", str(sweep_file(**keys)), "--root", str(folder)]
        assert main([*given, *args]) == code
        return folder / "tiny-sweep"

    return run


@pytest.fixture
def sweep_process(tmp_path: Path, sweep_file: Callable[..., Path]) -> Sweep:
    """Run a sweep in a process of its own and return its folder."""

    def run(*args: str, code: int = 0, root: str = "runs", **keys: Any) -> Path:
        folder = tmp_path / root
        command = [sys.executable, "-m", "stylelightning", "sweep"]
        command += ["--config", str(sweep_file(**keys)), "--root", str(folder), *args]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return folder / "tiny-sweep"

    return run


def picture_bytes(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every point's newest picture."""
    newest = {path.parents[1].name: path for path in sorted(folder.glob("*/version_*/result.png"))}
    return {name: path.read_bytes() for name, path in newest.items()}


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the lines of a sweep's table."""
    import csv

    with (folder / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))
