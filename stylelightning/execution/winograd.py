"""Convolutions of 3 x 3 by Winograd's algorithm, with a quarter of the multiplications."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

_View = Callable[..., Tensor]

OUT, IN, FILTER = 4, 6, 3
"""Sides of a tile of the output, of the tile of the input that it reads, and of the filter."""
FEWEST_CHANNELS = 128
"""Below it, on either side, the transforms cost more than the products save."""
FEWEST_TILES = 16
"""Below it reading the filters, four times as many as before, costs more."""
STRIP = 8e6
"""Bytes of tiles that are worked on at once: they stay in the processor's cache."""

# F(4 x 4, 3 x 3) of Lavin and Gray: a row of A^T for each output, of B^T and G for each product
_A = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))
_B = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
_G = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)


class WinogradConvolution:
    """What a convolution computes, by fewer products.

    Sixteen neighbouring outputs of 3 x 3 filters take 144 products for each pair of channels.
    Transformed, the 6 x 6 inputs that they read and the filters are multiplied element by element,
    which makes 36, and these are products of matrices over all channels and tiles. Rounding in
    float32 is about three times that of a direct convolution: 2e-6 of the norm.

    Only the gradient of the input is computed, once: the filters are frozen.

    Args:
        convolution: A convolution for which ``can_replace`` is true, with filters that stay.

    Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016,
    https://arxiv.org/abs/1509.09308
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        self.convolution = convolution
        self._filters: Tensor | None = None

    @staticmethod
    def can_replace(convolution: nn.Conv2d) -> bool:
        """Return whether it pays for a convolution: 3 x 3 with stride 1 and many channels."""
        return (
            convolution.kernel_size == (FILTER, FILTER)
            and convolution.stride == convolution.dilation == (1, 1)
            and convolution.groups == 1
            and convolution.padding != "same"
            and min(convolution.in_channels, convolution.out_channels) >= FEWEST_CHANNELS
        )

    def __call__(self, maps: Tensor) -> Tensor:
        """Return the convolution's maps, (B, O, h, w), channels last, of maps (B, C, h, w)."""
        convolution = self.convolution
        left, right, top, bottom = convolution._reversed_padding_repeated_twice
        height = maps.shape[2] + top + bottom - FILTER + 1
        width = maps.shape[3] + left + right - FILTER + 1
        if _tiles(height) * _tiles(width) < FEWEST_TILES:
            return nn.Conv2d.forward(convolution, maps)
        if self._filters is None:  # not before: what is deeper than all losses is never called
            self._filters = transformed_filters(convolution.weight)
        padding = top, left
        if convolution.padding_mode != "zeros":
            sides = left, right, top, bottom
            maps, padding = functional.pad(maps, sides, convolution.padding_mode), (0, 0)
        answer: Tensor = _Convolve.apply(maps, self._filters, convolution.bias, padding)
        return answer


def transformed_filters(filters: Tensor) -> Tensor:
    """Return filters (O, C, 3, 3) as matrices (36, C, O)."""
    outputs, inputs = filters.shape[:2]
    flat = filters.detach().permute(2, 3, 1, 0).reshape(FILTER**2, inputs * outputs)
    return (_transform(_G, filters) @ flat).view(IN**2, inputs, outputs)


class _Convolve(torch.autograd.Function):
    """Convolution of maps (B, C, h, w) that are padded with zeros, and its gradient."""

    @staticmethod
    def forward(
        ctx: Any, maps: Tensor, filters: Tensor, bias: Tensor | None, padding: tuple[int, int]
    ) -> Tensor:
        ctx.save_for_backward(filters)
        ctx.padding, ctx.size = padding, maps.shape[2:]
        outputs = filters.shape[2]
        height, width = (
            side + 2 * more - FILTER + 1 for side, more in zip(ctx.size, padding, strict=True)
        )
        down, across = _tiles(height), _tiles(width)
        overlap = IN - OUT
        read = _channels_last(maps, padding, (OUT * down + overlap, OUT * across + overlap))
        answer = maps.new_empty(len(maps), OUT * down, OUT * across, outputs)
        bias = maps.new_zeros(outputs) if bias is None else bias
        for source, target in zip(read, answer, strict=True):
            _convolve(source, filters, bias, target)
        return answer[:, :height, :width].permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (filters,) = ctx.saved_tensors
        down, across = (_tiles(side) for side in gradient.shape[2:])
        read = _channels_last(gradient, (0, 0), (OUT * down, OUT * across))
        answer = gradient.new_zeros(
            len(gradient), OUT * (down + 1), OUT * (across + 1), filters.shape[1]
        )
        for source, target in zip(read, answer, strict=True):
            _convolve_back(source, filters, target)
        (top, left), (height, width) = ctx.padding, ctx.size
        answer = answer[:, top : top + height, left : left + width]
        return answer.permute(0, 3, 1, 2), None, None, None


