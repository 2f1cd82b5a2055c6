"""The losses of a user's own, tried before the run."""

from copy import deepcopy

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Backbone
from stylelightning.images import RunPictures
from stylelightning.losses.blame import LossError, is_own, written
from stylelightning.objective import Objective
from stylelightning.run.checks import smallest_side
from stylelightning.run.references import references_of

SMALL = 64
"""Longer side in pixels at which losses are tried first, unless they need more."""


def try_losses(
    objective: Objective, backbone: Backbone, pictures: RunPictures, start: Tensor
) -> None:
    """Evaluate copies of a user's own losses once, on small pictures; the run's stay as they are.

    One that fails there is tried at the size of the first scale before it is refused.

    Args:
        objective: The run's objective.
        backbone: Its backbone.
        pictures: Its pictures.
        start: The picture that it starts from, (1, 3, H, W) in [0, 1].

    Raises:
        LossError: If a loss fails, breaks a rule or is not a number, or no term of the run has a
            gradient.
    """
    own = {name: loss for name, loss in objective.losses.items() if is_own(loss)}
    if not own:
        return
    full = max(start.shape[2:])
    least = smallest_side(own, backbone)
    sides = [side for side in (SMALL, 2 * SMALL, 4 * SMALL) if side < full]
    small = [s for s in sides if min(pictures.picture_size(s)) >= least]
    for side in [*small[:1], full]:
        try:
            terms = _try(Objective(deepcopy(own), backbone), backbone, pictures, start, side)
        except LossError:
            if side == full:
                raise
        else:
            break
    if len(own) == len(objective.losses) and not any(each.requires_grad for each in terms.values()):
        raise LossError(
            f"The loss {' and '.join(map(repr, own))} must depend on the picture, got a value "
            "without a gradient: compute it from the features, without detach() or item()."
        )


def _try(
    objective: Objective, backbone: Backbone, pictures: RunPictures, start: Tensor, side: int
) -> dict[str, Tensor]:
    like = next(backbone.parameters(), start)
    with torch.random.fork_rng(devices=[]):
        picture = F.resize(start, pictures.picture_size(side)).to(like).requires_grad_()
        with torch.no_grad():
            shown = references_of(objective, backbone, pictures, side, picture.detach())
            objective.prepare(shown)
        features = objective.features(picture)
        objective.advance(features, 0)
        terms = objective.terms(features)
    for name, value in terms.weighted.items():
        kind = type(written(objective.losses[name])).__name__
        if not bool(value.isfinite()):
            raise LossError(
                f"The loss {name!r}, {kind}, must be a number, "
                f"got {float(value.detach())} at the picture that the run starts from: guard its "
                "divisions, logarithms and roots."
            )
    return terms.weighted
