"""What a critic and the picture each minimise, one file each."""

from stylelightning.criteria.base import Criterion
from stylelightning.criteria.hinge import HingeCriterion
from stylelightning.criteria.non_saturating import NonSaturatingCriterion
from stylelightning.criteria.relativistic import RelativisticCriterion
from stylelightning.criteria.wasserstein import WassersteinCriterion

__all__ = [
    "Criterion",
    "HingeCriterion",
    "NonSaturatingCriterion",
    "RelativisticCriterion",
    "WassersteinCriterion",
]
