"""The rules of the house: which room is above which, and who may do what."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter

from tests.conftest import ROOT

PACKAGE = ROOT / "stylelightning"
LAYERS = (
    ("functional", "files", "images", "terminal", "adversarial", "optimizers"),
    ("backbones", "losses", "colours", "parametrizations", "initial", "schedule", "metrics"),
    ("data", "objective", "canvas"),
    ("execution", "run", "live"),
    ("module", "callbacks"),
    ("distillation", "video"),
    ("cli", "commands", "report", "sweep", "__main__"),
    ("one_call",),
)
"""Rooms from below to above; none imports from a room above its own."""
LEVELS = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}


@cache
def parsed(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imports(module: str) -> Iterator[str]:
    """Yield the modules of the package that one imports, wherever in its text."""
    for node in ast.walk(parsed(module)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by a relative path"
            parts = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [part if part in MODULES else str(node.module) for part in parts]
        yield from (name for name in names if name in MODULES and name != module)


def imported_at_start(module: str) -> set[str]:
    """Return the modules of the package that are imported when one is."""
    tree = parsed(module)
    found = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            parts = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {part if part in MODULES else str(node.module) for part in parts}
    return {name for name in found if name in MODULES and name != module}


def room(module: str) -> str | None:
    return module.split(".")[1] if "." in module else None


def test_every_room_has_its_layer() -> None:
    rooms = {room(module) for module in MODULES} - {None}
    assert rooms == set(LEVELS)


def test_nothing_is_imported_from_a_layer_above() -> None:
    pairs = [(module, name) for module in MODULES if room(module) for name in imports(module)]
    assert [
        (module, name)
        for module, name in pairs
        if room(name) and LEVELS[str(room(name))] > LEVELS[str(room(module))]
    ] == []


def test_no_modules_import_each_other() -> None:
    # raises CycleError, which names them
    TopologicalSorter({module: imported_at_start(module) for module in MODULES}).prepare()


def test_the_top_level_is_read_at_a_glance() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 8


def nodes(kind: type[ast.AST], besides: str) -> Iterator[tuple[str, ast.AST]]:
    for module in MODULES:
        if module.removeprefix("stylelightning.") != besides:
            for node in ast.walk(parsed(module)):
                if isinstance(node, kind):
                    yield module, node


def test_only_the_objective_multiplies_a_loss_by_its_weight() -> None:
    weight = re.compile(r"\.weights?(\[.*\])?$")
    found = [
        module
        for module, node in nodes(ast.BinOp, "objective")
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Mult)
        and any(weight.search(ast.unparse(side)) for side in (node.left, node.right))
    ]
    assert found == []


def test_only_the_canvas_knows_its_parameters() -> None:
    found = [
        module
        for module, node in nodes(ast.Attribute, "canvas")
        if re.search(r"canvas\.(image|average|parametrization\.)", ast.unparse(node))
    ]
    assert found == []
