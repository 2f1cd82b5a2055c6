"""What a clip's folder takes for its own, and when it is finished."""

import shutil
from pathlib import Path

import pytest

from stylelightning.files.atomic import temporary_file
from stylelightning.video.folder import ClipFolder, Survey, write_frame
from tests.conftest import smooth_picture


def test_what_a_clip_leaves_behind_is_its_own(tmp_path: Path) -> None:
    folder = ClipFolder(tmp_path / "work")
    folder.check_own(tmp_path / "clip.mp4")  # there is none yet
    folder.begin("settings")
    folder.painted(1).mkdir()
    temporary_file(folder.settings).touch()  # a kill left it
    folder.check_own(tmp_path / "clip.mp4")
    (folder.path / "pass_1.txt").touch()
    with pytest.raises(ValueError, match=r"holds pass_1\.txt, which is no part of a clip"):
        folder.check_own(tmp_path / "clip.mp4")


def test_a_kill_while_it_is_cleaned_up_leaves_a_finished_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ClipFolder(tmp_path / "work")
    folder.write_survey(Survey([0.0, 1.0], [0.0, 0.0], [0]))
    for number in range(2):
        write_frame(folder.content_frame(number), smooth_picture(12, 12, number))

    def killed(path: Path, ignore_errors: bool = False) -> None:
        next(path.iterdir()).unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        folder.finish(1)
    assert folder.is_finished
