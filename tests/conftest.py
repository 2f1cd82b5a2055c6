"""Tiny pictures, a tiny config and a clean process for every test."""

import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from coverage import Coverage
from hypothesis import settings
from torch import Tensor

from stylelightning import StyleTransferData
from stylelightning.__main__ import main
from stylelightning.callbacks.interrupt import ENDS
from stylelightning.cli.console import set_up_console
from stylelightning.images import write_picture

TINY = Path(__file__).parent / "tiny.yaml"
GRAMS = f"--config={Path(__file__).parent / 'grams.yaml'}"
"""An option with which the Gram matrices of a tiny run are drawn."""
ROOT = Path(__file__).parent.parent

Run = Callable[..., Path]

# the same examples every time, on a machine that may be busy
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

FURTHER_CASE = pytest.StashKey[bool]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the cases of a test that come after its first."""
    seen = set()
    for item in items:
        test = item.nodeid.partition("[")[0]
        item.stash[FURTHER_CASE] = test in seen
        seen.add(test)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Measure coverage, where it is measured, in the first case of every test alone.

    Further cases run the same lines with other values, and Python at half its speed under the
    measure. What is found is what all cases cover, or less.
    """
    coverage = Coverage.current() if item.stash[FURTHER_CASE] else None
    if coverage is None:
        return (yield)
    start = os.environ.pop("COVERAGE_PROCESS_START", None)  # for the processes of the test
    coverage.stop()
    try:
        return (yield)
    finally:
        coverage.start()
        if start is not None:
            os.environ["COVERAGE_PROCESS_START"] = start


@pytest.fixture(autouse=True)
def _clean_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test reads the user's cache, and each leaves logging and signals as they were."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("STYLELIGHTNING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of the processes that it starts
    # the setting is for the whole process, which would hold gigabytes after a thousand tests
    monkeypatch.setattr("stylelightning.cli.process.keep_freed_memory", lambda: False)
    logger = logging.getLogger("stylelightning")
    before = (logger.handlers[:], logger.level, logger.propagate)
    lightning = {n: logging.getLogger(n).level for n in ("lightning.pytorch", "lightning.fabric")}
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, *ENDS)}
    for number in ENDS:
        if handlers[number] == signal.SIG_IGN:  # the tests run under `nohup`
            signal.signal(number, signal.SIG_DFL)
    set_up_console()
    torch.manual_seed(0)
    torch.set_num_threads(1)  # pytest has a process for each core
    yield
    logger.handlers[:], logger.level, logger.propagate = before
    for name, level in lightning.items():
        logging.getLogger(name).setLevel(level)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def smooth_picture(height: int, width: int, seed: int) -> Tensor:
    """Return a picture with large and small forms, (1, 3, height, width) in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand((1, 3, 4, 4), generator=generator)
    fine = torch.rand((1, 3, height, width), generator=generator)
    large = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    return 0.7 * large + 0.3 * fine


@pytest.fixture
def content(tmp_path: Path) -> Path:
    path = tmp_path / "content.png"
    write_picture(path, smooth_picture(24, 32, seed=1))
    return path


@pytest.fixture
def style(tmp_path: Path) -> Path:
    path = tmp_path / "style.png"
    write_picture(path, smooth_picture(32, 32, seed=2))
    return path


@pytest.fixture
def data(content: Path, style: Path) -> StyleTransferData:
    return StyleTransferData(str(content), str(style), size=32)


@pytest.fixture
def heard_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt, which it does not in a suite in a shell's background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def run(tmp_path: Path, content: Path, style: Path) -> Run:
    """Run ``fit`` on the tiny config and return the run's folder; its exit code must be right."""

    def fit(*args: str, code: int = 0) -> Path:
        folder = tmp_path / "runs"
        given = ["fit", "--config", str(TINY), "--data.content", str(content)]
        given += ["--data.style", str(style), "--trainer.default_root_dir", str(folder)]
        assert main([*given, *args]) == code
        versions = folder.glob("*/version_*")
        return max(versions, key=lambda path: path.stat().st_mtime, default=folder)

    return fit
