"""Neural style transfer by optimisation, as composable PyTorch Lightning components."""

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from stylelightning.cli.kinds import KINDS

if TYPE_CHECKING:
    from stylelightning.data import StyleTransferData as StyleTransferData
    from stylelightning.module import StyleTransfer as StyleTransfer
    from stylelightning.one_call import StyledPicture as StyledPicture
    from stylelightning.one_call import TransferError as TransferError
    from stylelightning.one_call import transfer as transfer
    from stylelightning.schedule import Schedule as Schedule

__version__ = "0.1.0"

_HOMES = {
    "Schedule": "schedule:Schedule",
    "StyleTransfer": "module:StyleTransfer",
    "StyleTransferData": "data:StyleTransferData",
    "StyledPicture": "one_call:StyledPicture",
    "TransferError": "one_call:TransferError",
    "transfer": "one_call:transfer",
}
_HOMES |= {
    name: kind.home.removeprefix(f"{__name__}.")
    for name, kind in KINDS.items()
    if kind.home.startswith(f"{__name__}.")
}
_HOMES["functional"] = "functional"

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: ``--version`` need not wait for torch."""
    if name in _HOMES:
        return resolve_name(f"{__name__}.{_HOMES[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
