"""What part of the picture the positions of a graph's maps see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

from stylelightning.backbones.map_shapes import POINTWISE, following

_POINTWISE_FUNCTIONS = {
    *("add", "sub", "mul", "truediv", "cat", "chunk", "contiguous", "dropout", "getitem", "gelu"),
    *("hardsigmoid", "hardswish", "permute", "relu", "relu6", "reshape", "sigmoid"),
    *("silu", "stochastic_depth", "transpose", "view"),
}


@dataclass(frozen=True)
class Span:
    """Rows, or columns, that the positions p = 0, 1, ... of a map see.

    They are those from ``p * stride + first`` to ``p * stride + last``, in pixels.
    """

    stride: int
    first: int
    last: int

    def through(self, kernel_size: int, stride: int, padding: int, dilation: int) -> "Span":
        """Return the span of a map of windows on this one."""
        first = self.first - padding * self.stride
        reach = dilation * (kernel_size - 1) - padding
        return Span(self.stride * stride, first, self.last + reach * self.stride)


Field = tuple[Span, Span] | None
"""Rows and columns that positions see; None for no fixed number of them."""


def receptive_fields(
    network: fx.GraphModule, small: Mapping[str, torch.Size], large: Mapping[str, torch.Size]
) -> dict[str, Field]:
    """Return the rows and columns of the picture that the positions of each tensor see.

    Args:
        network: The graph, with its pools as modules.
        small: Shapes of its tensors for some picture.
        large: Shapes for one that is larger in both directions, and not a square.

    Returns:
        Both for each node, None where a position sees the whole picture, as after
        squeeze-and-excitation, or no fixed part of it, as after attention.
    """
    fields: dict[fx.Node, Field] = {}
    for node in network.graph.nodes:
        if node.op == "placeholder":
            fields[node] = (Span(1, 0, 0), Span(1, 0, 0))
        sources = [source for source in node.all_input_nodes if source in fields]
        if not sources or node.op == "output":
            continue
        merged = _merged([fields[source] for source in sources])
        module = network.get_submodule(node.target) if node.op == "call_module" else None
        if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
            fields[node] = _windowed(merged, module)
        elif node.name not in large:  # several tensors, or a size
            fields[node] = merged
        else:
            after = following(small[node.name], large[node.name])
            tensors = [source.name for source in sources if source.name in large]
            before = following(small[tensors[0]], large[tensors[0]]) if tensors else after
            kept = list(after.values()) == list(before.values())
            channels_last = len(large[node.name]) - 1 not in after
            fields[node] = merged if kept and _is_pointwise(node, module, channels_last) else None
    return {node.name: field for node, field in fields.items()}


def side(field: Field) -> int | None:
    """Return the side in pixels of the square that a position sees."""
    return None if field is None else max(span.last - span.first + 1 for span in field)


def reach(field: Field) -> int | None:
    """Return the most pixels that a position sees before or after its own stride."""
    if field is None:
        return None
    return max(max(-span.first, span.last + 1 - span.stride, 0) for span in field)


def _merged(fields: list[Field]) -> Field:
    spans: list[Span] = []
    for axis in range(2):
        of_axis = [field[axis] for field in fields if field is not None]
        if len(of_axis) < len(fields) or len({span.stride for span in of_axis}) > 1:
            return None
        first, last = min(s.first for s in of_axis), max(s.last for s in of_axis)
        spans.append(Span(of_axis[0].stride, first, last))
    return spans[0], spans[1]


def _windowed(field: Field, module: nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d) -> Field:
    if field is None:
        return None
    dilation: Any = 1 if isinstance(module, nn.AvgPool2d) else module.dilation
    windows = (module.kernel_size, module.stride, module.padding, dilation)
    rows, columns = (
        span.through(*(_along(value, axis) for value in windows)) for axis, span in enumerate(field)
    )
    return rows, columns


def _along(value: Any, axis: int) -> int:
    return int(value[axis]) if isinstance(value, tuple) else int(value)


def _is_pointwise(node: fx.Node, module: nn.Module | None, channels_last: bool) -> bool:
    """Return whether each position of the output depends on that of the inputs alone."""
    if module is not None:
        if isinstance(module, nn.LayerNorm | nn.Linear):
            return channels_last
        return isinstance(module, POINTWISE)
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
    return name in _POINTWISE_FUNCTIONS or (name == "layer_norm" and channels_last)
