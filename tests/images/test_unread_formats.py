"""Files that are no picture that is read: each is named, with the way out."""

import base64
import importlib.util
import re
import zlib
from pathlib import Path

import pytest
from PIL import Image

from stylelightning.images import read_picture, signatures
from tests.images import profiles

HEIC = zlib.decompress(
    base64.b85decode(
        "c-muNV30{GsVvAy&8%Pmg51nBLl8SRGck>Ufw3+(wIq=N0u(b+a*CjAhJwuG5(YG&l$n#C3}U!AFfalk5HK!+"
        "&_Lh_#LAhOd1+uCNK_QaNo9iaGRl$-K}^1a%#vKVl7E>6MFl|mUS>gZK9DX4DsyIJ;Q%t{S%4JDePH<W|Hlso"
        "27cxQpbl{dMjpoh|3M0v!77-6N_H_hBm(8MoERBVB_^;4C~UeLdO79}i;08)P>gW`NJ5|?38<XIh4Emqgn<N5"
        "h(S0xKc^@!Ii~_B&db2o02C6*EG|fedd&ffHIj1@L9P{mx*p_AplkkL0MblA`UHpu$rof+WP&s@b8vvvNMsh|!"
        "a^AsaIB3?%&aXywr6fiA}Ew?H5k`(o`{=qL3w8I{_FpL%PT6(_`hglbe#L8nal5P5#O+RtIzDuwV$Wn=vU3wda"
        "+2!Sh1%;bN&N0wVICgn*k=DYVH"
    )
)
"""A picture of 16 x 8 pixels, red on the left and blue on the right, as libheif 1.2x writes it."""

DNG = profiles.tiff(1, 1, b"\0", {254: (4, [1]), 330: (4, [8]), 258: (3, [8]), 262: (3, [1])})
FLOAT_TIFF = profiles.tiff(
    1, 1, bytes(12), {258: (3, [32] * 3), 262: (3, [2]), 277: (3, [3]), 339: (3, [3] * 3)}
)
NAMED = {
    "a.heic": (HEIC, "a HEIF picture"),
    "b.jpg": (HEIC, "a HEIF picture"),  # whatever its name
    "a.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript or EPS"),
    "b.eps": (b"\xc5\xd0\xd3\xc6" + bytes(40), "PostScript or EPS"),
    "a.pdf": (b"%PDF-1.7\n", "PDF, a document. Export it as PNG, JPEG or TIFF one page"),
    "a.svg": (b'<?xml version="1.0"?>\n<!-- made -->\n<svg xmlns="x">', "SVG, a drawing"),
    "b.svg": (b"\xef\xbb\xbf<svg>", "SVG, a drawing"),
    "c.jpg": (b"\n<!DOCTYPE html><html>", "HTML, a page of the web in place of the picture"),
    "a.cr2": (b"II*\0\x10\0\0\0CR\2\0" + bytes(90), "a raw photo"),
    "a.cr3": (b"\0\0\0\x18ftypcrx \0\0\0\1", "a raw photo"),
    "a.dng": (DNG, "a raw photo"),
    "a.raf": (b"FUJIFILMCCD-RAW 0201", "a raw photo"),
    "a.rw2": (b"IIU\0\x18\0\0\0", "a raw photo"),
    "a.psd": (b"8BPS\0\1" + bytes(6) + b"\0\3" + bytes(4), "PSD"),
    "a.psb": (b"8BPS\0\2" + bytes(40), "PSB"),
    "a.jxl": (b"\xff\x0a\xfa\x1f", "JPEG XL"),
    "b.jxl": (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    "a.mp4": (b"\0\0\0\x20ftypisom\0\0\2\0", "a video. Export one of its frames"),
    "a.mov": (b"\0\0\0\x14ftypqt  ", "a video"),
    "a.avi": (b"RIFF\0\0\0\0AVI LIST", "a video"),
    "a.webm": (b"\x1a\x45\xdf\xa3\x01", "a video"),
    "a.mpg": (b"\0\0\1\xb3" + bytes(20), "a video"),
    "a.xcf": (b"gimp xcf v011", "XCF"),
    "a.exr": (b"\x76\x2f\x31\x01\2\0\0\0", "OpenEXR"),
    "a.hdr": (b"#?RADIANCE\n", "Radiance HDR"),
    "a.wmf": (b"\xd7\xcd\xc6\x9a" + bytes(40), "a Windows metafile"),
    "a.kra": (b"PK\3\4\x14\0", "a ZIP archive"),
    "a.svgz": (b"\x1f\x8b\x08\0", "an archive"),
    "d.jpg": (b"version https://git-lfs.github.com/spec/v1\n", "`git lfs pull` fetches"),
    "a.tif": (FLOAT_TIFF, "TIFF of a kind that Pillow can't read, such as colours in floats"),
}


@pytest.fixture(autouse=True)
def _no_heif_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("stylelightning.images.heif", "stylelightning.images.signatures"):
        monkeypatch.setattr(f"{module}.find_spec", lambda name: None)
    monkeypatch.setattr(Image, "ID", [each for each in Image.ID if each != "HEIF"])


@pytest.mark.parametrize("name", NAMED)
def test_format_that_is_not_read_is_named_with_the_way_out(tmp_path: Path, name: str) -> None:
    data, text = NAMED[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=re.escape(text)) as caught:
        read_picture(tmp_path / name)
    message = str(caught.value)
    assert message.startswith(f"Cannot read the picture {tmp_path / name}: it is ")
    assert "\n" not in message
    assert re.search(r"(Export|export|Save|Copy|Take|Tone|Unpack|git lfs|Download|pip)", message)


def test_heif_names_what_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes(HEIC)
    with pytest.raises(ValueError, match=re.escape("pip install 'stylelightning[heif]'")):
        read_picture(tmp_path / "a.heic")


def test_broken_heif_does_not_ask_for_the_reader_that_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signatures, "find_spec", lambda name: object())
    known = signatures.unread_format(HEIC[:200])
    assert known is not None
    assert "pip install" not in known[1]


@pytest.mark.parametrize("suffix", [".jp2", ".avif", ".qoi", ".tga", ".ico"])
def test_format_that_pillow_reads_is_not_refused_by_name(tmp_path: Path, suffix: str) -> None:
    Image.new("RGB", (16, 16), "white").save(tmp_path / f"a{suffix}")
    assert read_picture(tmp_path / f"a{suffix}").pixels.min() > 0.98


def test_photoshop_document_is_read(tmp_path: Path) -> None:
    head = b"8BPS\0\1" + bytes(6) + b"\0\3\0\0\0\1\0\0\0\1\0\x08\0\3" + bytes(12) + b"\0\0"
    (tmp_path / "a.psd").write_bytes(head + bytes([51, 102, 204]))
    pixels = read_picture(tmp_path / "a.psd").pixels[0, :, 0, 0] * 255
    assert pixels.round().tolist() == [51, 102, 204]


@pytest.mark.skipif(importlib.util.find_spec("pi_heif") is None, reason="needs the extra heif")
def test_heif_is_read_with_its_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    (tmp_path / "a.heic").write_bytes(HEIC)
    pixels = read_picture(tmp_path / "a.heic").pixels * 255
    assert pixels.shape == (1, 3, 8, 16)
    # what was written, within the loss of the format
    for place, colour in ((2, [200, 40, 40]), (13, [40, 40, 200])):
        assert (pixels[0, :, 4, place] - pixels.new_tensor(colour)).abs().max() < 6
