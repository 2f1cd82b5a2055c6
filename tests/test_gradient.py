"""The picture's gradient, against an independent computation on torchvision's own network."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from lightning.pytorch import Callback, Trainer
from torch import Tensor

from stylelightning import Schedule, StyleTransfer, StyleTransferData
from stylelightning.backbones import VGG19
from stylelightning.losses import ContentLoss, GramLoss, Loss, TotalVariationLoss
from tests.runs import make_trainer

CONTENT = {"relu4_2": 22}  # places in torchvision's vgg19().features
STYLE = {"relu1_1": 1, "relu2_1": 6, "relu3_1": 11, "relu4_1": 20, "relu5_1": 29}
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


class Gradient(Callback):
    """Keeps the picture of the first step and its gradient."""

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: Any, optimizer: Any) -> None:
        self.image = pl_module.canvas.decode().detach().clone()
        self.grad = pl_module.canvas.decode().grad.clone()


def torchvision_features(backbone: VGG19, images: Tensor) -> dict[int, Tensor]:
    """Return all feature maps of torchvision's network with our weights, caught by hooks."""
    network = torchvision.models.vgg19(weights=None, init_weights=False).features[:30]
    ours = [m for m in backbone.modules() if isinstance(m, torch.nn.Conv2d)]
    theirs = [m for m in network if isinstance(m, torch.nn.Conv2d)]
    for mine, other in zip(ours, theirs, strict=False):
        other.load_state_dict(mine.state_dict())
    caught: dict[int, Tensor] = {}
    for place, module in enumerate(network):
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
        module.register_forward_hook(lambda _m, _i, out, place=place: caught.update({place: out}))
    network((images - MEAN) / STD)
    return caught


def gram(features: Tensor) -> Tensor:
    _, channels, height, width = features.shape
    return torch.einsum("bihw,bjhw->ij", features, features) / (channels * height * width)


def content_term(x: dict[int, Tensor], c: dict[int, Tensor], s: Any, image: Tensor) -> Tensor:
    return 3.0 * (x[22] - c[22]).pow(2).mean()


def gram_term(x: dict[int, Tensor], c: Any, s: dict[int, Tensor], image: Tensor) -> Tensor:
    terms = [(gram(x[place]) - gram(s[place])).pow(2).mean() for place in STYLE.values()]
    return 1e6 * sum(terms[1:], terms[0]) / 5


def tv_term(x: Any, c: Any, s: Any, image: Tensor) -> Tensor:
    down = (image[:, :, 1:] - image[:, :, :-1]).pow(2).sum()
    across = (image[:, :, :, 1:] - image[:, :, :, :-1]).pow(2).sum()
    return 7.0 * (down + across) / image.numel()


TERMS: dict[str, tuple[Any, Any]] = {
    "content": (lambda: ContentLoss(3.0, list(CONTENT)), content_term),
    "gram": (lambda: GramLoss(1e6, list(STYLE)), gram_term),
    "tv": (lambda: TotalVariationLoss(7.0), tv_term),
}


@pytest.mark.parametrize("names", [["content"], ["gram"], ["tv"], list(TERMS)], ids="+".join)
def test_the_gradient_equals_torchvisions_network_with_the_formulas_written_out(
    tmp_path: Path, content: Path, style: Path, names: list[str]
) -> None:
    losses: dict[str, Loss | None] = {name: TERMS[name][0]() for name in names}
    backbone, seen = VGG19(weights=None), Gradient()
    module = StyleTransfer(backbone, losses, schedule=Schedule(steps=1), init="noise")
    data = StyleTransferData(str(content), str(style), size=32)
    make_trainer(tmp_path, seen).fit(module, data)

    image = seen.image.requires_grad_()
    given = data.pictures.content(32)
    assert given is not None
    maps = [
        torchvision_features(backbone, each) for each in (image, given, data.pictures.styles(32)[0])
    ]
    total = sum(TERMS[name][1](*maps, image) for name in names)
    (expected,) = torch.autograd.grad(total, image)
    assert (seen.grad - expected).norm() <= 1e-5 * expected.norm()
    torch.testing.assert_close(module.total, total.detach())
