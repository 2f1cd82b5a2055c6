"""Changes of a traced network: nothing in place, other pools, other padding."""

import operator

from torch import fx, nn
from torch.nn import functional

from stylelightning.backbones.padding import Padding
from stylelightning.backbones.pooling import Pooling, pool2d

_OUT_OF_PLACE = {
    operator.iadd: operator.add,
    operator.isub: operator.sub,
    operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
}
_POOLS = {functional.max_pool2d: nn.MaxPool2d, functional.avg_pool2d: nn.AvgPool2d}
_PADS: dict[Padding, type[nn.Module]] = {
    "replicate": nn.ReplicationPad2d,
    "reflect": nn.ReflectionPad2d,
    "circular": nn.CircularPad2d,
}


def put_out_of_place(network: fx.GraphModule) -> None:
    """Make every operation of a network return a new tensor, so that each node keeps its own."""
    for module in network.modules():
        if getattr(module, "inplace", False):
            setattr(module, "inplace", False)  # noqa: B010 - mypy sees no such attribute
    for node in network.graph.nodes:
        if node.kwargs.get("inplace"):
            node.kwargs = {**node.kwargs, "inplace": False}
        if node.op == "call_method" and node.target.endswith("_"):
            node.target = node.target.removesuffix("_")  # add_ is add
        if node.op == "call_function":
            node.target = _OUT_OF_PLACE.get(node.target, node.target)
    network.recompile()


def turn_pools_into_modules(network: fx.GraphModule) -> None:
    """Put a module in the place of every pool that is a function."""
    for node in network.graph.nodes:
        if node.op == "call_function" and node.target in _POOLS:
            picture, *windows = node.args
            pool = _POOLS[node.target](*windows, **node.kwargs)
            name = f"pool_of_{node.name}"
            network.add_submodule(name, pool)
            node.op, node.target, node.args, node.kwargs = "call_module", name, (picture,), {}
    network.recompile()


def replace_pools(network: fx.GraphModule, pooling: Pooling | None, padding: Padding) -> None:
    """Replace every pool of a network by one with the same windows.

    Args:
        network: The graph, with its pools as modules.
        pooling: Kind of the new pools; None for each its own.
        padding: What a padded pool reads beyond the border; ``zeros`` for nothing.
    """
    for target in {node.target for node in network.graph.nodes if node.op == "call_module"}:
        pool = network.get_submodule(target)
        if isinstance(pool, nn.MaxPool2d | nn.AvgPool2d):
            network.set_submodule(target, _replaced(pool, pooling, padding))


def replace_padding(network: fx.GraphModule, padding: Padding) -> None:
    """Make every padded convolution of a network read something else beyond the border."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and any(module.padding):
            module.padding_mode = padding


def _replaced(
    pool: nn.MaxPool2d | nn.AvgPool2d, pooling: Pooling | None, padding: Padding
) -> nn.Module:
    rows, columns = pool.padding if isinstance(pool.padding, tuple) else (pool.padding,) * 2
    padded = padding in _PADS and (rows, columns) != (0, 0)
    if pooling is None and not padded:
        return pool
    kind: Pooling = pooling or ("max" if isinstance(pool, nn.MaxPool2d) else "avg")
    inner = 0 if padded else pool.padding
    new = pool2d(kind, pool.kernel_size, pool.stride, inner, pool.ceil_mode)
    if not padded:
        return new
    return nn.Sequential(_PADS[padding]((columns, columns, rows, rows)), new)
