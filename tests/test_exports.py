import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import stylelightning
from stylelightning.cli.kinds import KINDS

HOMES = {kind.home for kind in KINDS.values() if kind.home.startswith("stylelightning.")}


@pytest.mark.parametrize(
    "package", sorted(HOMES | {"stylelightning.data", "stylelightning.images"})
)
def test_every_name_that_a_package_imports_is_public(package: str) -> None:
    module = importlib.import_module(package)
    names = {n for n, v in vars(module).items() if n[0] != "_" and not inspect.ismodule(v)}
    assert set(module.__all__) == names


PLAIN = (bool, int, float, str, list, dict, tuple, type(None))


@pytest.mark.parametrize("kind", KINDS)
def test_every_default_can_be_kept_in_a_config(kind: str) -> None:
    base = pkgutil.resolve_name(KINDS[kind].base)
    for name, component in KINDS[kind].classes().items():
        options = inspect.signature(component).parameters if issubclass(component, base) else {}
        for option in options.values():
            given = option.default is not inspect.Parameter.empty
            assert not given or isinstance(option.default, PLAIN), f"{name}, {option}"


def test_every_public_name_exists() -> None:
    for name in stylelightning.__all__:
        assert getattr(stylelightning, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Styl'"):
        _ = stylelightning.Styl


def test_importing_the_package_does_not_import_torch() -> None:
    code = "import stylelightning, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
