"""Each preset is the loss of its source, written out here a second time, by hand.

The formulas are the sources' own, in their units; comments name the file and line. Features are
random. Where a source reads pictures in another range, the formula says what that does.
"""

import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from stylelightning import Schedule, backbones, losses
from stylelightning.backbones.base import Features
from stylelightning.losses import Loss, SlicedWassersteinLoss
from tests.conftest import ROOT
from tests.runs import references

Formula = Callable[[Features, Features, Features, dict[str, Loss]], Tensor]
STYLE = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
CHANNELS = {"image": 3, "relu1": 4, "relu2": 5, "relu3": 6, "relu4": 7, "relu5": 5}


def config(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "configs" / f"{name}.yaml").read_text())
    return content


def features(layers: set[str], side: int, seed: int) -> Features:
    """Random feature maps, half as large from block to block, as those of a VGG."""
    generator = torch.Generator().manual_seed(seed)
    maps = {}
    for name in sorted(layers):
        block = name.split("_")[0]
        halvings = 0 if name == "image" else int(block.removeprefix("relu")) - 1
        shape = (1, CHANNELS[block], side >> halvings, (side + 16) >> halvings)
        maps[name] = torch.rand(shape, generator=generator, dtype=torch.float64)
    return maps


# formulas: x is the picture, c the content image, s the style image


def mse(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).square().sum() / a.numel()


def gram(x: Tensor) -> Tensor:
    rows = x[0].reshape(x.shape[1], -1)
    return rows @ rows.t()


def positions(x: Tensor) -> int:
    return x.shape[2] * x.shape[3]


def gatys(x: Features, c: Features, s: Features, terms: dict[str, Loss]) -> Tensor:
    # leongatys/PytorchNeuralStyleTransfer, NeuralStyleTransfer.ipynb: content 1, MSELoss of
    # relu4_2; style 1e3 / n^2 for n in [64, 128, 256, 512, 512], MSELoss of G / (h * w). Its
    # features are in another scale; the preset has 2e3 and, in place of 1e3, 1.6e8 / 5, by eye.
    total = 2e3 * mse(x["relu4_2"], c["relu4_2"])
    for name in STYLE:
        grams = gram(x[name]) / positions(x[name]), gram(s[name]) / positions(s[name])
        total = total + 1.6e8 / 5 / x[name].shape[1] ** 2 * mse(*grams)
    return total


def neural_style(x: Features, c: Features, s: Features) -> Tensor:
    # neural_style.lua: strengths 22, 23; content 464, MSECriterion; style 534 and 544, the Gram
    # matrix divided by nElement(), MSECriterion; all layers are added up, 274 to 279
    total = 5 * mse(x["relu4_2"], c["relu4_2"])
    for name in STYLE:
        total = total + 100 * mse(gram(x[name]) / x[name].numel(), gram(s[name]) / s[name].numel())
    return total


def johnson(x: Features, c: Features, s: Features, terms: dict[str, Loss]) -> Tensor:
    # neural_style.lua 582 to 597: the gradient of half the squared differences to the right and
    # lower neighbour of pixels that have both, times 1e-3 (24), for pixels in [0, 255]
    image = 255 * x["image"]
    across = image[..., :-1, :-1] - image[..., :-1, 1:]
    down = image[..., :-1, :-1] - image[..., 1:, :-1]
    return neural_style(x, c, s) + 1e-3 * (across.square().sum() + down.square().sum()) / 2


def neural_style_pt(x: Features, c: Features, s: Features, terms: dict[str, Loss]) -> Tensor:
    # neural_style.py: strengths 23 to 25; content 423, style 461 to 470; TVLoss 483 to 486
    image = 255 * x["image"]
    across = (image[..., :, 1:] - image[..., :, :-1]).abs().sum()
    down = (image[..., 1:, :] - image[..., :-1, :]).abs().sum()
    return neural_style(x, c, s) + 1e-3 * (across + down)


def root(matrix: Tensor) -> Tensor:
    """Root of a positive matrix by Newton and Schulz's iteration, as in sqrtm.py."""
    norm = matrix.square().sum().sqrt()
    unit = torch.eye(len(matrix), dtype=matrix.dtype)
    y, z = matrix / norm, unit
    for _ in range(40):  # 12 there, for float32
        t = (3 * unit - z @ y) / 2
        y, z = y @ t, t @ z
    found: Tensor = y * norm.sqrt()
    return found


