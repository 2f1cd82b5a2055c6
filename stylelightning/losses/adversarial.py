"""The style term of a critic that learns beside the picture."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.optim import Adam

from stylelightning.adversarial.criteria import Criterion, HingeCriterion
from stylelightning.adversarial.critics import Critic, PatchCritic
from stylelightning.adversarial.penalties import Penalty
from stylelightning.backbones.base import Features
from stylelightning.backbones.windows import Maps
from stylelightning.functional.orientations import TURNS, turned
from stylelightning.functional.patches import patches_at
from stylelightning.losses.base import Loss
from stylelightning.losses.blame import LossError
from stylelightning.losses.critic_training import CriticTraining, MakeOptimizer
from stylelightning.losses.references import Reference, References


class AdversarialStyleLoss(Loss):
    r"""How well a critic tells the picture's patches from those of the style image.

    .. math:: L = \sum_l w_l \, \ell_x \big( D_l(\tilde F^l) \big), \qquad
        D_l \leftarrow \arg\min_D \ell_D \big( D(\tilde A^l), D(\tilde F^l) \big) + R(D)

    :math:`D_l` is a small network that gives a score to each patch of a layer. Before each step of
    the picture it makes ``steps`` steps of an optimizer of its own, on crops of both sides in the
    same orientations; the picture's optimizer never sees it. :math:`\ell_D` and :math:`\ell_x` are
    those of the ``criterion``, R is the ``penalty``. Features are centred at the style's mean and
    divided by its deviation, one number a layer, so that a rate means the same on every layer; Li
    and Wand do not, and turn and scale the style alone.

    The critic goes on from scale to scale. It is another function at each step, which L-BFGS can't
    follow.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers whose patches are looked at, each by a network of its own; ``image`` is the
            picture itself.
        critic: The network; null for a `PatchCritic` of 7 x 7 positions.
        criterion: What critic and picture each minimise; null for `HingeCriterion`.
        penalty: What is added to the critic's criterion; null for nothing.
        optimizer: The critic's optimizer: any of ``torch.optim``, or a class path; null for Adam
            with a rate of 0.001 and betas of 0.5 and 0.9.
        steps: Steps of the critic before each step of the picture, at least 1.
        first_steps: Steps more before the picture's first, at least 0.
        crops: Crops of each side in a step of the critic, at least 1.
        size: Side of a crop in positions of the layer, at least the critic's patch; where a picture
            has fewer, its shorter side.
        orientations: In how many mirror images and quarter turns crops are seen: 1, 2 (mirrored), 4
            (turned) or 8 (both). Above 1, the style's strokes count as its own when turned.
        seed: Seed of the critic's first parameters and of the crops.

    Raises:
        ValueError: If a number is out of its range.

    Source: Li and Wand, "Precomputed real-time texture synthesis with Markovian generative
    adversarial networks", ECCV 2016, https://arxiv.org/abs/1604.04382
    """

    needs_style = True
    stochastic = True

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = ["relu3_1"],  # noqa: B006 - copied, never changed
        critic: Critic | None = None,
        criterion: Criterion | None = None,
        penalty: Penalty | None = None,
        optimizer: MakeOptimizer | None = None,
        steps: int = 1,
        first_steps: int = 0,
        crops: int = 16,
        size: int = 16,
        orientations: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__(weight, layers)
        self._check_counts(steps=steps, crops=crops, size=size)
        first: int | None = first_steps  # the parser lets null pass
        self._check("first_steps", first, "be at least 0", first is not None and first >= 0)
        self._check("orientations", orientations, "be 1, 2, 4 or 8", orientations in TURNS)
        self._check_seed(seed)
        self.critic = critic or PatchCritic()
        least = self.critic.patch
        self._check("size", size, f"be at least {least}, the critic's patch", size >= least)
        self.criterion = criterion or HingeCriterion()
        self.penalty = penalty
        self.optimizer = optimizer or partial(Adam, lr=1e-3, betas=(0.5, 0.9))
        self.steps = steps
        self.first_steps = first_steps
        self.crops = crops
        self.size = size
        self.smallest_map = least
        self.orientations = orientations
        self.seed = seed
        self.scope = self.criterion.scope
        self.training_of_critic: CriticTraining | None = None
        self._drawn = 0
        self._style: Sequence[Reference] = ()
        self._centres: Features = {}
        self._spreads: Features = {}
        self._style_scores: Features = {}

    def restart(self) -> None:
        """Let an earlier run's critic go."""
        self.training_of_critic = None

    def prepare(self, references: References) -> None:
        """Keep the style images; a critic that there is goes on.

        Raises:
            ValueError: If there is no style image, or the critic can't read a crop.
        """
        styles = [style for style in self._styles(references) if style.share > 0]
        for name in self.layers:
            self._centres[name], self._spreads[name] = _centre_and_spread(styles, name)
        self._style = [
            Reference(
                {name: self._scaled(style.features, name) for name in self.layers}, style.share
            )
            for style in styles
        ]
        first = self._style[0].features
        if self.training_of_critic is None or not self.training_of_critic.fits(first):
            self.training_of_critic, self._drawn = self._new_training(first), 0

    def advance(self, features: Maps, step: int) -> None:
        """Train the critic."""
        picture = {name: maps.detach() for name, maps in self._all_scaled(features).items()}
        steps = self.steps if self._drawn else self.steps + self.first_steps
        for _ in range(steps):
            self._train(picture)

    def forward(self, features: Features) -> Tensor:
        """Return the weighted sum of what the picture minimises at each layer."""
        networks = self._training().networks

        def term(name: str) -> Tensor:
            scores = networks[name](self._scaled(features, name))
            return self.criterion.picture(scores, self._style_scores[name])

        return self._weighted_sum(term)

    def state(self) -> dict[str, Any]:
        """Return the critic, what its optimizer remembers and how often it was trained."""
        if self.training_of_critic is None:
            return {}
        scores = dict(self._style_scores)
        return {**self.training_of_critic.state(), "drawn": self._drawn, "style_scores": scores}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on with the critic of ``state``.

        Raises:
            ValueError: If it has other layers or another shape than this one.
        """
        self._training().load_state(state)
        self._drawn = state["drawn"]
        self._style_scores = {
            name: scores.to(self._centres[name]) for name, scores in state["style_scores"].items()
        }

    def _train(self, picture: Features) -> None:
        seed = (self.seed * 1_000_003 + self._drawn) % 2**63
        generator = torch.Generator().manual_seed(seed)
        style_crops, picture_crops = {}, {}
        for name in self.layers:
            side = self._side(style.features[name] for style in self._style)
            side = min(side, *picture[name].shape[2:])
            turns = self._turns(generator)
            counts = self._counts(generator)
            drawn = [
                _crops(style.features[name], side, count, generator)
                for style, count in zip(self._style, counts, strict=True)
            ]
            style_crops[name] = _turned(torch.cat(drawn), turns)
            crops = _crops(picture[name], side, self.crops, generator)
            picture_crops[name] = _turned(crops, turns)
        self._style_scores = self._training().step(style_crops, picture_crops, seed)
        self._drawn += 1

    def _turns(self, generator: torch.Generator) -> list[tuple[int, bool]]:
        """Draw the orientations of a step's crops, which are those of both sides."""
        turns = TURNS[self.orientations]
        drawn = torch.randint(len(turns), (self.crops,), generator=generator)
        return [turns[each] for each in drawn.tolist()]

    def _counts(self, generator: torch.Generator) -> list[int]:
        """Draw how many crops of a step each style image gives, by its share."""
        shares = torch.tensor([style.share for style in self._style])
        drawn = torch.multinomial(shares, self.crops, replacement=True, generator=generator)
        counts: list[int] = torch.bincount(drawn, minlength=len(shares)).tolist()
        return counts

    def _side(self, maps: Iterable[Tensor]) -> int:
        """Return the side of crops that fit into the maps."""
        return min(self.size, *(side for each in maps for side in each.shape[2:]))

    def _all_scaled(self, features: Maps) -> Features:
        return {name: self._scaled(features, name) for name in self.layers}

    def _scaled(self, features: Maps, name: str) -> Tensor:
        return (features[name] - self._centres[name]) / self._spreads[name]

    def _training(self) -> CriticTraining:
        if self.training_of_critic is None:
            raise ValueError("AdversarialStyleLoss has no critic yet: call `prepare` first.")
        return self.training_of_critic

    def _new_training(self, like: Maps) -> CriticTraining:
        training = CriticTraining(
            self.critic, self.criterion, self.penalty, self.optimizer, like, self.seed
        )
        for name, network in training.networks.items():
            side = self._side([like[name]])
            crop = like[name].new_zeros((1, like[name].shape[1], side, side))
            try:
                scores = network(crop)
            except RuntimeError as error:
                raise LossError(
                    f"`critic` of AdversarialStyleLoss, {type(self.critic).__name__}, can't read "
                    f"crops of {side} x {side} positions ({error}): raise `size`, and say in its "
                    "`patch` the smallest side that it reads."
                ) from error
            if not isinstance(scores, Tensor) or scores.ndim != 4 or scores.shape[:2] != (1, 1):
                got = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
                raise LossError(
                    "`critic` of AdversarialStyleLoss must build networks that give scores of "
                    f"shape (B, 1, h, w), got {got} from {type(self.critic).__name__}."
                )
        return training


def _centre_and_spread(styles: Sequence[Reference], name: str) -> tuple[Tensor, Tensor]:
    """Return the channels' means, (1, C, 1, 1), and one deviation from them, a scalar."""
    total = sum(style.share for style in styles)
    maps = [(style.features[name], style.share / total) for style in styles]
    centres = [share * each.mean((2, 3), keepdim=True) for each, share in maps]
    centre = sum(centres[1:], centres[0])
    squares = [share * (each - centre).square().mean() for each, share in maps]
    return centre, (sum(squares[1:], squares[0]) + 1e-12).sqrt()


def _crops(maps: Tensor, side: int, count: int, generator: torch.Generator) -> Tensor:
    """Draw crops of a layer's map, (count, C, side, side)."""
    rows, columns = (
        torch.randint(length - side + 1, (count,), generator=generator) for length in maps.shape[2:]
    )
    return patches_at(maps, side, rows, columns).view(count, maps.shape[1], side, side)


def _turned(crops: Tensor, turns: Sequence[tuple[int, bool]]) -> Tensor:
    return torch.stack([turned(crop, turn) for crop, turn in zip(crops, turns, strict=True)])
