"""What a critic and the picture each minimise, one file each."""

from stylelightning.adversarial.criteria.base import Criterion
from stylelightning.adversarial.criteria.hinge import HingeCriterion
from stylelightning.adversarial.criteria.non_saturating import NonSaturatingCriterion
from stylelightning.adversarial.criteria.relativistic import RelativisticCriterion
from stylelightning.adversarial.criteria.wasserstein import WassersteinCriterion

__all__ = [
    "Criterion",
    "HingeCriterion",
    "NonSaturatingCriterion",
    "RelativisticCriterion",
    "WassersteinCriterion",
]
