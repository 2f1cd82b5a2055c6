"""The mathematics of hypercolumns: the features of several layers at one place of the picture."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional


def sample_places(height: int, width: int, count: int, generator: torch.Generator) -> Tensor:
    """Return the centres of pixels drawn without replacement, or of all when that is enough.

    Args:
        height: Number of rows.
        width: Number of columns.
        count: Most places to draw.
        generator: Where random numbers come from, on the CPU.

    Returns:
        Places of shape (N, 2), x and y from -1 at the left or upper border to 1, in float64.

    Example:
        >>> sample_places(1, 2, 9, torch.Generator()).tolist()
        [[-0.5, 0.0], [0.5, 0.0]]
    """
    total = height * width
    pixels = torch.arange(total)
    if count < total:
        pixels = torch.randperm(total, generator=generator)[:count]
    rows, columns = (pixels // width).double(), (pixels % width).double()
    return torch.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], 1)


def hypercolumns(features: Mapping[str, Tensor], layers: Sequence[str], places: Tensor) -> Tensor:
    """Return the features of several layers, one after the other, at some places.

    Between positions of a layer they are bilinear.

    Args:
        features: Feature maps of shape (1, C, h, w) by layer.
        layers: Names of layers, in the order of the channels.
        places: Places of shape (N, 2), as ``sample_places`` returns them.

    Returns:
        Columns of shape (N, D), D being the sum of the channels.

    Source: Hariharan, Arbeláez, Girshick and Malik, "Hypercolumns for object segmentation and
    fine-grained localization", CVPR 2015, https://arxiv.org/abs/1411.5752
    """
    columns = []
    for name in layers:
        grid = places[None, None].to(features[name])  # (1, 1, N, 2)
        found = functional.grid_sample(
            features[name], grid, padding_mode="border", align_corners=False
        )
        columns.append(found[0, :, 0])  # (C, N)
    return torch.cat(columns).t()


def hypercolumn_map(features: Mapping[str, Tensor], layers: Sequence[str], stride: int) -> Tensor:
    r"""Return the hypercolumns on a grid, each layer divided by its number of channels.

    Layers of many channels would decide every angle without that division. The corners of all
    layers lie on each other, and between positions a layer is bilinear.

    Args:
        features: Feature maps of shape (1, C, h, w) by layer.
        layers: Names of layers, in the order of the channels.
        stride: Positions of the finest layer from one column to the next, at least 1.

    Returns:
        Map of shape (1, D, H // stride, W // stride), at least 1 x 1, where H and W are those of
        the finest layer and D is the sum of the channels.

    Source: Kolkin et al., NNST, 2022, section 3.1, https://arxiv.org/abs/2203.13215
    """
    sides = [max(features[name].shape[axis] for name in layers) for axis in (2, 3)]
    size = [max(1, side // stride) for side in sides]
    maps = [features[name] / features[name].shape[1] for name in layers]
    resized = [functional.interpolate(f, size, mode="bilinear", align_corners=True) for f in maps]
    return torch.cat(resized, 1)


def cosine_distances(first: Tensor, second: Tensor) -> Tensor:
    """Return one minus the cosine of the angle between every two vectors.

    A vector of length 0 has the distance 1 to all others, and no gradient.

    Args:
        first: Vectors of shape (N, D).
        second: Vectors of shape (M, D).

    Returns:
        Distances of shape (N, M), from 0 to 2.
    """
    distances: Tensor = 1 - _unit(first) @ _unit(second).t()
    return distances.clamp_min(0)  # rounding


def euclidean_distances(first: Tensor, second: Tensor, least: float = 1e-5) -> Tensor:
    """Return the root of the mean square of the difference of every two vectors.

    Args:
        first: Vectors of shape (N, D).
        second: Vectors of shape (M, D).
        least: Squared length of a difference below which it counts as none, without a gradient,
            above 0: a root has no gradient at 0.

    Returns:
        Distances of shape (N, M), less that of ``least``, at least 0.
    """
    values = first.shape[1]
    squares = first.square().sum(1)[:, None] + second.square().sum(1) - 2 * first @ second.t()
    roots: Tensor = (squares.clamp_min(least) / values).sqrt()
    return roots - roots.new_tensor(least / values).sqrt()


def _unit(vectors: Tensor) -> Tensor:
    squares = vectors.square().sum(1, keepdim=True)
    empty = squares == 0
    lengths = squares.masked_fill(empty, 1).sqrt()
    return (vectors / lengths).masked_fill(empty, 0)
