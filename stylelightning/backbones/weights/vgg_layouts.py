"""Weights of a VGG, in the two layouts that they are published in."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from stylelightning.backbones.normalization import NORMALIZATIONS, Normalization
from stylelightning.backbones.weights.checking import first_wrong
from stylelightning.backbones.weights.finding import Weights

_VGG_BY_CONVOLUTIONS = {8: "VGG11", 10: "VGG13", 13: "VGG16", 16: "VGG19"}


def vgg_state(
    weights: Weights, network: str, layers: Sequence[str], shapes: Mapping[str, torch.Size]
) -> tuple[dict[str, Tensor], Normalization]:
    """Return the weights of a VGG by our names, and the normalisation that belongs to them.

    Args:
        weights: Tensors in torchvision's layout (``features.0.weight``) or Caffe's
            (``conv1_1.weight``).
        network: Name of the network, for messages.
        layers: All layers in depth order, which is how torchvision numbers them.
        shapes: Shape of each tensor by its name, which is Caffe's, such as ``conv1_1.weight``.

    Returns:
        The tensors by the names in ``shapes``, and the normalisation.

    Raises:
        ValueError: If the weights are of neither layout, or of another network.
    """
    if "features.0.weight" in weights.state:
        normalization = NORMALIZATIONS["imagenet"]
        names = [
            f"features.{layers.index(layer)}.{kind}"
            for layer, kind in (name.split(".") for name in shapes)
        ]
    elif "conv1_1.weight" in weights.state:
        normalization = NORMALIZATIONS["caffe"]
        names = list(shapes)
    else:
        raise ValueError(
            f"`weights` of {network}: {weights.file} has neither 'features.0.weight' "
            "(torchvision's layout) nor 'conv1_1.weight' (Caffe's)."
        )
    _check_network(weights, dict(zip(names, shapes.values(), strict=True)), network)
    if weights.entry is not None:
        preset = weights.entry.transforms()
        normalization = Normalization(tuple(preset.mean), tuple(preset.std))
    state = {own: weights.state[name] for own, name in zip(shapes, names, strict=True)}
    return state, normalization


def _check_network(weights: Weights, shapes: Mapping[str, torch.Size], network: str) -> None:
    found = {
        name: tensor
        for name, tensor in weights.state.items()
        if isinstance(tensor, Tensor) and name.startswith(("features.", "conv"))
    }
    wrong = first_wrong(found, shapes)
    if not wrong:
        extra = next((name for name in found if name not in shapes), None)
        if extra is None:
            return
        wrong = f"{network} has no {extra!r}"
    convolutions = sum(tensor.ndim == 4 for tensor in found.values())
    guess = _VGG_BY_CONVOLUTIONS.get(convolutions)
    if guess is not None and any(name.endswith("running_mean") for name in found):
        guess += " with batch normalisation"
    hint = f" These look like the weights of {guess}." if guess not in (None, network) else ""
    raise ValueError(f"`weights` of {network}: {wrong} in {weights.file}.{hint}")
