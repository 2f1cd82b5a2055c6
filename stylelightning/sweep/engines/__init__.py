"""Who makes the runs of a sweep."""

from stylelightning.sweep.engines.base import Engine
from stylelightning.sweep.engines.local import LocalEngine
from stylelightning.sweep.engines.ray import RayEngine

__all__ = ["Engine", "LocalEngine", "RayEngine"]
