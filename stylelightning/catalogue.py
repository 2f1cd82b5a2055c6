"""The names that a config may use, read from source files: nothing of torch is imported."""

import ast
import re
import warnings
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec, resolve_name
from inspect import cleandoc
from pathlib import Path


@dataclass(frozen=True)
class Component:
    """A class that a config may name.

    Args:
        name: Its bare name.
        sentence: First sentence of its docstring; empty where there is none.
    """

    name: str
    sentence: str


@dataclass(frozen=True)
class Kind:
    """Where the components of a kind are.

    Args:
        package: Module that exports them.
        base: Module and name of the class that they derive from.
        refused: Those that no run can use.
    """

    package: str
    base: tuple[str, str]
    refused: tuple[str, ...] = ()


KINDS = {
    "backbones": Kind("stylelightning.backbones", ("stylelightning.backbones", "Backbone")),
    "losses": Kind("stylelightning.losses", ("stylelightning.losses", "Loss")),
    "callbacks": Kind("stylelightning.callbacks", ("lightning.pytorch", "Callback")),
    "initial": Kind("stylelightning.initial", ("stylelightning.initial", "InitialPicture")),
    "colours": Kind("stylelightning.colours", ("stylelightning.colours", "Colours")),
    "metrics": Kind("stylelightning.metrics", ("stylelightning.metrics", "PictureMetric")),
    # Muon takes matrices only, SparseAdam sparse gradients only
    "optimizers": Kind("torch.optim", ("torch.optim", "Optimizer"), ("Muon", "SparseAdam")),
}

ONE_SIZE = ("maxvit", "vision_transformer")
"""Modules of torchvision whose networks read pictures of one size only."""


def components(kind: str) -> list[Component]:
    """Return the components of a kind, sorted by name.

    These are the exported classes that derive from the kind's base and are not abstract.

    Args:
        kind: One of ``KINDS``.
    """
    place = KINDS[kind]
    base = _find(*place.base)
    found = []
    for name in sorted(_exported(place.package), key=natural):
        ancestry = _ancestry(_find(place.package, name))
        if base in ancestry[1:] and not _is_abstract(ancestry) and name not in place.refused:
            found.append(Component(name, first_sentence(_docstring(ancestry))))
    return found


def networks() -> list[str]:
    """Return the names of torchvision's classification networks for any size of picture, sorted."""
    functions = [
        node
        for path in _path("torchvision.models").parent.glob("*.py")
        if path.stem not in ONE_SIZE
        for node in _parse(path).body
        if isinstance(node, ast.FunctionDef)
    ]
    return sorted(
        (each.name for each in functions if "register_model" in _decorators(each)), key=natural
    )


def first_sentence(docstring: str) -> str:
    """Return the first sentence of a docstring, in one line."""
    paragraph = " ".join(cleandoc(docstring).split("\n\n")[0].split())
    return re.split(r"(?<=\.) (?![a-z])", paragraph)[0]


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts ``resnet18`` before ``resnet101``, whatever the case of letters."""
    parts = re.findall(r"(\d+)|(\D+)", name.casefold())
    return [(int(number or -1), word) for number, word in parts]


# classes in source files


@dataclass(frozen=True)
class _Class:
    module: str
    definition: ast.ClassDef


def _path(module: str) -> Path:
    """Return a module's source file, without importing what is above it.

    Raises:
        ModuleNotFoundError: If there is none.
    """
    top, *parts = module.split(".")
    spec = find_spec(top)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder, *parts)
        for file in (path / "__init__.py", path.with_suffix(".py")):
            if file.is_file():
                return file
    raise ModuleNotFoundError(f"There is no source file of the module {module}.")


@cache
def _parse(path: Path) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # escape sequences in other people's strings
        return ast.parse(path.read_text(encoding="utf-8"))


def _exported(module: str) -> list[str]:
    """Return the names in a module's ``__all__``."""
    for node in _parse(_path(module)).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return []


def _find(module: str, name: str) -> _Class | None:
    """Return a class, looked for where a module imports it from; None if it is something else."""
    try:
        path = _path(module)
    except ModuleNotFoundError:  # built in, or compiled
        return None
    package = module if path.stem == "__init__" else module.rpartition(".")[0]
    for node in _parse(path).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _Class(module, node)
        if isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                # what a package imports from itself is a module
                if (alias.asname or alias.name) == name and source != module:
                    return _find(source, alias.name)
    return None


def _ancestry(found: _Class | None) -> list[_Class]:
    """Return a class and its bases in the order in which Python asks them."""
    if found is None:
        return []
    line = [found]
    for base in found.definition.bases:
        if isinstance(base, ast.Name):
            line += _ancestry(_find(found.module, base.id))
    # one that is reached by two ways comes after both
    return [each for n, each in enumerate(line) if each not in line[n + 1 :]]


def _is_abstract(ancestry: list[_Class]) -> bool:
    """Return whether a method is left that some base wants to be written."""
    abstract: dict[str, bool] = {}
    for each in reversed(ancestry):
        for node in each.definition.body:
            if isinstance(node, ast.FunctionDef):
                abstract[node.name] = "abstractmethod" in _decorators(node)
            elif isinstance(node, ast.Assign):
                abstract |= dict.fromkeys(map(ast.unparse, node.targets), False)
    return any(abstract.values())


def _docstring(ancestry: list[_Class]) -> str:
    """Return a class's own docstring, or the nearest of its bases'."""
    for each in ancestry:
        text = _assigned_docstring(each) or ast.get_docstring(each.definition)
        if text:
            return text
    return ""


def _assigned_docstring(found: _Class) -> str:
    """Return the beginning of a docstring that a module assigns, as torch's optimizers do."""
    for node in _parse(_path(found.module)).body:
        if (
            isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == f"{found.definition.name}.__doc__"
        ):
            return _beginning(node.value)
    return ""


def _beginning(text: ast.expr) -> str:
    """Return the first string of those that an expression joins."""
    if isinstance(text, ast.BinOp):
        return _beginning(text.left)
    if isinstance(text, ast.JoinedStr):
        return _beginning(text.values[0])
    return str(text.value) if isinstance(text, ast.Constant) else ""


def _decorators(function: ast.FunctionDef) -> list[str]:
    """Return the names of a function's decorators, without modules and arguments."""
    calls = [each.func if isinstance(each, ast.Call) else each for each in function.decorator_list]
    return [ast.unparse(each).rpartition(".")[2] for each in calls]
