"""A picture by one call from Python, and what it returns."""

from stylelightning.one_call.call import TransferError, transfer
from stylelightning.one_call.result import StyledPicture

__all__ = ["StyledPicture", "TransferError", "transfer"]
