"""What is said before torch is imported, and what is left to the parser and the run."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from stylelightning.__main__ import main
from stylelightning.cli.first_look import check_batch, check_clip, check_run
from stylelightning.images import read_picture
from tests.conftest import TINY, Run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lost.yaml").write_text("data: {content: lost.jpg}\n")
    (tmp_path / "lost-style.yaml").write_text("data: {style: [a.jpg, lost.jpg]}\n")
    (tmp_path / "lost-mask.yaml").write_text(
        "data: {content_masks: a.jpg, style: [{path: a.jpg, weight: 2, mask: {sky: lost.png}}]}\n"
    )
    (tmp_path / "broken.yaml").write_text("data: {content: lost.jpg\n")
    (tmp_path / "dotted.yaml").write_text("data.content: a.jpg\n")
    (tmp_path / "indirect.yaml").write_text("data: lost.yaml\n")
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"picture")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["fit", "--config", "quikstart"], "Did you mean quickstart?"),
        (["fit", "--config=nowhere.yaml"], "There is no config file"),
        (["fit", "-c", "nowhere.yaml"], "There is no config file"),
        (["fit", "-cnowhere.yaml"], "There is no config file"),
        (["fit", "--data.content", "lost.jpg"], "Cannot read the picture"),
        (["fit", "--data.style=lost.jpg"], "Cannot read the picture"),
        (["fit", "--data.style", "[a.jpg, lost.jpg]"], "lost.jpg: there is no such file"),
        (["fit", "--data.style", "[a.jpg, {path: lost.jpg}]"], "lost.jpg: there is no such file"),
        (["fit", "--config", "lost-mask.yaml"], "lost.png: there is no such file"),
        (["fit", "--data.content_masks", "lost.png"], "lost.png: there is no such file"),
        (["fit", "--data.content_masks", "{sky: lost.png}"], "lost.png: there is no such file"),
        (["fit", "--config", "lost.yaml"], "lost.jpg: there is no such file"),
        (["fit", "--config", "lost-style.yaml"], "lost.jpg: there is no such file"),
        (["fit", "--config", "lost.yaml", "--config", "quikstart"], "Did you mean quickstart?"),
        (["plan", "--data.content", "lost.jpg"], "Cannot read the picture"),
        (["plan", "--config", "nowhere"], "There is no config file"),
        (["batch", "--config", "nowhere"], "There is no config file"),
        (["batch", "--contents", "photos"], "There is no picture or folder"),
        (["batch", "--styles", "[a.jpg, paintings]"], "There is no picture or folder"),
        (["paint", "lost.jpg", "a.jpg"], "lost.jpg: there is no such file"),
        (["paint", "a.jpg", "lost.jpg"], "lost.jpg: there is no such file"),
        (["paint", "a.jpg", "a.jpg", "--preset", "painitng"], "Did you mean painting?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_not_there_is_said_before_torch_is_imported(
    line: Sequence[str], words: str
) -> None:
    code = (
        "import sys; from stylelightning.__main__ import main; "
        f"code = main({line!r}); assert 'torch' not in sys.modules; sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--data.content", "a.jpg", "--data.style", "b.jpg"],
        ["--config", "lost.yaml", "--data.content", "a.jpg"],  # what comes later wins
        ["--data.content", "lost.jpg", "--data.content=a.jpg"],
        ["--data.content", "lost.jpg", "--config", "quickstart"],
        ["--config", "lost.yaml", "--data.content", "null"],
        ["--config", "lost.yaml", "--data", "{content: a.jpg}"],
        ["--config", "lost.yaml", "--config", "dotted.yaml"],
        ["--config", "lost.yaml", "--print_config"],  # no picture is read
        ["--config", "lost.yaml", "--print_config=skip_null"],
        ["--config", "nowhere.yaml", "--help"],
        ["--config", "data:\n  content: a.jpg\n"],  # a config in place
        ["--config"],  # what the parser says is better
        ["--config", "broken.yaml"],
        ["--config", "indirect.yaml"],
        ["--config", "a.jpg"],  # it may carry a config
        ["--data.content", "https://example.org/lost.jpg"],
        ["--data.content", "lost\0.jpg"],
        ["--data.style", "[lost.jpg"],
        ["--data.style", "{path: lost.jpg}"],
        ["--data.style", "[{path: lost.jpg, weight: -1}]"],  # its weight is said
        ["--data.style", "[{path: lost.jpg, scale: 0}]"],
        ["--data.style", "[{path: lost.jpg, weight: heavy}]"],
        ["--data.style", "[{path: lost.jpg, wieght: 1}]"],
        ["--data.style", "[{path: a.jpg, mask: lost.png}]"],  # it needs masks of the content image
        ["--data.content_masks", "lost.png", "--data.content_masks.sky=a.jpg"],
        ["--data.style+=lost.jpg"],
        ["--data.content", "12"],
    ],
    ids=repr,
)
def test_in_doubt_nothing_is_refused(args: Sequence[str]) -> None:
    check_run(args)


def test_a_config_in_place_is_looked_through() -> None:
    with pytest.raises(FileNotFoundError, match=r"lost\.jpg"):
        check_run(["--config", "data:\n  content: lost.jpg\n"])


def test_a_clip_may_be_a_folder_in_a_config_too() -> None:
    config = ["--config", "data:\n  content: .\n  style: a.jpg\n"]
    check_clip(config)
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        check_run(config)
    with pytest.raises(FileNotFoundError, match=r"There is no picture or folder .*lost\.mp4"):
        check_clip([*config, "--data.content", "lost.mp4"])
    with pytest.raises(FileNotFoundError, match=r"lost\.jpg"):
        check_clip([*config, "--data.style", "lost.jpg"])


def test_masks_do_not_hide_a_content_image_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError, match=r"lost\.jpg"):
        check_run(["--data.content", "lost.jpg", "--data.content_masks", "a.jpg"])


@pytest.mark.parametrize(
    "args", [["--contents", "a.jpg"], ["--contents", "."], ["--contents", "lost", "--help"], []]
)
def test_a_batch_of_what_is_there_is_not_refused(args: Sequence[str]) -> None:
    check_batch(["--config", "lost.yaml", *args])  # its content image may be replaced


def test_the_run_itself_says_the_same(run: Run, capsys: Capture) -> None:
    run("--data.content", "lost.jpg", code=2)
    early = capsys.readouterr().err
    with pytest.raises(FileNotFoundError) as raised:
        read_picture("lost.jpg")
    assert early == f"error: {raised.value}\n"


def test_a_config_that_is_printed_needs_no_pictures(capsys: Capture) -> None:
    args = ["--config", str(TINY), "--config", "lost.yaml", "--print_config"]
    assert main(["fit", *args]) == 0
    assert "content: lost.jpg" in capsys.readouterr().out
