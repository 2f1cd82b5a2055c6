import pytest
import torch
import torch.nn.functional as F

from stylelightning.backbones.pooling import Pooling, pool2d
from tests.backbones.measure import picture


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        # by hand, of the corner's four values 1, 2, 4, 5: the padded positions do not count
        ("max", 5.0),
        ("avg", 3.0),
        ("l2", (46 / 4) ** 0.5),
    ],
)
def test_window_at_the_corner_counts_what_is_in_the_map(pooling: Pooling, expected: float) -> None:
    x = torch.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    pooled = pool2d(pooling, 3, 2, 1)(x)
    assert pooled.shape == (1, 1, 2, 2)
    assert pooled[0, 0, 0, 0].item() == pytest.approx(expected)


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_l2_pooling_of_any_window_is_a_p_norm_over_its_root_of_positions(ceil_mode: bool) -> None:
    # oracle: torch.nn.functional.lp_pool2d, which sums; sides of 9 fill all windows of 3
    x = picture(2, 3, 9, 9, dtype=torch.float64)
    expected = F.lp_pool2d(x, 2, 3, 2) / 3
    torch.testing.assert_close(pool2d("l2", 3, 2, 0, ceil_mode)(x), expected)
    assert pool2d("l2", 3, 2, 0, ceil_mode)(x[..., :8]).shape == (2, 3, 4, 4 if ceil_mode else 3)
