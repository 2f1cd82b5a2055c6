import os
import re
import struct
from io import BytesIO
from pathlib import Path
from typing import IO, NoReturn

import numpy as np
import pytest
from PIL import Image, ImageFile

from stylelightning.images import PIXEL_LIMIT, read_picture
from tests.images.profiles import png


def message(path: str | Path, kind: type[Exception], text: str) -> str:
    """Return the message of the error of reading a path, after checking its form."""
    with pytest.raises(kind, match=re.escape(text)) as caught:
        read_picture(path)
    assert caught.type is kind
    assert "\n" not in str(caught.value)
    assert str(Path(path).absolute()) in str(caught.value)
    return str(caught.value)


def jpeg() -> bytes:
    buffer = BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()


def test_missing_file_lists_near_names(tmp_path: Path) -> None:
    for name in ("me.jpg", "Me2.jpg", "other.png"):
        (tmp_path / name).touch()
    (tmp_path / "mee.jpg").mkdir()
    text = message(
        tmp_path / "ME.JPG", FileNotFoundError, "no such file, did you mean me.jpg or Me2.jpg?"
    )
    assert "other" not in text
    assert "mee" not in text  # a folder is no picture


def test_missing_file_without_near_names_says_so(tmp_path: Path) -> None:
    message(tmp_path / "me.jpg", FileNotFoundError, "there is no such file. Check the path.")


def test_relative_path_is_shown_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    message("me.jpg", FileNotFoundError, f"Cannot read the picture {tmp_path / 'me.jpg'}:")


def test_missing_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "no"
    message(folder / "me.jpg", FileNotFoundError, f"there is no folder {folder}.")


def test_path_through_a_file_names_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    message(tmp_path / "a.png" / "b.png", FileNotFoundError, "there is no folder")


def test_unknown_home_folder_is_no_crash() -> None:
    message("~nobody-of-this-name/a.png", FileNotFoundError, "there is no folder")


def test_unreadable_folder_gives_no_near_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    message(tmp_path / "a.png", FileNotFoundError, "there is no such file. Check the path.")


def test_folder_is_refused(tmp_path: Path) -> None:
    message(tmp_path, IsADirectoryError, "it is a folder. Name one of the files in it.")


def test_null_character_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^Cannot read the picture '.*': embedded null byte\.$"):
        read_picture(tmp_path / "a\0.png")


def test_too_long_name_is_refused(tmp_path: Path) -> None:
    message(tmp_path / ("a" * 300), OSError, "File name too long")


def test_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    message(tmp_path / "a.png", ValueError, "it must be a regular file")


def test_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    message(tmp_path / "a.png", ValueError, "the file is empty (0 bytes)")


def test_unreadable_file_keeps_its_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, mode: str) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.png").write_bytes(b"x")
    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    text = message(tmp_path / "a.png", PermissionError, "Permission denied. Check that you may")
    assert "picture Pillow" not in text


def test_text_file_is_refused_with_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("Hello, I am a text.")
    message(
        tmp_path / "a.jpg",
        ValueError,
        "it is not a picture Pillow can read (it begins with b'Hello, I am a te')",
    )


def test_file_that_vanishes_while_it_is_read_is_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jpg"
    path.write_text("text")
    identify = Image.open

    def vanish(file: IO[bytes], formats: list[str]) -> Image.Image:
        path.unlink()
        return identify(file, formats=formats)

    monkeypatch.setattr(Image, "open", vanish)
    message(path, ValueError, "it is not a picture Pillow can read, or only a part of one.")


@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
def test_truncated_jpeg_is_refused(tmp_path: Path, share: float) -> None:
    data = jpeg()
    (tmp_path / "a.jpg").write_bytes(data[: int(len(data) * share)])
    message(tmp_path / "a.jpg", ValueError, "the file ends early (Pillow: ")
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_truncated_png_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(
        png(9, 9, 8, 0, b"".join(b"\0" + os.urandom(9) for _ in range(9)))[:-60]
    )
    message(tmp_path / "a.png", ValueError, "the file ends early (Pillow: ")


def test_broken_data_is_refused(tmp_path: Path) -> None:
    data = bytearray(png(9, 9, 8, 0, bytes(90)))
    data[data.index(b"IDAT") + 8] ^= 0xFF
    (tmp_path / "a.png").write_bytes(data)
    message(tmp_path / "a.png", ValueError, "its data is broken (Pillow: ")


