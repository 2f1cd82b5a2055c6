"""What keeps a critic's scores from changing too fast, one file each."""

from stylelightning.penalties.base import Network, Penalty
from stylelightning.penalties.gradient import GradientPenalty
from stylelightning.penalties.r1 import R1Penalty

__all__ = ["GradientPenalty", "Network", "Penalty", "R1Penalty"]
