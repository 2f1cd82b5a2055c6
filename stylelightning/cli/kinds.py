"""The kinds of components that a config may name by their bare names."""

import inspect
from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class Kind:
    """Where the components of a kind are.

    Args:
        what: What they are, for ``list``.
        base: The class that they derive from, as ``module:name``.
        package: Module that exports them; that of the base by default.
    """

    what: str
    base: str
    package: str = ""

    @property
    def home(self) -> str:
        """Name of the module that exports them."""
        return self.package or self.base.partition(":")[0]

    def classes(self) -> dict[str, type]:
        """Return the classes that the package exports, by name; it is imported."""
        package = import_module(self.home)
        exported = {name: getattr(package, name) for name in package.__all__}
        return {name: value for name, value in exported.items() if inspect.isclass(value)}


KINDS = {
    "backbones": Kind("the networks that look at the picture", "stylelightning.backbones:Backbone"),
    "losses": Kind("the terms of the total", "stylelightning.losses:Loss"),
    "critics": Kind(
        "the networks of an adversarial style term",
        "stylelightning.adversarial.critics:Critic",
    ),
    "criteria": Kind(
        "what a critic and the picture each minimise",
        "stylelightning.adversarial.criteria:Criterion",
    ),
    "penalties": Kind(
        "what is added to a critic's criterion",
        "stylelightning.adversarial.penalties:Penalty",
    ),
    "initial": Kind("where the picture starts", "stylelightning.initial:InitialPicture"),
    "callbacks": Kind(
        "what happens around the steps", "lightning.pytorch:Callback", "stylelightning.callbacks"
    ),
    "colours": Kind(
        "what is done to colours before and after a run", "stylelightning.colours:Colours"
    ),
    "parametrizations": Kind(
        "what the parameters of the picture are, for model.canvas",
        "stylelightning.parametrizations:Parametrization",
    ),
    "metrics": Kind("how a finished picture is measured", "stylelightning.metrics:PictureMetric"),
    "optimizers": Kind(
        "what changes the picture at each step: torch's and this project's",
        "torch.optim:Optimizer",
        "stylelightning.optimizers",
    ),
}


def import_components() -> list[str]:
    """Import all components, so that jsonargparse finds them by their bare names.

    Returns:
        The names of all classes that their packages export.
    """
    return [name for kind in KINDS.values() for name in kind.classes()]