def crowson(x: Features, c: Features, s: Features, terms: dict[str, Loss]) -> Tensor:
    # style_transfer.py: content 119 to 126, weight 349; layer weights 256 to 1, 320 to 322
    total = 0.015 * mse(x["relu4_2"], c["relu4_2"])
    for weight, name in zip((256, 64, 16, 4, 1), STYLE, strict=True):
        # StyleLossW2, 149 to 181: means and second moments, 1e-4 on the diagonal
        moments = []
        for maps in (x, s):
            mean = maps[name].mean((0, 2, 3))
            unit = torch.eye(len(mean), dtype=mean.dtype)
            second = gram(maps[name]) / positions(maps[name])
            moments.append((mean, second - torch.outer(mean, mean) + 1e-4 * unit))
        (mean, cov), (target_mean, target_cov) = moments
        outer = root(target_cov)
        cross = root(outer @ cov @ outer)
        w2 = mse(mean, target_mean) + (cov + target_cov - 2 * cross).diagonal().mean()
        total = total + weight / 341 * w2
    # TVLoss, 184 to 195, weight 350
    image = torch.nn.functional.pad(x["image"], (1, 1, 1, 1), "replicate")
    s1, s2 = image[..., 1:-1, 2:], image[..., 2:, 1:-1]
    inner = image[..., 1:-1, 1:-1]
    d1, d2 = (s1 - inner).square().mean() / 3, (s2 - inner).square().mean() / 3
    d3 = (image[..., 1:, 1:] - image[..., :-1, :-1]).square().mean() / 12
    d4 = (image[..., 1:, :-1] - image[..., :-1, 1:]).square().mean() / 12
    return total + 2 * 2 * (d1 + d2 + d3 + d4)


def pystiche(x: Features, c: Features, s: Features, terms: dict[str, Loss]) -> Tensor:
    # _cli.py 188 to 219: content 1, style 1e3; MultiLayerEncodingLoss weighs layers by their mean;
    # gram_matrix with normalize=True divides by the positions; both losses are mse_loss
    style = [
        mse(gram(x[name]) / positions(x[name]), gram(s[name]) / positions(s[name]))
        for name in STYLE
    ]
    return mse(x["relu4_2"], c["relu4_2"]) + 1e3 * torch.stack(style).mean()


def gordicaleksa(x: Features, c: Features, s: Features, terms: dict[str, Loss]) -> Tensor:
    # neural_style_transfer.py 12 to 31: content MSE mean; style MSE sum over layers, divided by
    # their number; weights 152 to 154. utils.py: gram_matrix divides by ch * h * w;
    # total_variation is the sum of absolute differences, of pixels in [0, 255]
    style = sum(
        (gram(x[name]) / x[name].numel() - gram(s[name]) / s[name].numel()).square().sum()
        for name in STYLE
    )
    y = 255 * x["image"]
    tv = (y[..., :-1] - y[..., 1:]).abs().sum() + (y[..., :-1, :] - y[..., 1:, :]).abs().sum()
    return 1e5 * mse(x["relu4_2"], c["relu4_2"]) + 3e4 * style / 5 + tv


def columns(maps: Features) -> Tensor:
    """Hypercolumns at every pixel: layers enlarged to the picture, one vector for each pixel."""
    order = ["image", *(name for name in maps if name != "image")]
    size = maps["image"].shape[2:]
    layers = [torch.nn.functional.interpolate(maps[name], size, mode="bilinear") for name in order]
    layers[0] = layers[0] - 0.5  # utils.py, load_path_for_pytorch: x / 255 - 0.5
    return torch.cat(layers, 1)[0].flatten(1).t()


def cosine(a: Tensor, b: Tensor) -> Tensor:
    # contextual_loss.py, pairwise_distances_cos
    angles: Tensor = a @ b.t() / a.norm(dim=1)[:, None] / b.norm(dim=1)[None]
    return 1 - angles


