"""Feature maps with their peaks flattened."""

import torch
from torch import Tensor


def smoothed_by_softmax(features: Tensor) -> Tensor:
    r"""Return a feature map with its peaks flattened by a softmax over all its values.

    .. math:: S_{ck} = C H W \frac{\exp F_{ck}}{\sum_{c'k'} \exp F_{c'k'}}

    Wang, Li and Vasconcelos have no factor. Here it is the number of values, so that their mean is
    1 for a map of any size: a weight stays valid when the picture is enlarged.

    Args:
        features: Feature map of shape (B, C, H, W).

    Returns:
        Map of the same shape, at least in float32: half precision overflows at large sums.

    Source: Wang, Li and Vasconcelos, CVPR 2021, section 4, https://arxiv.org/abs/2104.05623
    """
    flat = features.to(torch.promote_types(features.dtype, torch.float32)).flatten(1)
    return (flat.shape[1] * flat.softmax(1)).view(features.shape)
