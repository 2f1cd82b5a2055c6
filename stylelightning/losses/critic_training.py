"""A critic in training beside the picture."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from stylelightning.adversarial.criteria import Criterion
from stylelightning.adversarial.critics import Critic
from stylelightning.adversarial.penalties import Penalty
from stylelightning.losses.blame import LossError, is_out_of_memory

MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]
"""Makes the optimizer of a critic's parameters."""


class CriticTraining:
    """The networks of a critic, one for each layer, and the one optimizer of them all.

    The networks are frozen and in evaluation mode but while ``step`` trains them.

    Args:
        critic: What makes the networks.
        criterion: What they minimise.
        penalty: What is added to it; None for nothing.
        optimizer: What makes the optimizer.
        like: A map of each layer, (1, C, h, w), whose device and precision the networks take.
        seed: Seed of the networks' first parameters.

    Raises:
        LossError: If the optimizer can't be made.
    """

    def __init__(
        self,
        critic: Critic,
        criterion: Criterion,
        penalty: Penalty | None,
        optimizer: MakeOptimizer,
        like: Mapping[str, Tensor],
        seed: int,
    ) -> None:
        self.criterion = criterion
        self.penalty = penalty
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            built = {name: critic.build(maps.shape[1]) for name, maps in like.items()}
        self.networks = {name: built[name].to(maps) for name, maps in like.items()}
        self.made_for = {name: _kind(maps) for name, maps in like.items()}
        parameters = [each for net in self.networks.values() for each in net.parameters()]
        try:
            self.optimizer = optimizer(parameters)
        except (RuntimeError, TypeError, ValueError) as error:
            raise LossError(_cannot_train(error)) from error
        for network in self.networks.values():
            network.eval().requires_grad_(False)

    def fits(self, like: Mapping[str, Tensor]) -> bool:
        """Return whether the networks read such maps, on their device and in their precision."""
        return self.made_for == {name: _kind(maps) for name, maps in like.items()}

    def step(
        self, style: Mapping[str, Tensor], picture: Mapping[str, Tensor], seed: int
    ) -> dict[str, Tensor]:
        """Make one step of the optimizer.

        Args:
            style: Crops of the style by layer, (B, C, h, w), constant.
            picture: Crops of the picture, of the same shapes, constant.
            seed: Seed of what the penalty draws, the same however often the optimizer evaluates.

        Returns:
            The scores of the style's crops by layer, after the step and constant.

        Raises:
            LossError: If the optimizer can't take a step.
        """

        def evaluate() -> float:
            self.optimizer.zero_grad()
            generator = torch.Generator().manual_seed(seed)
            terms = [
                self._term(network, style[name], picture[name], generator)
                for name, network in self.networks.items()
            ]
            total = torch.stack(terms).sum()
            torch.autograd.backward(total)
            return float(total.detach())

        with self._trained():
            try:
                self.optimizer.step(evaluate)
            except RuntimeError as error:
                if is_out_of_memory(error):
                    raise
                raise LossError(_cannot_train(error)) from error
            self.optimizer.zero_grad()
        with torch.no_grad():
            return {name: network(style[name]) for name, network in self.networks.items()}

    def state(self) -> dict[str, Any]:
        """Return copies of the networks' parameters and of what the optimizer remembers."""
        networks = {name: network.state_dict() for name, network in self.networks.items()}
        return deepcopy(
            {
                "networks": networks,
                "optimizer": type(self.optimizer).__qualname__,
                "memory": self.optimizer.state_dict()["state"],
            }
        )

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from ``state``; the optimizer's own options hold, and another one starts cold.

        Raises:
            LossError: If the networks have other layers or shapes.
        """
        try:
            if state["networks"].keys() != self.networks.keys():
                raise KeyError(*state["networks"].keys() ^ self.networks.keys())
            for name, network in self.networks.items():
                network.load_state_dict(state["networks"][name])
        except (KeyError, RuntimeError) as error:
            raise LossError(
                "The critic of the checkpoint has other layers or another shape than this run's: "
                "give `critic` and `layers` as they were there, or start anew."
            ) from error
        if state["optimizer"] == type(self.optimizer).__qualname__:
            own = self.optimizer.state_dict()["param_groups"]
            self.optimizer.load_state_dict({"state": state["memory"], "param_groups": own})

    def _term(
        self, network: nn.Module, style: Tensor, picture: Tensor, generator: torch.Generator
    ) -> Tensor:
        value = self.criterion.critic(network(style), network(picture))
        if self.penalty is None:
            return value
        return value + self.penalty.penalty(network, style, picture, generator)

    @contextmanager
    def _trained(self) -> Iterator[None]:
        for network in self.networks.values():
            network.train().requires_grad_(True)
        try:
            with torch.enable_grad():
                yield
        finally:
            for network in self.networks.values():
                network.eval().requires_grad_(False)


def _cannot_train(error: Exception) -> str:
    return (
        f"`optimizer` of AdversarialStyleLoss can't train a critic ({error}): take another one, "
        "such as torch.optim.Adam."
    )


def _kind(maps: Tensor) -> tuple[int, torch.device, torch.dtype]:
    return maps.shape[1], maps.device, maps.dtype