def test_error_without_text_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: ImageFile.ImageFile) -> NoReturn:
        raise IndexError

    (tmp_path / "a.jpg").write_bytes(jpeg())
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    message(tmp_path / "a.jpg", ValueError, "its data is broken (Pillow: IndexError)")


def test_system_error_while_reading_keeps_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: ImageFile.ImageFile) -> NoReturn:
        raise OSError(5, "Input/output error")

    (tmp_path / "a.jpg").write_bytes(jpeg())
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(OSError, match=r"Input/output error\. Try a copy\.") as caught:
        read_picture(tmp_path / "a.jpg")
    assert caught.value.errno == 5


def test_lack_of_memory_is_not_the_files_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: ImageFile.ImageFile) -> NoReturn:
        raise MemoryError

    (tmp_path / "a.jpg").write_bytes(jpeg())
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(MemoryError):
        read_picture(tmp_path / "a.jpg")


def test_length_that_no_memory_holds_is_the_files_fault(tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, "JPEG2000")
    data = bytearray(buffer.getvalue())
    place = data.index(b"jp2h") - 4
    box = data[place + 4 : place + 8] + struct.pack(">Q", 1 << 50)
    data[place : place + 8] = struct.pack(">I", 1) + box  # an extended length: a petabyte
    (tmp_path / "a.jp2").write_bytes(data)
    message(tmp_path / "a.jp2", ValueError, "it is not a picture Pillow can read")


# by hand: 20000 x 20000 is 400 million pixels.
def test_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(20000, 20000, 1, 0, b""))
    message(tmp_path / "a.png", ValueError, "268,435,456 pixels are read, it claims 400,000,000.")


def test_bomb_is_refused_when_pillows_limit_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    (tmp_path / "a.png").write_bytes(png(PIXEL_LIMIT + 1, 1, 1, 0, b""))
    message(tmp_path / "a.png", ValueError, "it claims 268,435,457.")
    (tmp_path / "b.png").write_bytes(png(PIXEL_LIMIT, 1, 1, 0, b""))
    with pytest.raises(ValueError, match=r"pixels are read|ends early|broken") as caught:
        read_picture(tmp_path / "b.png")
    assert "claims" not in str(caught.value)


def test_bomb_found_while_decoding_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: ImageFile.ImageFile) -> NoReturn:
        raise Image.DecompressionBombError("too large")

    (tmp_path / "a.jpg").write_bytes(jpeg())
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    message(tmp_path / "a.jpg", ValueError, "it claims more.")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_float_picture_that_is_not_finite_is_refused(tmp_path: Path, value: float) -> None:
    Image.fromarray(np.array([[0, value]], np.float32)).save(tmp_path / "a.tif")
    message(tmp_path / "a.tif", ValueError, "its values must be finite")


@pytest.mark.parametrize(("low", "high"), [(0, 255), (-0.5, 1)])
def test_float_picture_out_of_range_is_refused(tmp_path: Path, low: float, high: float) -> None:
    Image.fromarray(np.array([[low, high]], np.float32)).save(tmp_path / "a.tif")
    text = f"its values must lie in [0, 1], they span [{low:g}, {high:g}]."
    message(tmp_path / "a.tif", ValueError, text)


@pytest.mark.parametrize("value", [-1, 65536])
def test_integer_picture_out_of_range_is_refused(tmp_path: Path, value: int) -> None:
    Image.fromarray(np.array([[value]], np.int32)).save(tmp_path / "a.tif")
    message(tmp_path / "a.tif", ValueError, f"lie in [0, 65535], they span [{value}, {value}]")


def test_fully_transparent_picture_is_refused(tmp_path: Path) -> None:
    Image.new("RGBA", (2, 2), (255, 0, 0, 0)).save(tmp_path / "a.png")
    message(tmp_path / "a.png", ValueError, "at least one pixel must be visible")


def test_sixteen_bit_transparency_can_hide_everything(tmp_path: Path) -> None:
    data = png(1, 1, 16, 0, struct.pack(">BH", 0, 300), b"tRNS" + struct.pack(">H", 300))
    (tmp_path / "a.png").write_bytes(data)
    message(tmp_path / "a.png", ValueError, "at least one pixel must be visible")
