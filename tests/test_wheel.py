"""The wheel: what it holds, and that it works away from the checkout."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from stylelightning import __version__
from tests.conftest import ROOT

LARGEST = 12_000_000  # bytes
CONFIGS = ROOT / "configs"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the project's own backend."""
    folder = tmp_path_factory.mktemp("wheel")
    build = f"from hatchling.build import build_wheel; build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=ROOT, check=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files, as pip would put them."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_preset_and_nothing_that_draws(wheel: Path) -> None:
    configs = {str(path.relative_to(ROOT)) for path in CONFIGS.rglob("*.yaml")}
    inside = {name for name in names(wheel) if name.startswith("stylelightning/configs/")}
    assert {f"stylelightning/{path}" for path in configs} <= inside
    assert not [name for name in inside if name.endswith(".py")]
    assert not [name for name in names(wheel) if name.startswith(("configs/", "tests/"))]


def test_the_wheel_holds_every_picture_that_a_preset_names_and_the_licences(wheel: Path) -> None:
    texts = [path.read_text() for path in CONFIGS.rglob("*.yaml")]
    named = {name for text in texts for name in re.findall(r"configs/images/\w+\.\w+", text)}
    assert {"configs/images/content.jpg", "configs/images/style.jpg"} <= named
    needed = {f"stylelightning/{name}" for name in named}
    needed |= {"stylelightning/configs/images/LICENSE.md", "stylelightning/py.typed"}
    kept = f"stylelightning-{__version__}.dist-info/licenses"
    needed |= {f"{kept}/LICENSE", f"{kept}/configs/images/LICENSE.md"}
    assert needed <= names(wheel)


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < LARGEST


def test_an_installed_package_runs_its_own_preset_in_an_empty_folder(
    site: Path, tmp_path: Path
) -> None:
    line = [
        *(sys.executable, "-m", "stylelightning", "fit", "--config", "quickstart"),
        *("--data.size=32", "--model.schedule.min_size=32", "--trainer.max_steps=2"),
        *("--trainer.accelerator=cpu", "--output=out.png"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"}
    environment.pop("COVERAGE_PROCESS_START", None)  # a copy of the package is no part of it
    where = "import stylelightning.cli.presets as p; print(p.preset_path(p.DEFAULT))"
    found = subprocess.run(
        [sys.executable, "-c", where],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert Path(found.stdout.strip()) == site / "stylelightning" / "configs" / "quickstart.yaml"
    done = subprocess.run(line, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.png").is_file()
    config = yaml.safe_load((tmp_path / "runs/quickstart/version_0/config.yaml").read_text())
    assert config["data"]["content"] == "configs/images/content.jpg"


def test_the_citation_is_that_of_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert cited["version"] == __version__
    assert " AND ".join(cited["license"]) == project["license"]
    assert [each["name"] for each in cited["authors"]] == [
        each["name"] for each in project["authors"]
    ]
