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


def values_at_places(features: Tensor, places: Tensor) -> Tensor:
    """Return a layer's values at some places: between positions they are bilinear.

    Args:
        features: Feature map of shape (1, C, h, w).
        places: Places of shape (N, 2), as ``sample_places`` returns them.

    Returns:
        Values of shape (N, C).
    """
    grid = places[None, None].to(features)  # (1, 1, N, 2)
    found = functional.grid_sample(features, grid, padding_mode="border", align_corners=False)
    return found[0, :, 0].t()


def part_of_values(
    features: Tensor, places: Tensor, corner: tuple[int, int], whole: tuple[int, int]
) -> Tensor:
    """Return what a part of a map has of the whole map's values at some places.

    Parts that cover the map once have values that add up to ``values_at_places``.

    Args:
        features: The part, (1, C, h, w).
        places: Places of shape (N, 2) in the whole, as ``sample_places`` returns them.
        corner: First row and column of the part.
        whole: Rows and columns of the whole.

    Returns:
        Values of shape (N, C), 0 where the four positions around a place lie elsewhere.
    """
    sides = list(zip((1, 0), corner, whole, features.shape[2:], strict=True))
    corners = []
    for axis, first, length, here in sides:
        # in double: rounding would move a place to another position
        at = (((places[:, axis] + 1) * length - 1) / 2).clamp(0, length - 1).to(features.device)
        low = at.floor()
        high = (low + 1).clamp_max(length - 1)
        pairs = ((low, 1 - (at - low)), (high, at - low))
        corners.append([(each.long() - first, part, here) for each, part in pairs])
    total = features.new_zeros(len(places), features.shape[1])
    for row, down, height in corners[0]:
        for column, across, width in corners[1]:
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            found = features[0][:, row.clamp(0, height - 1), column.clamp(0, width - 1)]
            total = total + found.t() * (down * across * inside).to(features)[:, None]
    return total


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
