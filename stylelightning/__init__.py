"""Neural style transfer by optimisation, as composable PyTorch Lightning components."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stylelightning import backbones, callbacks, colours, functional, losses, metrics
    from stylelightning.data import StyleTransferData
    from stylelightning.module import StyleTransfer
    from stylelightning.schedule import Schedule

__version__ = "0.1.0"

__all__ = [
    "Schedule",
    "StyleTransfer",
    "StyleTransferData",
    "backbones",
    "callbacks",
    "colours",
    "functional",
    "losses",
    "metrics",
]

_HOMES = {"Schedule": "schedule", "StyleTransfer": "module", "StyleTransferData": "data"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: ``--version`` need not wait for torch."""
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
