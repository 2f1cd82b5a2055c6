"""Optimizers beside torch's own. A new one is one file here and one line below."""

from stylelightning.optimizers.host_lbfgs import HostLBFGS

__all__ = ["HostLBFGS"]