def strotss(x: Features, c: Features, s: Features, terms: dict[str, Loss]) -> Tensor:
    picture, content, style = (columns(maps) for maps in (x, c, s))
    # contextual_loss.py, dp_loss: each column of distances divided by its sum; the mean times n
    distances = [cosine(each, each) for each in (picture, content)]
    relative = [each / each.sum(0, keepdim=True) for each in distances]
    similarity = (relative[0] - relative[1]).abs().mean() * len(picture)
    # remd_loss: the larger of two means of smallest distances
    costs = cosine(picture, style)
    remd = torch.max(costs.min(1).values.mean(), costs.min(0).values.mean())
    # moment_loss
    means = picture.mean(0, keepdim=True), style.mean(0, keepdim=True)
    centred = picture - means[0], style - means[1]
    covariances = [each.t() @ each / len(each) for each in centred]
    moments = (means[0] - means[1]).abs().mean() + (covariances[0] - covariances[1]).abs().mean()
    # remd_loss for three channels: in utils.py's YUV, cosine plus Euclidean distances of at least
    # 1e-5 squared; that constant is left out of the preset
    yuv = torch.tensor(
        [
            [0.577350, 0.577350, 0.577350],
            [-0.577350, 0.788675, -0.211325],
            [-0.577350, -0.211325, 0.788675],
        ],
        dtype=torch.float64,
    )
    colours, palette = picture[:, :3] @ yuv.t(), style[:, :3] @ yuv.t()
    squares = (colours[:, None] - palette[None]).square().sum(2)
    costs = cosine(colours, palette) + (squares.clamp(1e-5, 1e5) / 3).sqrt() - (1e-5 / 3) ** 0.5
    colour = torch.max(costs.min(1).values.mean(), costs.min(0).values.mean())
    # stylize_objectives.py, gen_remd_dp_objective_guided, content_weight 4, moment_weight 1
    total: Tensor = 4 * similarity + remd + moments + colour / 4
    return total / (4 + 2)


def gpdm(x: Features, c: Features, s: Features, terms: dict[str, Loss]) -> Tensor:
    # patch_swd.py, PatchSWDLoss.forward: convolutions with random patches, sorted, the mean of
    # absolute differences; pixels in [-1, 1], numbers of a patch standard normal
    loss = terms["patches"]
    assert isinstance(loss, SlicedWassersteinLoss)
    rand = loss._directions["image"] * math.sqrt(3 * 7 * 7)
    lines = [
        torch.nn.functional.conv2d(2 * maps["image"] - 1, rand)
        .reshape(len(rand), -1)
        .sort(1)
        .values
        for maps in (x, s)
    ]
    return (lines[0] - lines[1]).abs().mean()


# every key that decides what the run does beside the losses
SETTINGS: dict[str, dict[str, object]] = {
    "gatys2016": {"backbone.pooling": "avg", "init": "noise", "optimizer": "torch.optim.LBFGS"},
    "johnson-neural-style": {
        "backbone.pooling": "max",  # 41
        "backbone.normalization": "caffe",  # 419 to 426
        "backbone.activations": "own",
        "optimizer.lr": 1.0,
        "optimizer.history_size": 100,  # 31
        "schedule.steps": 1000,  # 25
        "init": "gray",  # 203
    },
    "neural-style-pt": {
        "backbone.pooling": "max",
        "backbone.normalization": "caffe",  # 343
        "backbone.activations": "own",
        "optimizer.lr": 1.0,
        "optimizer.history_size": 100,  # 267 to 279
        "schedule.steps": 1000,
        "init": "gray",
    },
    "crowson": {
        "backbone.first_padding": "replicate",
        "backbone.padding": "zeros",
        "backbone.pooling": "max",
        "optimizer.lr": 0.02,  # 351
        "optimizer.betas": [0.9, 0.99],
        "schedule.steps": [1000, 500],  # 358, 359
        "schedule.min_size": 128,
        "averaging": 0.99,
        "carry_moments": True,  # 285 to 295
        "init": "content",
    },
    "pystiche": {
        "backbone.pooling": "max",
        "optimizer.lr": 1.0,
        "schedule.steps": 500,
        "init": "content",
    },
    "gordicaleksa": {
        "backbone.normalization": "imagenet255",  # utils.py, prepare_img
        "backbone.activations": "own",
        "backbone.pooling": "max",
        "optimizer.line_search_fn": "strong_wolfe",
        "schedule.steps": 1000,
        "init": "content",
    },
    "strotss-like": {
        "backbone.normalization": "centred",
        "backbone.activations": "own",
        "backbone.pooling": "max",
        "optimizer": "torch.optim.RMSprop",
        "optimizer.lr": 0.002,
        "schedule.steps": 250,
        "schedule.min_size": 64,
        "schedule.factor": 2.0,
    },
    "nnst": {  # its losses: tests/losses/test_neural_neighbor.py
        "backbone.pooling": "max",
        "backbone.padding": "zeros",
        "canvas": "LaplacianParametrization",
        "optimizer": "torch.optim.Adam",
        "optimizer.lr": 0.018,  # stylize.py 218: 2e-3, for each of the nine bands of 512 px
        "schedule.steps": 200,
        "schedule.min_size": 64,
        "schedule.factor": 2.0,
        "schedule.finish": {"steps": 200, "adds": ["strokes"], "drops": ["neighbors"]},
        "init": "content",
    },
    "gpdm-like": {
        "optimizer": "torch.optim.Adam",
        "optimizer.lr": 0.05 / 2,  # the range is half as long
        "schedule.steps": 500,
        "init": "content",
    },
}
FORMULAS: dict[str, Formula] = {
    "gatys2016": gatys,
    "johnson-neural-style": johnson,
    "neural-style-pt": neural_style_pt,
    "crowson": crowson,
    "pystiche": pystiche,
    "gordicaleksa": gordicaleksa,
    "strotss-like": strotss,
    "gpdm-like": gpdm,
}


