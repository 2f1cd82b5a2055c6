"""How much of the style a picture takes, as one number for every preset."""

import inspect
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from stylelightning.cli.kinds import KINDS
from stylelightning.cli.yaml_text import load_yaml
from stylelightning.images import PICTURE_SUFFIXES, read_config
from stylelightning.losses import Loss

SPAN = 8.0
"""Factor of the content terms' weights at a strength of 0; at 1 they are divided by it."""


def strength_options(config: Path, strength: float) -> list[str]:
    r"""Return the options of ``fit`` that give a picture more or less of the style.

    .. math:: w' = 8^{1 - 2 s} w

    for the weight of every term that reads the content image alone, or for its ratio if the config
    has one for it in ``model.calibrate``. A strength s of 0.5 is the config as it is.

    Args:
        config: The run's config, or a picture that carries it.
        strength: From 0, mostly the content image, to 1, mostly the style's.

    Raises:
        ValueError: If there is no such term.
    """
    if strength == 0.5:
        return []
    is_picture = config.suffix.lower() in PICTURE_SUFFIXES
    text = read_config(config) if is_picture else config.read_text(encoding="utf-8-sig")
    model = load_yaml(f"{text}\n").get("model") or {}
    ratios = model.get("calibrate") or {}
    factor, options = SPAN ** (1 - 2 * strength), list[str]()
    for name, weight in content_weights(model.get("losses") or {}).items():
        key = "calibrate." + name if ratios.get(name) else f"losses.{name}.weight"
        options += [f"--model.{key}", f"{factor * (ratios.get(name) or weight):.6g}"]
    if not options:
        raise ValueError(
            f"`--strength` weighs the content image against the style, and no term of "
            f"{config.stem} reads the content image alone: leave it out, or choose another "
            "--preset."
        )
    return options


def content_weights(losses: Mapping[str, Any]) -> dict[str, float]:
    """Return the weights of the terms that read the content image alone, by name.

    Args:
        losses: The terms of a config by name; null for one that is switched off.
    """
    weights = {}
    for name, term in losses.items():
        given: Mapping[str, Any] = {"class_path": term} if isinstance(term, str) else term or {}
        loss = _loss_class(str(given.get("class_path", "")))
        # one that reads the style images too has no weight between the two
        if loss is not None and loss.needs_content and not loss.needs_style:
            weight = inspect.signature(loss).parameters["weight"].default
            weights[name] = float((given.get("init_args") or {}).get("weight", weight))
    return weights


def _loss_class(name: str) -> type[Loss] | None:
    """Return a class of losses by its name, with its module if that is one of the user's own."""
    module, _, last = name.rpartition(".")
    known: Mapping[str, Any] = vars(import_module(module)) if module else KINDS["losses"].classes()
    found = known.get(last)
    return found if inspect.isclass(found) and issubclass(found, Loss) else None
