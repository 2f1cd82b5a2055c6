"""Every shipped sweep file."""

from pathlib import Path

import pytest
import yaml

from stylelightning.sweep.spec import Spec, flags, points_of
from stylelightning.sweep.validation import jobs_of
from tests.conftest import ROOT

SWEEPS = ROOT / "configs" / "sweeps"
FILES = sorted(SWEEPS.rglob("*.yaml"))


def name_of(path: Path) -> str:
    return str(path.relative_to(SWEEPS).with_suffix(""))


def test_the_five_studies_of_the_source_are_there() -> None:
    studies = {"layers", "optimizers", "pooling", "start"}  # of a network that is the same in all
    trained = {f"trained/{name}" for name in studies}
    students = {"trained/student-content", "trained/student-style"}
    others = {"adversarial", "backbone", "canvas"}
    assert {name_of(path) for path in FILES} == {*others, *studies, *trained, *students}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_point_of_a_sweep_file_can_run(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)  # a sweep file names its config from the top of the repository
    content = yaml.safe_load(path.read_text())
    spec = Spec(base=[content["base"]], options=content["options"], axes=content["axes"])
    points = points_of(spec)
    jobs, failures = jobs_of(points, tmp_path, spec.base, flags(spec.options), "")
    assert not failures
    assert len({job.fingerprint for job in jobs}) == len(points)  # each makes its own picture
    assert len(points) >= 6


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_sweep_file_says_its_command_and_time(path: Path) -> None:
    header = path.read_text().split("\nname:")[0]
    assert f"sweep --config configs/sweeps/{name_of(path)}.yaml" in header
    assert "Time: about" in header
    assert yaml.safe_load(path.read_text())["name"] == name_of(path).replace("/", "-")
