"""Shapes of a graph's maps for pictures of any size, found on the meta device."""

import copy
from typing import Any

import torch
from torch import Tensor, fx, nn

POINTWISE = (
    nn.BatchNorm2d,
    nn.Dropout,
    nn.GELU,
    nn.Hardsigmoid,
    nn.Hardswish,
    nn.Identity,
    nn.ReLU,
    nn.ReLU6,
    nn.SiLU,
    nn.Sigmoid,
)
"""Modules of which each value of the output depends on one of the input."""


class MapShapes(fx.Interpreter):
    """The shapes that a graph's tensors have for a picture of some size, without computing them.

    Args:
        network: The graph, which stays as it is.
    """

    def __init__(self, network: fx.GraphModule) -> None:
        tensors = [*network.parameters(), *network.buffers()]
        super().__init__(copy.deepcopy(network, {id(tensor): _meta(tensor) for tensor in tensors}))
        self._shapes: dict[str, torch.Size] = {}

    def at(self, height: int, width: int) -> dict[str, torch.Size]:
        """Return the shapes for one picture, by node.

        Args:
            height: Its height in pixels.
            width: Its width in pixels.

        Returns:
            The shape of every tensor that exists and is not empty.
        """
        self._shapes = {}
        with torch.no_grad():
            self.run(torch.empty(1, 3, height, width, device="meta"))
        return self._shapes

    def run_node(self, n: fx.Node) -> Any:
        """Return the node's value, or None when the picture is too small for it."""
        if n.op == "output":
            return None
        try:
            value = super().run_node(n)
        except Exception:  # of the node itself, or since its input is None
            return None
        if isinstance(value, Tensor):
            if value.numel() == 0:
                return None
            self._shapes[n.name] = value.shape
        return value

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the module's value; most of them keep shapes, and are slow on the meta device."""
        if isinstance(self.fetch_attr(target), (*POINTWISE, nn.LayerNorm)):
            return args[0]
        return super().call_module(target, args, kwargs)


def following(small: torch.Size, large: torch.Size) -> dict[int, int]:
    """Return the axes of a tensor that follow the picture, with their length for the larger one.

    Args:
        small: Its shape for some picture.
        large: Its shape for one that is larger in both directions.
    """
    if len(small) != len(large):
        return {}
    return {axis: length for axis, length in enumerate(large) if length != small[axis]}


def smallest_sides(shapes: MapShapes, nodes: set[str], largest: int) -> dict[str, int]:
    """Return the smallest side in pixels of a square picture that each node exists for.

    Args:
        shapes: The graph's shapes.
        nodes: Names of nodes.
        largest: A side for which all of them exist.
    """
    sides: dict[str, int] = {}

    def search(low: int, below: frozenset[str], high: int, above: frozenset[str]) -> None:
        if below == above:
            return
        if high - low == 1:
            sides.update(dict.fromkeys(above - below, high))
            return
        middle = (low + high) // 2
        there = frozenset(nodes & shapes.at(middle, middle).keys()) | below
        search(low, below, middle, there)
        search(middle, there, high, above)

    search(0, frozenset(), largest, frozenset(nodes))
    return sides


def _meta(tensor: Tensor) -> Tensor:
    empty = torch.empty_like(tensor, device="meta", requires_grad=False)
    return nn.Parameter(empty, requires_grad=False) if isinstance(tensor, nn.Parameter) else empty
