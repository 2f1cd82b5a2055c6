import errno
from pathlib import Path
from typing import Any

import pytest
import torch

from stylelightning.run.checkpoint_io import AtomicCheckpointIO


def test_what_was_saved_is_there(tmp_path: Path) -> None:
    picture = torch.arange(12.0).view(1, 3, 2, 2)
    AtomicCheckpointIO().save_checkpoint({"picture": picture, "step": 3}, tmp_path / "a.ckpt")
    found = torch.load(tmp_path / "a.ckpt", weights_only=True)
    assert torch.equal(found["picture"], picture)
    assert found["step"] == 3
    assert [each.name for each in tmp_path.iterdir()] == ["a.ckpt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_full_disk_is_told_as_such_and_leaves_the_checkpoint_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, opened = tmp_path / "a.ckpt", Path.open
    AtomicCheckpointIO().save_checkpoint({"step": 1}, path)

    def full(path: Path, mode: str = "r", **options: Any) -> Any:
        return opened(Path("/dev/full"), "wb") if mode == "xb" else opened(path, mode, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OSError, match=r"No space left on device\. Free some space") as caught:
        AtomicCheckpointIO().save_checkpoint({"picture": torch.zeros(2**18)}, path)
    assert caught.value.errno == errno.ENOSPC
    assert torch.load(path, weights_only=True) == {"step": 1}