def made(name: str) -> dict[str, Loss]:
    entries = config(name)["model"]["losses"]
    return {
        key: getattr(losses, entry["class_path"])(**entry["init_args"])
        for key, entry in entries.items()
    }


@pytest.mark.parametrize("name", FORMULAS)
def test_a_preset_has_the_value_and_gradient_of_its_source(name: str) -> None:
    terms = made(name)
    layers = {layer for loss in terms.values() for layer in loss.layers} | {"image"}
    # STROTSS's places: 16 x 32 pixels are fewer than its samples, so all are looked at
    picture, content, style = (features(layers, 16, seed) for seed in (1, 2, 3))
    for loss in terms.values():
        loss.prepare(references(content, [style]))
        loss.advance(picture, 0)
    read = {
        layer: picture[layer].requires_grad_() for loss in terms.values() for layer in loss.layers
    }
    total = torch.stack([loss.weight * loss(picture) for loss in terms.values()]).sum()
    expected = FORMULAS[name](picture, content, style, terms)
    torch.testing.assert_close(total, expected, rtol=1e-5, atol=0)
    gradients = torch.autograd.grad(total, list(read.values()))
    for gradient, wanted in zip(
        gradients, torch.autograd.grad(expected, list(read.values())), strict=True
    ):
        difference = (gradient - wanted).norm()
        assert difference <= 1e-5 * wanted.norm()


@pytest.mark.parametrize("name", SETTINGS)
def test_a_preset_has_the_settings_of_its_source(name: str) -> None:
    model = config(name)["model"]
    for key, value in SETTINGS[name].items():
        section, _, option = key.partition(".")
        if not option:
            found = model[section]
            assert value in (found, isinstance(found, dict) and found["class_path"])
        elif section == "schedule":
            assert model[section][option] == value
        else:
            assert model[section]["init_args"][option] == value


@pytest.mark.parametrize("name", ["gatys2016", "crowson", "fast", "pystiche"])
def test_a_preset_for_normalised_pictures_holds_for_any_file_of_filters(name: str) -> None:
    # whose sources, or whose headers, have weights for features of normalised pictures
    settings = config(name)["model"]["backbone"]
    network = getattr(backbones, settings["class_path"])
    default = inspect.signature(network).parameters["activations"].default
    assert settings["init_args"].get("activations", default) == "unit"


def test_fast_has_crowsons_objective_and_start() -> None:
    fast, crowson = config("fast"), config("crowson")
    assert fast["data"] == crowson["data"]
    for key in ("backbone", "losses", "init", "carry_moments"):
        assert fast["model"][key] == crowson["model"][key]


def test_crowsons_scales_are_those_of_the_source() -> None:
    schedule = Schedule(**config("crowson")["model"]["schedule"])
    assert schedule.sizes(512) == [128, 181, 256, 362, 512]  # peers of 512 px: 3000 steps
    assert schedule.plan(512, lambda size: True).total_steps == 3000
