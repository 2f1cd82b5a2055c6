"""A page: one HTML file that needs nothing else."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from stylelightning.files.atomic import write_atomically
from stylelightning.report.contents import Contents
from stylelightning.report.payload import Payload, gather

STYLES = ("colours", "layout", "grid", "settings", "compare", "tables", "curves", "lightbox")
SCRIPTS = (
    *("dom", "numbers", "data", "choice"),
    *("sortable_table", "lightbox", "grid", "inputs", "metrics", "settings"),
    *("slider", "difference", "comparison"),
    *("plot", "curves", "gram", "config", "records", "main"),
)
"""Files of ``page/`` in the order in which they stand in the page."""


def write_page(path: Path, contents: Contents) -> None:
    """Write a page, whole or not at all.

    The pictures are inside, compressed; the page asks no server and no other file for anything.

    Args:
        path: The file.
        contents: What the page shows.

    Raises:
        OSError: If the file can't be written, of the class and number that the system gave.
        ValueError: If the path is no file's.
    """
    text = page(gather(contents, path.absolute().parent))
    write_atomically(path, text.encode(errors="replace"))  # names may be no Unicode


def page(payload: Payload) -> str:
    """Return the page that shows a payload.

    The policy in its head allows the page's own style and script and nothing else, so that
    neither a label nor an error can bring in a script.

    Args:
        payload: What is shown.
    """
    style = "\n".join(_part(f"{name}.css") for name in STYLES)
    parts = "\n".join(_part(f"{name}.js") for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{parts}\n}})();\n'
    return _filled(
        _part("page.html"),
        {
            "policy": f"default-src 'none'; img-src data:; base-uri 'none'; form-action 'none';"
            f" style-src {_digest(style)}; script-src {_digest(script)}",
            "title": html.escape(str(payload.data["title"])),
            "style": style,
            "data": in_script(payload.data),
            "pictures": "\n".join(
                f'<script type="text/plain" data-picture="{html.escape(name)}">{address}</script>'
                for name, address in payload.pictures.items()
            ),
            "script": script,
        },
    )


def in_script(data: object) -> str:
    """Return data as JSON that can stand in a ``script`` element: it has no ``<``."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _part(name: str) -> str:
    return (resources.files("stylelightning.report") / "page" / name).read_text(encoding="utf-8")


def _filled(template: str, parts: Mapping[str, str]) -> str:
    """Return a template with each ``{{name}}`` replaced, once: what comes in is left alone."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def _digest(text: str) -> str:
    """Return how a policy names a text that stands in the page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
