"""Names of the formats that are not read, by how their files begin, with what reads them."""

import re
from importlib.util import find_spec

from PIL import features

LENGTH = 1024
"""Bytes of a file's beginning that tell its format."""

_EXPORT = "Export it as PNG, JPEG or TIFF"
RAW_PHOTO = "a raw photo", f"{_EXPORT} with a raw converter such as darktable or RawTherapee."
_HEIF = (
    "a HEIF picture (HEIC, the format of many phones)",
    "`pip install 'stylelightning[heif]'` reads it, or export it as JPEG.",
)
_AVIF = "an AVIF picture, which this Pillow can't read", f"{_EXPORT}."
_BROKEN = " that is broken or of a kind that its reader does not know"
_COPY = f"Copy it again, or {_EXPORT[0].lower()}{_EXPORT[1:]}."
_VIDEO = "a video", "Export one of its frames as PNG, as with ffmpeg -i VIDEO -frames:v 1 a.png."
_EPS = (
    "PostScript or EPS, a drawing, which is run as a program",
    "Export it as PNG at the size that you need, as with Ghostscript or Inkscape.",
)
_JXL = "JPEG XL", "Export it as PNG, as with djxl a.jxl a.png."

_BEGINNINGS: tuple[tuple[bytes, tuple[str, str]], ...] = (
    (rb".{4}ftyp(heic|heix|heim|heis|hevc|hevx|mif1|msf1)", _HEIF),
    (rb".{4}ftyp(avif|avis)", _AVIF),
    (rb".{4}ftypcrx ", RAW_PHOTO),
    (rb".{4}(ftyp|moov|mdat|wide)", _VIDEO),
    (rb"RIFF.{4}AVI |\x1a\x45\xdf\xa3|\0\0\x01[\xba\xb3]|FLV\x01|OggS|0&\xb2u", _VIDEO),
    (rb"(\0\0\0\x0cJXL |\xff\x0a)", _JXL),
    (
        rb"II\*\0.{4}CR|II\x1a\0\0\0HEAPCCDR|FUJIFILMCCD-RAW|II(RO|RS|U\0)|MMOR|FOVb|\0MRM",
        RAW_PHOTO,
    ),
    (rb"%PDF", ("PDF, a document", f"{_EXPORT} one page at a time, as with pdftoppm -png.")),
    (rb"(\x04?%!|\xc5\xd0\xd3\xc6)", _EPS),
    (
        rb"(\xef\xbb\xbf)?\s*(<!doctype html|<html|<head|<script)",
        (
            "HTML, a page of the web in place of the picture",
            "Download the picture itself: open it in a browser and save it from there.",
        ),
    ),
    (
        rb"(\xef\xbb\xbf)?\s*(<[?!].*?)?<svg",
        (
            "SVG, a drawing",
            "Export it as PNG at the size that you need, as with Inkscape.",
        ),
    ),
    (rb"8BPS\0\x02", ("PSB, a large document of Photoshop", f"{_EXPORT}.")),
    (rb"8BPS", ("PSD, a document of Photoshop, of a kind that Pillow can't read", f"{_EXPORT}.")),
    (rb"gimp xcf", ("XCF, a document of GIMP", f"{_EXPORT} with GIMP.")),
    (rb"\x76\x2f\x31\x01", ("OpenEXR, of high dynamic range", "Tone-map it to PNG or TIFF.")),
    (rb"#\?(RADIANCE|RGBE)", ("Radiance HDR", "Tone-map it to PNG or TIFF.")),
    (rb"II\xbc", ("JPEG XR", f"{_EXPORT}.")),
    (rb"(\xd7\xcd\xc6\x9a|\x01\0\0\0.{36} EMF)", ("a Windows metafile, a drawing", f"{_EXPORT}.")),
    (rb"AT&TFORM", ("DjVu, a document", f"{_EXPORT} one page at a time.")),
    (rb"PK\x03\x04", ("a ZIP archive or a document that is one", "Take the picture out of it.")),
    (rb"\x1f\x8b|7z\xbc\xaf|Rar!|BZh|\xfd7zXZ", ("an archive", "Unpack it first.")),
    (
        rb"version https://git-lfs",
        (
            "a pointer of Git LFS in place of the picture",
            "`git lfs pull` fetches the picture.",
        ),
    ),
    (
        rb"(II[*+]\0|MM\0[*+])",
        (
            "TIFF of a kind that Pillow can't read, such as colours in floats or of 32 bits,"
            " or only a part of one",
            "Save it as TIFF or PNG of 8 or 16 bits with another program, or copy it again.",
        ),
    ),
)
_PATTERNS = tuple((re.compile(each, re.DOTALL | re.IGNORECASE), what) for each, what in _BEGINNINGS)


def is_heif(head: bytes) -> bool:
    """Return whether a file begins as a HEIF picture that is no AVIF."""
    return _PATTERNS[0][0].match(head) is not None and b"avif" not in head[8:64]


def unread_format(head: bytes) -> tuple[str, str] | None:
    """Return the name of a format that can't be read and the way out, or None if it isn't known.

    Args:
        head: The first ``LENGTH`` bytes of the file.
    """
    found = next((what for pattern, what in _PATTERNS if pattern.match(head)), None)
    if found is _HEIF and find_spec("pi_heif") is not None:
        return f"a HEIF picture{_BROKEN}", _COPY
    if found is _AVIF and features.check("avif"):
        return f"an AVIF picture{_BROKEN}", _COPY
    return found
