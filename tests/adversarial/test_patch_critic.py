"""The network that scores patches."""

import pickle

import pytest
import torch
from torch import nn

from stylelightning.adversarial.critics import PatchCritic, SpectralConv2d


@pytest.mark.parametrize("spectral", [False, True])
def test_a_score_sees_its_patch_and_nothing_beyond(spectral: bool) -> None:
    network = PatchCritic(width=4, depth=3, kernel=3, spectral=spectral).build(2).eval()
    maps = torch.rand(1, 2, 10, 11, requires_grad=True)
    scores = network(maps)
    assert scores.shape == (1, 1, 4, 5)  # by hand: 3 * (3 - 1) positions fewer
    (gradient,) = torch.autograd.grad(scores[0, 0, 1, 2], maps)
    seen = gradient.abs().sum((0, 1)).nonzero()
    assert seen.min(0).values.tolist() == [1, 2]
    assert seen.max(0).values.tolist() == [7, 8]


def test_width_and_depth_are_those_of_the_hidden_layers() -> None:
    shapes = [
        tuple(each.weight.shape)
        for each in PatchCritic(width=5, depth=2, kernel=4).build(3).modules()
        if isinstance(each, nn.Conv2d)
    ]
    assert shapes == [(5, 3, 4, 4), (5, 5, 4, 4), (1, 5, 1, 1)]


@pytest.mark.parametrize("name", ["width", "depth", "kernel"])
def test_a_number_below_one_is_refused(name: str) -> None:
    values = {"width": 1, "depth": 1, "kernel": 1, name: 0}
    with pytest.raises(ValueError, match=f"`{name}` of PatchCritic must be at least 1, got 0"):
        PatchCritic(values["width"], values["depth"], values["kernel"])


def test_a_spectral_convolution_has_norm_one() -> None:
    torch.manual_seed(0)
    layer = SpectralConv2d(3, 6, 2).double()
    maps = torch.rand(1, 3, 2, 2, dtype=torch.float64)
    for _ in range(200):
        layer(maps)
    matrix = layer.convolution.weight.flatten(1)
    with torch.no_grad():
        layer.convolution.bias.zero_()  # type: ignore[union-attr]
    value = layer(maps)
    # oracle: numpy's singular values, through torch.linalg
    expected = (matrix / torch.linalg.matrix_norm(matrix, 2)) @ maps.flatten()
    torch.testing.assert_close(value.flatten(), expected)


def test_a_spectral_convolution_stays_as_it_is_in_evaluation() -> None:
    layer = SpectralConv2d(2, 3, 1)
    before = layer.left.clone()
    layer.eval()(torch.rand(1, 2, 3, 3))
    assert torch.equal(layer.left, before)
    layer.train()(torch.rand(1, 2, 3, 3))
    assert not torch.equal(layer.left, before)


def test_a_spectral_network_can_be_pickled() -> None:
    network = PatchCritic(width=2, depth=1, spectral=True).build(2).eval()
    maps = torch.rand(1, 2, 4, 4)
    assert torch.equal(pickle.loads(pickle.dumps(network))(maps), network(maps))
