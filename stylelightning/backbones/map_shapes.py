"""Shapes of a graph's maps for pictures of any size, found on the meta device."""

import copy
from collections.abc import Hashable, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

_MISSING = object()


class MapShapes(fx.Interpreter):
    """The shapes that a graph's tensors have for a picture of some size, without computing them.

    What one operation does to one shape is found out once, whichever nodes share it.

    Args:
        network: The graph, which stays as it is.
    """

    def __init__(self, network: fx.GraphModule) -> None:
        tensors = [*network.parameters(), *network.buffers()]
        super().__init__(copy.deepcopy(network, {id(tensor): _meta(tensor) for tensor in tensors}))
        self._operations: dict[str, str] = {}
        self._known: dict[Hashable, Any] = {}
        self._shapes: dict[str, torch.Size] = {}

    def at(self, height: int, width: int) -> dict[str, torch.Size]:
        """Return the shapes for one picture, by node.

        Args:
            height: Its height in pixels.
            width: Its width in pixels.

        Returns:
            The shape of every tensor that exists and is not empty; of several, of the first.
        """
        self._shapes = {}
        with torch.no_grad():
            self.run(torch.empty(1, 3, height, width, device="meta"))
        return self._shapes

    def run_node(self, n: fx.Node) -> Any:
        """Return the node's value, or a mark in its place when the picture is too small for it."""
        if n.op == "output":
            return None
        args, kwargs = self.fetch_args_kwargs_from_env(n)
        value = self._value(n, args, kwargs)
        tensor = value[0] if isinstance(value, tuple | list) and value else value
        if isinstance(tensor, Tensor):
            if tensor.numel() == 0:
                return _MISSING
            self._shapes[n.name] = tensor.shape
        return value

    def _value(self, node: fx.Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if node.op in ("placeholder", "get_attr"):
            return getattr(self, node.op)(node.target, args, kwargs)
        signature = _signature((args, kwargs))
        if _contains_missing(signature):
            return _MISSING
        key = (node.op, self._operation(node), signature)
        if key not in self._known:
            try:
                self._known[key] = getattr(self, node.op)(node.target, args, kwargs)
            except Exception:  # a picture that is too small may fail in any way
                self._known[key] = _MISSING
        return self._known[key]

    def _operation(self, node: fx.Node) -> Hashable:
        if not isinstance(node.target, str) or node.op != "call_module":
            return node.target
        if node.target not in self._operations:
            self._operations[node.target] = repr(self.fetch_attr(node.target))
        return self._operations[node.target]


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


def _signature(value: Any) -> Hashable:
    """Return what an operation's outcome depends on: shapes and types in place of tensors."""
    if isinstance(value, Tensor):
        return (tuple(value.shape), value.dtype)
    if isinstance(value, tuple | list):
        return tuple(_signature(each) for each in value)
    if isinstance(value, Mapping):
        return tuple((key, _signature(each)) for key, each in value.items())
    return value if value is _MISSING else (type(value), repr(value))


def _contains_missing(signature: Hashable) -> bool:
    if isinstance(signature, tuple):
        return any(_contains_missing(each) for each in signature)
    return signature is _MISSING
