"""The terms of the total, one file each. A new loss is one file here and one line below."""

from stylelightning.losses.base import Loss, StatisticalLoss
from stylelightning.losses.content import ContentLoss
from stylelightning.losses.gaussian import (
    GaussianLoss,
    GaussianWassersteinLoss,
    MeanCovarianceLoss,
)
from stylelightning.losses.gram import GramLoss
from stylelightning.losses.patch import PatchLoss
from stylelightning.losses.sliced_wasserstein import SlicedWassersteinLoss
from stylelightning.losses.total_variation import TotalVariationLoss

__all__ = [
    "ContentLoss",
    "GaussianLoss",
    "GaussianWassersteinLoss",
    "GramLoss",
    "Loss",
    "MeanCovarianceLoss",
    "PatchLoss",
    "SlicedWassersteinLoss",
    "StatisticalLoss",
    "TotalVariationLoss",
]
