"""Weights of torchvision's classification networks."""

import re

from torch import fx

from stylelightning.backbones.weights.checking import first_wrong
from stylelightning.backbones.weights.finding import Weights

# torchvision's DenseNet files have `denselayer1.norm.1.weight` for `denselayer1.norm1.weight`
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


def load_weights(network: fx.GraphModule, weights: Weights, name: str) -> None:
    """Fill a network with weights; what else they hold, such as a classifier's, is left.

    Args:
        network: The part of the network that is used.
        weights: Tensors by torchvision's names.
        name: Name of the network, for messages.

    Raises:
        ValueError: If a tensor is missing or has another shape; the text names the first.
    """
    state = {_OLD_DENSENET.sub(r"\1\2", key): tensor for key, tensor in weights.state.items()}
    own = network.state_dict()
    shapes = {
        key: tensor.shape
        for key, tensor in own.items()
        if not key.endswith("num_batches_tracked")  # old files have none, and it is never read
    }
    if wrong := first_wrong(state, shapes):
        raise ValueError(f"`weights` of {name}: {wrong} in {weights.file}.")
    network.load_state_dict({key: state[key] for key in shapes}, strict=False)
