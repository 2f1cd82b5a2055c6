"""The Python of the page on Python runs as it stands there."""

import re
from pathlib import Path

import pytest

from stylelightning import StyledPicture
from stylelightning.images import read_picture
from tests.conftest import ROOT

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=["three lines", "options", "notebook", "by hand"])
def test_a_block_makes_a_picture(
    tmp_path: Path, content: Path, style: Path, monkeypatch: pytest.MonkeyPatch, block: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for given, name in ((content, "me.jpg"), (style, "art.jpg")):
        given.rename(name)  # a PNG by another name: what a file begins with counts
    small = re.sub(r"size=\d{3,}", "size=32", block).replace('"gpu"', '"cpu"')
    small = small.replace('"art.jpg", show', '"art.jpg", size=32, show').replace(
        "    options={", "    size=32,\n    options={"
    )
    small = re.sub(r"steps=\d+", "steps=2", small)
    if "transfer(" in small:
        small = "from stylelightning import transfer\n" + small
    names: dict[str, object] = {}
    exec(small, names)
    picture = names.get("picture")
    if picture is None:
        assert read_picture("out.png").width == 32
    else:
        assert isinstance(picture, StyledPicture)
        assert picture.pil.size == (32, 24)
