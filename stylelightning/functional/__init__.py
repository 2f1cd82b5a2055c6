"""The mathematics of the losses and of the picture, without state."""

from stylelightning.functional.distances import (
    Reduction,
    absolute_distance,
    edge_weights,
    squared_distance,
    with_normalized_gradients,
)
from stylelightning.functional.gram import GramNormalization, gram_divisor, gram_matrix, moment_sums
from stylelightning.functional.regularity import (
    excess,
    excess_sum,
    laplacian,
    nine_point_variation,
    total_variation,
)
from stylelightning.functional.sizes import cover, fit_long_side, resize, within
from stylelightning.functional.smoothing import smoothed_by_softmax
from stylelightning.functional.structure import correlation, edge_strength, octaves
from stylelightning.functional.warping import closest_first, flow_weights, stays_inside, warp

__all__ = [
    "GramNormalization",
    "Reduction",
    "absolute_distance",
    "closest_first",
    "correlation",
    "cover",
    "edge_strength",
    "edge_weights",
    "excess",
    "excess_sum",
    "fit_long_side",
    "flow_weights",
    "gram_divisor",
    "gram_matrix",
    "laplacian",
    "moment_sums",
    "nine_point_variation",
    "octaves",
    "resize",
    "smoothed_by_softmax",
    "squared_distance",
    "stays_inside",
    "total_variation",
    "warp",
    "with_normalized_gradients",
    "within",
]
