"""The notebook of the documentation, run from its first cell to its last."""

import base64
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

from tests.conftest import ROOT

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


def outputs(notebook: Any) -> list[list[Any]]:
    """Return the outputs of each code cell."""
    return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell: list[Any]) -> list[Image.Image]:
    """Return the pictures in a cell's outputs."""
    data = [output.data["image/png"] for output in cell if "image/png" in output.get("data", {})]
    return [Image.open(BytesIO(base64.b64decode(each))) for each in data]


def test_the_notebook_ends_with_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "jupyter"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    size = next(cell for cell in notebook.cells if cell.source.startswith("SIZE = 256 "))
    size.source = "SIZE = 32"
    folder = tmp_path / "work"
    folder.mkdir()
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    cells = outputs(notebook)
    first, pair, last = cells[1], cells[-2], cells[-1]
    (grown,) = shown(first)  # shown once, and in that place anew
    assert max(grown.size) == 32
    assert [each.width for each in shown(pair)] == [2 * 32 + 8]
    assert [each.width for each in shown(last)] == [32]
    said = "".join(each.get("text", "") for cell in outputs(notebook) for each in cell)
    assert "60/60" in said
    assert not {"GPU", "Tip", "Warning", "eval mode"} & {*said.replace(":", " ").split()}
    assert [*folder.iterdir()] == []


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert not any(outputs(notebook))
