import torch
from torchvision.models import vgg16

from stylelightning.backbones import VGG16
from stylelightning.backbones.weights.source import OXFORD


def test_the_tensors_are_those_of_our_network_in_depth_order() -> None:
    with torch.device("meta"):
        state = VGG16(weights=None).network.state_dict()
    assert OXFORD.shapes == {name: tuple(tensor.shape) for name, tensor in state.items()}
    assert list(OXFORD.shapes) == list(state)


def test_the_names_in_torchvisions_layout_are_torchvisions() -> None:
    with torch.device("meta"):
        state = vgg16().features.state_dict(prefix="features.")
    # oracle: torchvision's own network, in which a wrong number would be a pool or another shape
    names = OXFORD.torchvision_names
    assert list(names.values()) == list(state)
    assert {own: tuple(state[name].shape) for own, name in names.items()} == OXFORD.shapes


def test_the_names_in_the_onnx_file_are_those_of_keras() -> None:
    names = OXFORD.onnx_names
    assert len(set(names.values())) == 26
    # as read in the file
    assert names["conv1_1.weight"] == "functional_1/block1_conv1_1/convolution/ReadVariableOp:0"
    assert names["conv5_3.bias"] == "functional_1/block5_conv3_1/Squeeze:0"


def test_the_cached_file_is_named_by_what_it_holds() -> None:
    assert OXFORD.file == f"vgg16-oxford-{OXFORD.digest[:8]}.safetensors"


def test_published_values_are_asked_from_the_first_to_the_last_block() -> None:
    assert {name[:5] for name, _, _ in OXFORD.probes} == {"conv1", "conv2", "conv5"}
    for name, index, _ in OXFORD.probes:
        shape = OXFORD.shapes[name]
        assert len(index) == len(shape)
        assert all(0 <= n < side for n, side in zip(index, shape, strict=True))
