"""The names that a config may use and what each is, known without importing torch.

``catalogue.json`` has this project's components. ``python -m stylelightning.cli.catalogue`` writes
it again, after a component is added or the first sentence of its docstring is changed.
"""

import inspect
import json
import re
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name

from stylelightning.cli.kinds import KINDS
from stylelightning.files.paths import natural

STORED = Path(__file__).with_name("catalogue.json")
UNUSABLE = ("Optimizer", "Muon", "SparseAdam")
"""A base; Muon takes matrices only, SparseAdam sparse gradients only."""
ONE_SIZE = ("maxvit", "vision_transformer")
"""Modules of torchvision whose networks read pictures of one size only."""

OPTIMIZER = re.compile(r"^from torch\.optim\.(\w+) import ([A-Z]\w*)", re.MULTILINE)
DOCSTRING = r'^(?:class {0}\([^)]*\):|{0}\.__doc__ =[\s(]*)\s*[rf]*"""(.*?)(?:"""|\n\n)'
NETWORK = re.compile(r"^@register_model\(.*?^def (\w+)", re.MULTILINE | re.DOTALL)


def components(kind: str) -> dict[str, str]:
    """Return the first sentences of a kind's components by name, sorted.

    Args:
        kind: One of ``KINDS``.
    """
    stored: dict[str, dict[str, str]] = json.loads(STORED.read_text(encoding="utf-8"))
    found = stored[kind] | (_optimizers() if kind == "optimizers" else {})
    return {name: found[name] for name in sorted(found, key=natural)}


def networks() -> list[str]:
    """Return the names of torchvision's classification networks for any size of picture, sorted."""
    files = (_folder("torchvision") / "models").glob("*.py")
    texts = [path.read_text(encoding="utf-8") for path in files if path.stem not in ONE_SIZE]
    return sorted((name for text in texts for name in NETWORK.findall(text)), key=natural)


def described() -> dict[str, dict[str, str]]:
    """Return what ``catalogue.json`` must hold, by importing this project's components.

    These are the exported classes that derive from their kind's base and are not abstract.
    """
    return {
        name: {
            each: first_sentence(inspect.getdoc(value) or "")
            for each, value in sorted(kind.classes().items(), key=lambda item: natural(item[0]))
            if issubclass(value, resolve_name(kind.base)) and not inspect.isabstract(value)
        }
        for name, kind in KINDS.items()
    }


def first_sentence(docstring: str) -> str:
    """Return the first sentence of a docstring, in one line."""
    paragraph = " ".join(inspect.cleandoc(docstring).split("\n\n")[0].split())
    return re.split(r"(?<=\.) (?![a-z])", paragraph)[0]


def _optimizers() -> dict[str, str]:
    """Return the optimizers of the installed torch, whose docstrings are assigned or written."""
    folder = _folder("torch") / "optim"
    found = {}
    for module, name in OPTIMIZER.findall((folder / "__init__.py").read_text(encoding="utf-8")):
        text = (folder / f"{module}.py").read_text(encoding="utf-8")
        match = re.search(DOCSTRING.format(name), text, re.MULTILINE | re.DOTALL)
        found[name] = first_sentence(match[1]) if match else ""
    return {name: found[name] for name in found.keys() - UNUSABLE}


def _folder(package: str) -> Path:
    """Return where a package is installed, without importing it."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


if __name__ == "__main__":
    STORED.write_text(json.dumps(described(), indent=2) + "\n", encoding="utf-8")