def _convolve(maps: Tensor, filters: Tensor, bias: Tensor, answer: Tensor) -> None:
    """Fill the answer (4d, 4a, O) from maps (4d + 2, 4a + 2, C), for d times a tiles."""
    inputs, outputs = filters.shape[1:]
    before, after = _transform(_B, maps), _transform(_A, maps)
    read = maps.unfold(0, IN, OUT).unfold(1, IN, OUT).permute(3, 4, 0, 1, 2)
    written = _in_tiles(answer)
    for strip, rows, across, one, two in _strips(written, max(inputs, outputs)):
        tiles = rows * across
        one(IN, IN, rows, across, inputs).copy_(read[:, :, strip])
        torch.mm(before, one(IN**2, tiles * inputs), out=two(IN**2, tiles * inputs))
        torch.bmm(two(IN**2, tiles, inputs), filters, out=one(IN**2, tiles, outputs))
        torch.mm(after, one(IN**2, tiles * outputs), out=two(OUT**2, tiles * outputs))
        torch.add(two(OUT, OUT, rows, across, outputs), bias, out=written[:, :, strip])


def _convolve_back(gradient: Tensor, filters: Tensor, answer: Tensor) -> None:
    """Fill the answer (4d + 4, 4a + 4, C), zeros, from the gradient (4d, 4a, O).

    It is `_convolve` transposed, from its last step to its first. The last two rows and columns of
    what a tile read belong to its neighbours too.
    """
    inputs, outputs = filters.shape[1:]
    before, after = (_transform(each, gradient).T.contiguous() for each in (_B, _A))
    read, written, shared = _in_tiles(gradient), _in_tiles(answer), IN - OUT
    for strip, rows, across, one, two in _strips(read, max(inputs, outputs)):
        tiles = rows * across
        one(OUT, OUT, rows, across, outputs).copy_(read[:, :, strip])
        torch.mm(after, one(OUT**2, tiles * outputs), out=two(IN**2, tiles * outputs))
        torch.bmm(two(IN**2, tiles, outputs), filters.mT, out=one(IN**2, tiles, inputs))
        torch.mm(before, one(IN**2, tiles * inputs), out=two(IN**2, tiles * inputs))
        done, below = two(IN, IN, rows, across, inputs), slice(strip.start + 1, strip.stop + 1)
        written[:, :, strip, :-1] += done[:OUT, :OUT]
        written[:, :shared, strip, 1:] += done[:OUT, OUT:]
        written[:shared, :, below, :-1] += done[OUT:, :OUT]
        written[:shared, :shared, below, 1:] += done[OUT:, OUT:]


def _strips(tiles: Tensor, channels: int) -> Iterator[tuple[slice, int, int, _View, _View]]:
    """Yield which rows of tiles (4, 4, d, a, C) come next, how many, a, and two places for them."""
    down, across = tiles.shape[2:4]
    row = IN**2 * across * channels
    count = max(1, min(down, round(down * row * tiles.element_size() / STRIP)))
    rows = math.ceil(down / count)
    places = [tiles.new_empty(rows * row) for _ in range(2)]
    one, two = (partial(_view, place) for place in places)
    for first in range(0, down, rows):
        last = min(first + rows, down)
        yield slice(first, last), last - first, across, one, two


def _view(place: Tensor, *shape: int) -> Tensor:
    return place[: math.prod(shape)].view(shape)


def _in_tiles(maps: Tensor) -> Tensor:
    """Return maps (4d, 4a, C) as tiles (4, 4, d, a, C)."""
    height, width, channels = maps.shape
    tiles = maps.view(height // OUT, OUT, width // OUT, OUT, channels)
    return tiles.permute(1, 3, 0, 2, 4)


def _channels_last(maps: Tensor, padding: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Return maps (B, C, h, w) as (B, *size, C), with rows and columns of zeros before and after.

    Args:
        maps: The maps.
        padding: Number of rows above and columns before.
        size: Rows and columns of what is returned.
    """
    (top, left), (height, width) = padding, maps.shape[2:]
    right, bottom = size[1] - left - width, size[0] - top - height
    maps = maps.permute(0, 2, 3, 1)
    if any((top, left, right, bottom)):
        maps = functional.pad(maps, (0, 0, left, right, top, bottom))
    return maps.contiguous()


def _transform(rows: tuple[tuple[float, ...], ...], like: Tensor) -> Tensor:
    """Return what transforms flattened squares: along both axes at once."""
    one = like.new_tensor(rows)
    return torch.kron(one, one)


def _tiles(side: int) -> int:
    return math.ceil(side / OUT)
