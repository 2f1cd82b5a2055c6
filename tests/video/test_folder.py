"""What a clip's folder takes for its own."""

from pathlib import Path

import pytest

from stylelightning.files.atomic import temporary_file
from stylelightning.video.folder import ClipFolder


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
