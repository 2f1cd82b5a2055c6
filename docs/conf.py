"""Sphinx settings: ``sphinx-build -n -W --keep-going -q docs docs/_build/html``."""

import os
import re
import sys
from pathlib import Path
from typing import Any

from stylelightning import __version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "stylelightning"
author = "the stylelightning authors"
project_copyright = "2026, the stylelightning authors"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "offline_math",
]
exclude_patterns = ["_build"]
html_math_renderer = "mathml"

# pages: Markdown with formulas between dollars
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# the interface: docstrings are in Google's form, types only in the signature
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
python_maximum_signature_line_length = 88

# The build asks no server for anything. With DOCS_ONLINE=1 the names of other projects become
# links to their documentation.
if os.environ.get("DOCS_ONLINE"):
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "torch": ("https://docs.pytorch.org/docs/stable", None),
        "lightning": ("https://lightning.ai/docs/pytorch/stable", None),
        "PIL": ("https://pillow.readthedocs.io/en/stable", None),
    }

# Names of other projects are no faults under -n; they are links when DOCS_ONLINE is set.
nitpick_ignore_regex = [
    (
        r"py:.*",
        r"(abc|collections|contextlib|datetime|fractions|lightning|numpy|pathlib|PIL|random|torch|torchmetrics|torchvision)\..*",
    ),
    (r"py:exc", r"SIGTERMException"),  # Lightning's, in a section of errors
]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_title = f"stylelightning {__version__}"
html_show_sourcelink = False


def plain_docstring(
    app: object, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Keep napoleon from reading a type into a sentence, and docutils from reading emphasis.

    Types are only in the signatures here. So what stands before a colon in the first line of
    ``Returns:``, or of a property, is a part of the sentence: an empty type goes before it. And
    ``*size`` in a shape is no emphasis.
    """
    first = 0 if what in ("property", "attribute", "data") else None
    for number, line in enumerate(lines):
        if line.strip() == "Returns:":
            first = number + 1
        if number == first:
            indent = len(line) - len(line.lstrip())
            line = line[:indent] + ": " + line[indent:]
        lines[number] = re.sub(r"(?<= )\*size\)", r"\\*size)", line)


def setup(app: Any) -> None:
    """Connect the hook, before napoleon's."""
    app.connect("autodoc-process-docstring", plain_docstring, priority=400)
