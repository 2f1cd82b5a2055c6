import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NoReturn

import pytest
import torch

from stylelightning.files.atomic import write_atomically
from stylelightning.images import check_output, write_picture


def no_space(descriptor: int) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_bytes_are_written_into_a_new_folder(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new" / "folder" / "a.txt", b"text")
    assert (tmp_path / "new" / "folder" / "a.txt").read_bytes() == b"text"
    assert names(tmp_path / "new" / "folder") == ["a.txt"]


def test_function_writes_into_the_file(tmp_path: Path) -> None:
    def write(file: BinaryIO) -> None:
        file.write(b"one ")
        file.write(b"two")

    write_atomically(tmp_path / "a.txt", write)
    assert (tmp_path / "a.txt").read_bytes() == b"one two"


def test_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_atomically("~/a.txt", b"text")
    assert names(tmp_path) == ["a.txt"]


def test_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    write_picture(path, torch.zeros(1, 3, 2, 2))
    old = path.read_bytes()
    monkeypatch.setattr(os, "fsync", no_space)
    text = f"Cannot write {path}: No space left on device. Free some space or write to another disk"
    with pytest.raises(OSError, match=re.escape(text)) as caught:
        write_picture(path, torch.ones(1, 3, 2, 2))
    assert caught.value.errno == errno.ENOSPC
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == old
    assert names(tmp_path) == ["a.png"]


def test_write_that_fails_midway_leaves_nothing(tmp_path: Path) -> None:
    def write(file: BinaryIO) -> None:
        file.write(b"half")
        no_space(file.fileno())

    with pytest.raises(OSError, match="No space left on device"):
        write_atomically(tmp_path / "a.txt", write)
    assert not names(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_error_of_a_really_full_device_is_reworded(tmp_path: Path) -> None:
    def write(file: BinaryIO) -> None:
        with Path("/dev/full").open("wb") as full:
            full.write(b"x")

    with pytest.raises(OSError, match=r"No space left on device\. Free some space") as caught:
        write_atomically(tmp_path / "a.txt", write)
    assert caught.value.errno == errno.ENOSPC
    assert not names(tmp_path)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError("mine")])
def test_other_errors_pass_and_leave_the_old_file(
    tmp_path: Path, error: BaseException | type[BaseException]
) -> None:
    def write(file: BinaryIO) -> None:
        file.write(b"new")
        raise error

    (tmp_path / "a.txt").write_bytes(b"old")
    with pytest.raises((KeyboardInterrupt, ValueError)):
        write_atomically(tmp_path / "a.txt", write)
    assert (tmp_path / "a.txt").read_bytes() == b"old"
    assert names(tmp_path) == ["a.txt"]


def test_file_is_synced_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def look(descriptor: int) -> None:
        seen.append((os.fstat(descriptor).st_size, names(tmp_path)[-1]))

    (tmp_path / "a.txt").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", look)
    write_atomically(tmp_path / "a.txt", b"longer")
    # By hand: all six bytes have left Python's buffer, and the old file is still there.
    assert seen == [(6, "a.txt")]


def test_error_without_a_number_keeps_its_class_and_text(tmp_path: Path) -> None:
    def write(file: BinaryIO) -> None:
        raise PermissionError("not today")

    with pytest.raises(PermissionError, match=r"a\.txt: not today\. Choose another path\.$"):
        write_atomically(tmp_path / "a.txt", write)


@pytest.mark.parametrize("umask", [0o027, 0o002])
def test_permissions_follow_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "a.txt", b"")
    finally:
        os.umask(before)
    # By hand: POSIX open(2), 0666 without the bits of the mask.
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o666 & ~umask


def test_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_bytes(b"old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_atomically(tmp_path / "link.txt", b"new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_bytes() == b"new"


def test_linked_picture_may_point_to_any_name(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("blob")
    assert check_output(tmp_path / "a.png") == tmp_path / "a.png"
    write_picture(tmp_path / "a.png", torch.zeros(1, 3, 2, 2))
    assert names(tmp_path) == ["a.png", "blob"]


def test_check_output_returns_the_path_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert check_output("~/out/a.PNG") == tmp_path / "out" / "a.PNG"
    assert not names(tmp_path / "out")


def test_check_output_keeps_an_existing_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    check_output(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == b"old"


def test_check_output_refuses_an_unknown_ending_and_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in one of \.jpeg, .*, got '\.gif'\.$"):
        check_output(tmp_path / "new" / "a.gif")
    assert not names(tmp_path)


@pytest.fixture(params=["check", "write"])
def output(request: pytest.FixtureRequest) -> Callable[[Path], object]:
    """Return the check before a run or the writing after it: both refuse the same places."""
    if request.param == "check":
        return check_output
    return lambda path: write_picture(path, torch.zeros(1, 3, 2, 2))


def test_folder_is_refused(tmp_path: Path, output: Callable[[Path], object]) -> None:
    (tmp_path / "a.png").mkdir()
    text = f"Cannot write {tmp_path / 'a.png'}: it is a folder. Name a file in it."
    with pytest.raises(IsADirectoryError, match=re.escape(text)):
        output(tmp_path / "a.png")


def test_folder_that_is_a_file_is_refused(tmp_path: Path, output: Callable[[Path], object]) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "a.png", tmp_path / "file" / "b" / "a.png"):
        with pytest.raises(OSError, match="A part of the path is a file, not a folder") as caught:
            output(path)
        assert str(path) in str(caught.value)
        assert caught.value.errno in {errno.EEXIST, errno.ENOTDIR}


def test_too_long_name_is_refused(tmp_path: Path, output: Callable[[Path], object]) -> None:
    with pytest.raises(OSError, match=r"File name too long\. Choose a shorter name\.$"):
        output(tmp_path / ("a" * 300 + ".png"))


def test_folder_that_cannot_be_written_is_refused(
    tmp_path: Path, output: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "touch", refuse)  # root may write everywhere
    monkeypatch.setattr(Path, "open", refuse)
    text = r"a\.png: Permission denied\. Write to a folder that you own\.$"
    with pytest.raises(PermissionError, match=text) as caught:
        output(tmp_path / "a.png")
    assert caught.value.errno == errno.EACCES


def test_folder_that_cannot_be_created_is_refused(output: Callable[[Path], object]) -> None:
    path = Path("/proc/stylelightning/a.png")  # no one may create folders here
    with pytest.raises(FileNotFoundError, match=r"^\[Errno 2\] Cannot write /proc/stylelight"):
        output(path)


def test_pipe_is_refused(tmp_path: Path, output: Callable[[Path], object]) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(ValueError, match="it must be a regular file, not a device or a pipe"):
        output(tmp_path / "a.png")


def test_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="it must be a regular file, not a device or a pipe"):
        write_atomically(tmp_path / "pipe", b"")
    assert (tmp_path / "pipe").is_fifo()


def test_circle_of_links_is_refused(tmp_path: Path, output: Callable[[Path], object]) -> None:
    (tmp_path / "a.png").symlink_to("b.png")
    (tmp_path / "b.png").symlink_to("a.png")
    with pytest.raises((OSError, ValueError), match=r"Cannot write .*Choose another path"):
        output(tmp_path / "a.png")


def test_null_character_is_refused(tmp_path: Path, output: Callable[[Path], object]) -> None:
    with pytest.raises(ValueError, match=r"^Cannot write '.*': embedded null byte\. Choose"):
        output(tmp_path / "a\0.png")
