"""The package's own configs by name."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stylelightning.__main__ import main
from stylelightning.cli.presets import (
    LONGEST_LINE,
    config_path,
    line_of,
    preset,
    preset_names,
    preset_path,
    presets,
    with_preset,
)
from stylelightning.cli.yaml_text import load_yaml
from stylelightning.metrics import LPIPS, default_metrics
from stylelightning.sweep.folders import picture_values
from tests.conftest import ROOT

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_every_config_is_a_preset() -> None:
    files = {str(path.relative_to(ROOT / "configs")) for path in ROOT.glob("configs/**/*.yaml")}
    assert {f"{name}.yaml" for name in preset_names()} == files


def test_those_at_the_top_come_first() -> None:
    names = preset_names()
    nested = ["/" in name for name in names]
    assert nested == sorted(nested)
    assert names.index("study/baseline") < names.index("sweeps/start")


def test_names_lines_and_paths_do_not_wait_for_torch() -> None:
    code = (
        "import sys; from stylelightning.cli.presets import preset_path, presets; "
        "presets(); preset_path('quickstart'); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", preset_names())
def test_a_line_is_the_beginning_of_the_first_comment(name: str) -> None:
    found = preset(name)
    comment = found.path.read_text().split("\n#\n")[0]
    words = " ".join(line.removeprefix("# ") for line in comment.splitlines())
    assert words.startswith(found.line.rstrip(".?").split(" with its defaults")[0])
    assert 20 < len(found.line) <= LONGEST_LINE + 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# One. Two.\n#\n# Three.\nname: a\n", "One."),
        ("# One\n# and two.\n\nname: a\n", "One and two."),
        ("# By them\n# (https://example.org/a_b), of old.\n", "By them, of old."),
        (f"# {'word ' * 10}end: a, {'b' * 60}.\n", f"{'word ' * 10}end: a."),
        ("name: a\n", ""),
    ],
)
def test_a_line_is_cut_well(text: str, line: str) -> None:
    assert line_of(text) == line


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("quickstart", ""),
        ("untrained", ""),
        ("texture", ""),
        ("painting", "oxford of VGG16, 58 MB"),
        ("gatys2016", "IMAGENET1K_V1 of VGG19, 548 MB"),
        ("neural-style-pt", "vgg19-d01eb7cb.pth of VGG19"),
        ("resnet", "DEFAULT of resnet50"),
        ("distillation/slim", "oxford of VGG16, 58 MB"),
        ("video/clip", ""),
        ("sweeps/start", ""),  # its base needs some, its own backbone none
        ("sweeps/pooling", ""),  # `model.backbone.weights: null`
        ("sweeps/trained/start", "oxford of VGG16, 58 MB"),  # those of its base
    ],
)
def test_a_preset_says_which_weights_it_needs(name: str, weights: str) -> None:
    assert preset(name).weights == weights


def test_the_default_preset_needs_nothing() -> None:
    assert presets()[preset_names().index("quickstart")].weights == ""


def test_a_config_is_a_path_or_a_name(elsewhere: Path) -> None:
    for given in ("quickstart", "configs/quickstart.yaml", str(ROOT / "configs/quickstart.yaml")):
        assert config_path(given) == ROOT / "configs" / "quickstart.yaml"
    assert config_path("study/baseline") == preset_path("study/baseline")


def test_a_file_wins_over_a_name_and_a_folder_does_not(elsewhere: Path) -> None:
    (elsewhere / "quickstart").write_text("name: mine\n")
    assert config_path("quickstart") == elsewhere / "quickstart"
    (elsewhere / "painting").mkdir()
    assert config_path("painting") == ROOT / "configs" / "painting.yaml"


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("quikstart", "Did you mean quickstart?"),
        ("quickstart.yaml", "Did you mean quickstart"),
        ("configs/quikstart.yaml", "Did you mean configs/quickstart.yaml"),
        ("start", "Did you mean sweeps/start?"),
        ("mien.yaml", "Did you mean mine.yaml?"),
        ("xyz", "'xyz'. `stylelightning list presets` names them."),
    ],
)
def test_a_typo_gets_near_files_and_presets(given: str, near: str, elsewhere: Path) -> None:
    (elsewhere / "mine.yaml").write_text("name: mine\n")
    with pytest.raises(FileNotFoundError) as raised:
        config_path(given)
    assert near in str(raised.value)


def test_no_preset_of_a_name_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"no preset 'gatys'\. Did you mean gatys2016"):
        preset_path("gatys")


@pytest.mark.parametrize(
    "args",
    [
        ["--config", "a.yaml"],
        ["--config=a.yaml"],
        ["--data.size", "3", "-c", "a.yaml"],
        ["-ca.yaml"],
        ["--help"],
        ["-h"],
        ["--model.losses.help", "GramLoss"],
        ["--model.losses.help=GramLoss"],
    ],
    ids=" ".join,
)
def test_a_config_or_a_call_for_help_stays_alone(args: list[str]) -> None:
    assert with_preset(args) == args


@pytest.mark.parametrize(
    "args", [[], ["--name", "a"], ["--data.content=help"], ["--print_config"]], ids=" ".join
)
def test_a_run_without_a_config_is_the_quickstart(args: list[str]) -> None:
    assert with_preset(args) == ["--config", "quickstart", *args]


def test_without_a_config_the_users_options_change_the_quickstart(capsys: Capture) -> None:
    assert main(["fit", "--model.losses.tv.weight", "3", "--print_config"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["name"] == "quickstart"
    assert printed["model"]["losses"]["tv"]["init_args"]["weight"] == 3
    assert printed["model"]["losses"].keys() == {"content", "style", "strokes", "tv"}


def test_a_preset_is_run_by_its_name_from_any_folder(elsewhere: Path) -> None:
    args = ["--config", "quickstart", "--data.size=32", "--trainer.max_steps=1"]
    assert main(["fit", *args, "--model.schedule.min_size=32", "--trainer.accelerator=cpu"]) == 0
    config = elsewhere / "runs" / "quickstart" / "version_0" / "config.yaml"
    assert "content: configs/images/content.jpg\n" in config.read_text()  # short, so it travels
    again = config.with_name("result.png")
    assert main(["fit", "--config", str(again), "--trainer.max_steps=1", "--name=again"]) == 0
    assert (elsewhere / "runs" / "again" / "version_0" / "result.png").is_file()


def test_a_sweep_finds_its_base_and_its_pictures_from_any_folder(elsewhere: Path) -> None:
    (elsewhere / "one.yaml").write_text(
        "base: quickstart\ncontents: configs/images/animal.jpg\nstyles: configs/images/ink.jpg\n"
        "options: {data.size: 32, model.schedule.min_size: 32, model.schedule.steps: 1}\n"
    )
    assert main(["sweep", "--config", "one.yaml", "--trainer.accelerator=cpu"]) == 0
    config = elsewhere / "runs" / "sweep" / "animal--ink" / "version_0" / "config.yaml"
    assert "content: configs/images/animal.jpg\n" in config.read_text()


def test_a_folder_of_the_packages_pictures_is_called_as_it_was_given(elsewhere: Path) -> None:
    values = picture_values("styles", "configs/images", "data.style")
    assert {"data.style": "configs/images/ink.jpg"} in [value.settings for value in values]


def test_a_preset_of_a_sweep_is_found_by_its_name(capsys: Capture, elsewhere: Path) -> None:
    assert main(["fit", "--config", "sweeps/start"]) == 2
    assert "start.yaml is that of a sweep: give it to `sweep`." in capsys.readouterr().err


def test_a_preset_of_a_clip_is_no_run_of_fit(capsys: Capture, elsewhere: Path) -> None:
    assert main(["fit", "--config", "video/clip"]) == 2
    assert "clip.yaml is that of a clip: give it to `video`." in capsys.readouterr().err


@pytest.mark.parametrize("name", preset_names())
def test_no_metric_of_a_preset_fetches_anything(name: str) -> None:
    callbacks = (load_yaml(preset_path(name).read_text()).get("callbacks") or {}).values()
    measured = [each for each in callbacks if each["class_path"] == "FinalMetrics"]
    assert [each.get("init_args", {}).get("metrics") for each in measured] == [None] * len(measured)


def test_the_metrics_of_every_run_fetch_nothing() -> None:
    assert not any(isinstance(each, LPIPS) for each in default_metrics())  # the cache is empty
    file = LPIPS().file
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    assert [each.download for each in default_metrics() if isinstance(each, LPIPS)] == [False]
