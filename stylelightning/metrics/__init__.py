"""How good a picture is, one file each. A new metric is one file and one line below."""

from stylelightning.metrics.base import PictureMetric
from stylelightning.metrics.content_similarity import ContentSimilarity
from stylelightning.metrics.feature_similarity import FeatureSimilarity
from stylelightning.metrics.gaussian_distance import GaussianDistance
from stylelightning.metrics.gram_distance import GramDistance
from stylelightning.metrics.lpips import LPIPS
from stylelightning.metrics.picture_metrics import PictureMetrics, default_metrics
from stylelightning.metrics.style_distance import StyleDistance
from stylelightning.metrics.total_variation import TotalVariation

__all__ = [
    "LPIPS",
    "ContentSimilarity",
    "FeatureSimilarity",
    "GaussianDistance",
    "GramDistance",
    "PictureMetric",
    "PictureMetrics",
    "StyleDistance",
    "TotalVariation",
    "default_metrics",
]
