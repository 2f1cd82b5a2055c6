"""``python -m stylelightning paint``: a picture in a few plain words."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from stylelightning.__main__ import main
from stylelightning.cli.presets import preset_names, preset_path
from stylelightning.cli.strength import content_weights, strength_options
from stylelightning.commands import paint
from stylelightning.images import read_picture
from tests.conftest import TINY

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: Path, style: Path
) -> list[Sequence[str]]:
    """What `fit` is called with, in place of the call; the pictures are in the working folder."""
    monkeypatch.chdir(tmp_path)
    called: list[Sequence[str]] = []

    def note(args: Sequence[str]) -> int:
        called.append(args)
        return 0

    monkeypatch.setattr("stylelightning.commands.fit.run", note)
    return called


def test_the_line_that_is_written_is_the_one_that_is_run(
    lines: list[Sequence[str]], tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "content.png").rename(tmp_path / "a holiday's picture.png")
    options = ["--strength", "0.25", "--size", "64", "--seed", "3", "--keep-colours", "--draft"]
    options += ["--preview"]
    line = ["paint", "a holiday's picture.png", "style.png", "-o", "out 1.png", *options]
    assert main(line) == 0
    written = capsys.readouterr().out
    assert written.count("\n") == 1
    assert shlex.split(written) == ["stylelightning", "fit", *lines[0]]
    assert lines[0] == [
        *("--config", "quickstart", "--data.content", "a holiday's picture.png"),
        *("--data.style", "style.png", "--output", "out 1.png", "--data.size", "64"),
        *("--seed_everything", "3", "--data.colours", "StyleToContent"),
        *("--model.schedule.draft", "true", "--preview"),
        # by hand: 20, the preset's own, times 8 to the power of 1 - 2 / 4
        *("--model.losses.content.weight", "56.5685"),
    ]


def test_without_options_it_is_the_quickstart(lines: list[Sequence[str]]) -> None:
    assert main(["paint", "content.png", "style.png"]) == 0
    pictures = ["--data.content", "content.png", "--data.style", "style.png"]
    output = ["--output", "content-style.png"]
    assert lines == [["--config", "quickstart", *pictures, *output]]


def test_no_picture_is_lost_to_the_default_name(
    lines: list[Sequence[str]], tmp_path: Path, content: Path
) -> None:
    for name in ("content-style.png", "content-style-2.png"):
        (tmp_path / name).write_bytes(content.read_bytes())
    for pair in (["content.png", "style.png"], ["content-style.png", "style.png"]):
        assert main(["paint", *pair]) == 0
    assert [line[-1] for line in lines] == ["content-style-3.png", "content-style-style.png"]


def test_long_names_are_cut(lines: list[Sequence[str]]) -> None:
    assert len(paint.free_name(Path("a" * 200), Path("b" * 200)).encode()) < 255


@pytest.mark.parametrize("name", ["null", "[a].png", "12", "{b}.png"])
def test_a_name_that_yaml_takes_for_something_else_is_a_path(
    name: str, lines: list[Sequence[str]], tmp_path: Path, content: Path
) -> None:
    (tmp_path / name).write_bytes(content.read_bytes())
    assert main(["paint", "content.png", name, "-o=-x.png"]) == 0
    assert lines[0][4:] == ["--data.style", f"./{name}", "--output=-x.png"]


def test_a_picture_is_painted_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY.read_text())
    monkeypatch.chdir(tmp_path)
    pictures = ["configs/images/content.jpg", "configs/images/style.jpg"]
    options = ["--preset", "tiny.yaml", "--size", "16", "--strength", "1", "-o", "out.png"]
    assert main(["paint", *pictures, *options]) == 0
    written = capsys.readouterr().out.splitlines()[0]
    assert max(read_picture("out.png").pixels.shape) == 16
    first = Path("out.png").read_bytes()
    Path("out.png").unlink()
    assert main(shlex.split(written)[1:]) == 0  # the line makes the same picture again
    assert Path("out.png").read_bytes() == first


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "It takes two pictures"),
        (["content.png"], "It takes two pictures"),
        (["a.png", "b.png", "c.png"], "Unrecognized arguments: c.png. `fit` has every other"),
        (["a.png", "b.png", "--strenght", "1"], "Did you mean --strength? `fit` has every"),
        (["a.png", "b.png", "--data.size=3"], "`fit` has every other option"),
        (["a.png", "b.png", "--strength", "2"], "a number from 0, mostly the content, to 1"),
        (["a.png", "b.png", "--strength", "nan"], "got 'nan'"),
        (["a.png", "b.png", "--size", "0"], "must be a number of pixels, got '0'"),
        (["a.png", "b.png", "--seed", "-1"], "must be a whole number of at least 0, got '-1'"),
        (["content.png", "styel.png"], "did you mean style.png"),
        (["content.png", "style.png", "--preset", "panting"], "Did you mean painting?"),
        (
            ["content.png", "style.png", "--preset", "texture", "--strength", "0"],
            "no term of texture reads the content image alone",
        ),
        (["content.png", "style.png", "-o", "style.png"], "`output` would replace `data.style`"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line(
    args: list[str],
    words: str,
    tmp_path: Path,
    content: Path,
    style: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["paint", *args]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


# strength


@pytest.mark.parametrize(("strength", "factor"), [(0.0, 8.0), (0.25, 8**0.5), (1.0, 1 / 8)])
def test_every_content_term_is_weighed_by_the_same_factor(strength: float, factor: float) -> None:
    for name in preset_names():
        path = preset_path(name)
        terms = (yaml.safe_load(path.read_text()).get("model") or {}).get("losses") or {}
        given = {
            name: each["init_args"]["weight"]
            for name, each in terms.items()
            if "content" in name or name == "photo"
        }
        if given:
            options = strength_options(path, strength)
            weights = {
                key: float(value) for key, value in zip(options[::2], options[1::2], strict=True)
            }
            assert weights == {
                f"--model.losses.{name}.weight": pytest.approx(factor * weight, rel=1e-5)
                for name, weight in given.items()
            }


def test_a_term_that_reads_both_images_has_no_strength() -> None:
    with pytest.raises(ValueError, match="no term of nnst reads the content image alone"):
        strength_options(preset_path("nnst"), 0.7)


def test_half_is_the_preset_as_it_is() -> None:
    assert strength_options(preset_path("quickstart"), 0.5) == []


def test_content_terms_are_told_by_their_class_not_by_their_name() -> None:
    losses = {
        "content": {"class_path": "GramLoss", "init_args": {"weight": 2.0}},
        "shape": {"class_path": "SelfSimilarityLoss", "init_args": {"weight": 3.0}},
        "edges": "LaplacianLoss",  # by hand: its default weight
        "mine": {"class_path": "stylelightning.losses.ContentLoss", "init_args": {"weight": 5.0}},
        "off": None,
        "unknown": {"class_path": "NoLoss"},
    }
    assert content_weights(losses) == {"shape": 3.0, "edges": 1.0, "mine": 5.0}


def test_a_calibrated_term_is_weighed_by_its_ratio(tmp_path: Path) -> None:
    config = tmp_path / "calibrated.yaml"
    config.write_text(
        TINY.read_text().replace("model:\n", "model:\n  calibrate: {style: 10, content: 2}\n")
    )
    assert strength_options(config, 1.0) == ["--model.calibrate.content", "0.25"]


def test_the_config_in_a_picture_is_a_preset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Path, style: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["paint", str(content), str(style), "--preset", str(TINY), "-o", "one.png"]) == 0
    # by hand: 100 / 8
    assert strength_options(Path("one.png"), 1.0) == ["--model.losses.content.weight", "12.5"]
