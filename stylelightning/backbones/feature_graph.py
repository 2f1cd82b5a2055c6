"""torchvision's classification networks as graphs of named nodes."""

import difflib
import math

import torch
import torchvision
from torch import fx, nn
from torch.fx.passes.split_module import split_module
from torchvision.models import get_model, list_models
from torchvision.models.feature_extraction import NodePathTracer

from stylelightning.backbones.recomputing import Recomputed

INCEPTIONS = ("googlenet", "inception_v3")
"""Networks that convert ImageNet's normalisation to one of their own."""
_SOME = "alexnet, convnext_tiny, densenet121, efficientnet_b0, resnet50, squeezenet1_1"


def check_network(network: str) -> None:
    """Refuse what is not the name of a classification network of torchvision's.

    Raises:
        ValueError: If there is no such network; the text lists the near ones.
    """
    known = list_models(module=torchvision.models)
    if network not in known:
        near = difflib.get_close_matches(str(network), known, n=4, cutoff=0.5)
        hint = f"Near ones: {', '.join(near)}" if near else f"Some of them: {_SOME}"
        raise ValueError(f"Unknown `network` {network!r} of torchvision. {hint}.")


def build_network(network: str, seed: int) -> nn.Module:
    """Return a network in eval mode, with torchvision's own initial parameters.

    The global random numbers stay as they are.

    Args:
        network: Name of a classification network of torchvision's.
        seed: Seed of the parameters.
    """
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        if network in INCEPTIONS:
            # their own conversion of the picture is part of the backbone's normalisation
            options = {"aux_logits": False, "transform_input": False, "init_weights": True}
            module: nn.Module = get_model(network, weights=None, **options)
        else:
            module = get_model(network, weights=None)
    return module.eval()


def trace(module: nn.Module) -> tuple[fx.GraphModule, dict[str, str]]:
    """Return a network as a graph, and the node that each of torchvision's names stands for.

    A block, such as ``layer1.0``, stands for its last node, as in torchvision.

    Args:
        module: The network, in eval mode.

    Returns:
        The graph, and the names of its nodes by torchvision's, in depth order.
    """
    # every module down to torch's own is looked into, unlike in `create_feature_extractor`
    tracer = NodePathTracer(autowrap_modules=(math, torchvision.ops), leaf_modules=[])
    network = fx.GraphModule(module, tracer.trace(module))
    nodes = {
        name: node.name
        for node, name in tracer.node_to_qualname.items()
        if node.op != "placeholder"
    }
    return network, _with_blocks(nodes)


def cut(network: fx.GraphModule, names: dict[str, str]) -> fx.GraphModule:
    """Return the part of a graph that the named nodes need, with its parameters.

    Args:
        network: The graph, which keeps its parameters.
        names: Nodes by the names that the result's output shall have.

    Returns:
        A graph that shares the parameters, whose output is a dictionary.
    """
    wanted = set(names.values())
    needed: set[fx.Node] = set()
    for node in reversed(network.graph.nodes):
        if node.name in wanted or node in needed:
            needed |= {node, *node.all_input_nodes}
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    for node in network.graph.nodes:
        if node in needed:
            copies[node] = graph.node_copy(node, copies.__getitem__)
    by_name = {node.name: copy for node, copy in copies.items()}
    graph.output({name: by_name[node] for name, node in names.items()})
    return fx.GraphModule(network, graph)


def in_blocks(network: fx.GraphModule) -> fx.GraphModule:
    """Return a graph whose inner maps are computed again for the gradient.

    It consists of blocks of nodes that follow each other, about as many blocks as nodes in each:
    what is kept between blocks and what is computed at once are then about the same. A block ends
    at what the graph returns, too, which is kept anyway.

    Args:
        network: The graph, which shares its parameters with the result.
    """
    *nodes, output = network.graph.nodes
    longest, returned = math.isqrt(len(nodes)), set(output.all_input_nodes)
    blocks_of: dict[fx.Node, int] = {output: 0}
    number = length = 0
    for node in nodes:
        blocks_of[node] = number
        length += 1
        if length == longest or node in returned:
            number, length = number + 1, 0
    blocks = split_module(network, network, blocks_of.__getitem__)
    for name, block in list(blocks.named_children()):
        blocks.add_submodule(name, Recomputed(block))
    return blocks


def _with_blocks(nodes: dict[str, str]) -> dict[str, str]:
    """Add each block after its last node, unless a node has its name."""
    last: dict[str, str] = {}
    for name in nodes:
        parts = name.split(".")
        last |= {".".join(parts[:n]): name for n in range(1, len(parts))}
    ending: dict[str, list[str]] = {}
    for block, name in last.items():
        if block not in nodes:
            ending.setdefault(name, []).append(block)
    named: dict[str, str] = {}
    for name, node in nodes.items():
        named[name] = node
        for block in sorted(ending.get(name, ()), key=len, reverse=True):  # the inner one first
            named[block] = node
    return named
