from typing import get_args

import pytest
import torch
import torch.nn.functional as F

from stylelightning.backbones.padding import Padding, smallest_padded_side


@pytest.mark.parametrize("padding", get_args(Padding))
@pytest.mark.parametrize("width", [0, 1, 3, 5])
def test_smallest_padded_side_is_the_smallest_that_torch_pads(padding: Padding, width: int) -> None:
    mode = "constant" if padding == "zeros" else padding
    side = smallest_padded_side(padding, width)
    padded = F.pad(torch.zeros(1, 1, side, side), (width,) * 4, mode)
    assert padded.shape[2:] == (side + 2 * width, side + 2 * width)
    if side > 1:
        with pytest.raises(RuntimeError):
            F.pad(torch.zeros(1, 1, side - 1, side - 1), (width,) * 4, mode)
