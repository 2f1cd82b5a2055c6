"""What keeps a critic's scores from changing too fast, one file each."""

from stylelightning.adversarial.penalties.base import Network, Penalty
from stylelightning.adversarial.penalties.gradient import GradientPenalty
from stylelightning.adversarial.penalties.r1 import R1Penalty

__all__ = ["GradientPenalty", "Network", "Penalty", "R1Penalty"]
