"""The terms of the total, one file each. A new loss is one file here and one line below."""

from stylelightning.losses.adversarial import AdversarialStyleLoss
from stylelightning.losses.base import Loss, StatisticalLoss
from stylelightning.losses.content import ContentLoss
from stylelightning.losses.gaussian import GaussianLoss, GaussianWassersteinLoss, MeanCovarianceLoss
from stylelightning.losses.gram import GramLoss
from stylelightning.losses.histogram import HistogramLoss
from stylelightning.losses.hypercolumn import HypercolumnLoss, StyleHypercolumnLoss
from stylelightning.losses.laplacian import LaplacianLoss
from stylelightning.losses.matrices import MatrixLoss
from stylelightning.losses.moment import MomentLoss
from stylelightning.losses.neural_neighbor import NeuralNeighborLoss
from stylelightning.losses.patch import PatchLoss
from stylelightning.losses.photorealism import PhotorealismLoss
from stylelightning.losses.references import Reference, References, RegionReferences
from stylelightning.losses.relaxed_emd import PaletteLoss, RelaxedEMDLoss, RelaxedTransportLoss
from stylelightning.losses.renewed import RenewedLoss
from stylelightning.losses.self_similarity import SelfSimilarityLoss
from stylelightning.losses.sliced_wasserstein import SlicedWassersteinLoss
from stylelightning.losses.split_neural_neighbor import SplitNeuralNeighborLoss
from stylelightning.losses.temporal import TemporalLoss
from stylelightning.losses.total_variation import TotalVariationLoss
from stylelightning.losses.value_range import RangeLoss

__all__ = [
    "AdversarialStyleLoss",
    "ContentLoss",
    "GaussianLoss",
    "GaussianWassersteinLoss",
    "GramLoss",
    "HistogramLoss",
    "HypercolumnLoss",
    "LaplacianLoss",
    "Loss",
    "MatrixLoss",
    "MeanCovarianceLoss",
    "MomentLoss",
    "NeuralNeighborLoss",
    "PaletteLoss",
    "PatchLoss",
    "PhotorealismLoss",
    "RangeLoss",
    "Reference",
    "References",
    "RegionReferences",
    "RelaxedEMDLoss",
    "RelaxedTransportLoss",
    "RenewedLoss",
    "SelfSimilarityLoss",
    "SlicedWassersteinLoss",
    "SplitNeuralNeighborLoss",
    "StatisticalLoss",
    "StyleHypercolumnLoss",
    "TemporalLoss",
    "TotalVariationLoss",
]
