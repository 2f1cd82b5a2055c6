"""The content term."""

import torch

from stylelightning.losses import ContentLoss
from tests.runs import references


def test_the_content_term_is_the_mean_of_squares() -> None:
    loss = ContentLoss(1.0, ["image"])
    loss.prepare(references({"image": torch.zeros(1, 3, 2, 2)}, []))
    # by hand: every difference is 2
    assert loss({"image": torch.full((1, 3, 2, 2), 2.0)}) == 4
    loss = ContentLoss(1.0, ["image"], reduction="sum")
    loss.prepare(references({"image": torch.zeros(1, 3, 2, 2)}, []))
    assert loss({"image": torch.full((1, 3, 2, 2), 2.0)}) == 48


def test_the_content_term_weighs_edges_more_than_flat_areas() -> None:
    loss = ContentLoss(1.0, ["image"], edge_weights=[0.1, 2.0])
    target = torch.zeros(1, 1, 8, 16)
    target[..., 8:] = 1  # one upright edge, all else flat
    loss.prepare(references({"image": target}, []))
    changed = []
    for column in (1, 7):
        image = target.clone()
        image[..., column] += 1
        changed.append(loss({"image": image}))
    # by hand: 8 of 128 positions differ by 1, with the smallest and the largest factor
    torch.testing.assert_close(torch.stack(changed), torch.tensor([0.1, 2.0]) * 8 / 128)


def test_a_content_target_in_bfloat16_says_what_it_says_in_float32() -> None:
    rounded = {"image": torch.rand(1, 3, 6, 7).bfloat16()}, {"image": torch.rand(1, 3, 6, 7)}
    loss = ContentLoss(1.0, ["image"], edge_weights=[0.1, 2.0])
    values = []
    for content in (rounded[0], {"image": rounded[0]["image"].float()}):
        loss.prepare(references(content, []))
        assert loss.targets["image"].dtype == content["image"].dtype
        values.append(loss(rounded[1]))
    assert values[0].dtype == torch.float32
    assert torch.equal(values[0], values[1])
