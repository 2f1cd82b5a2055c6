"""The term that holds a frame to others."""

from pathlib import Path

import torch
from torch import Tensor

from stylelightning.images import HeldPicture, RunPictures, SourcePicture, read_picture
from stylelightning.losses import Reference, References, TemporalLoss
from stylelightning.losses.references import with_weights
from stylelightning.run.references import references_of
from tests.conftest import smooth_picture
from tests.runs import make_module


def held(picture: Tensor, weights: Tensor) -> Reference:
    return Reference(with_weights({"image": picture}, {"image": weights}))


def prepared(*pairs: tuple[Tensor, Tensor]) -> TemporalLoss:
    loss = TemporalLoss(1.0)
    loss.prepare(References(held=[held(*each) for each in pairs]))
    return loss


def test_it_is_the_mean_of_weighted_squares() -> None:
    weights = torch.tensor([[1.0, 0.5], [0.0, 0.0]])[None, None]
    loss = prepared((torch.zeros(1, 3, 2, 2), weights))
    # by hand: 3 colours of 4 * 1 and 4 * 0.5, divided by D = 3 * 2 * 2
    assert loss({"image": torch.full((1, 3, 2, 2), 2.0)}) == 3 * (4 + 2) / 12


def test_frames_add_up() -> None:
    generator = torch.Generator().manual_seed(0)
    picture, first, second = torch.rand((3, 1, 3, 4, 5), generator=generator)
    ones, half = torch.ones(1, 1, 4, 5), torch.full((1, 1, 4, 5), 0.5)
    both = prepared((first, ones), (second, half))({"image": picture})
    apart = [
        prepared(pair)({"image": picture}) for pair in ((first, ones), (second, half))
    ]  # fmt: skip
    torch.testing.assert_close(both, apart[0] + apart[1])


def test_a_pixel_that_counts_nothing_has_no_gradient() -> None:
    generator = torch.Generator().manual_seed(0)
    picture = torch.rand((1, 3, 4, 5), generator=generator, dtype=torch.float64).requires_grad_()
    target = torch.rand((1, 3, 4, 5), generator=generator, dtype=torch.float64)
    weights = torch.rand((1, 1, 4, 5), generator=generator, dtype=torch.float64)
    weights[..., :2] = 0
    loss = prepared((target, weights))
    (gradient,) = torch.autograd.grad(loss({"image": picture}), picture)
    assert bool((gradient[..., :2] == 0).all())
    # by hand: 2 c (x - W) / D
    torch.testing.assert_close(gradient, 2 * weights * (picture.detach() - target) / 60)
    assert torch.autograd.gradcheck(lambda image: loss({"image": image}), (picture,))


def test_without_frames_before_it_there_is_no_term() -> None:
    picture = smooth_picture(4, 5, 1).requires_grad_()
    value = prepared()({"image": picture})
    assert value == 0
    value.backward()
    assert picture.grad is not None
    assert bool((picture.grad == 0).all())


def test_a_run_has_them_at_the_size_of_its_scale(content: Path) -> None:
    source = read_picture(content)
    weights = torch.ones(1, 1, 24, 32)
    weights[..., :16] = 0
    pictures = RunPictures(
        SourcePicture(source, source.pixels), (), 32, (24, 32),
        held_pictures=(HeldPicture(source.pixels, weights),),
    )  # fmt: skip
    module = make_module()
    found = references_of(module.objective, module.backbone, pictures, 16, torch.zeros(()))
    (reference,) = found.held
    loss = TemporalLoss(1.0)
    loss.prepare(found)
    assert reference.features["image"].shape == (1, 3, 12, 16)
    # at its own target, and at one that is 1 away: by hand half of the pixels count, but for
    # what bicubic resizing makes of the edge between them
    target = reference.features["image"]
    assert loss({"image": target}) == 0
    assert 0.45 < float(loss({"image": target + 1})) < 0.55
