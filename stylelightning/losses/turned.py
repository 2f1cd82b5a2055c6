"""The feature maps of style images that are turned and mirrored."""

from collections.abc import Iterator, Sequence

from stylelightning.backbones.windows import Maps
from stylelightning.functional.orientations import TURNS, turned
from stylelightning.losses.base import IMAGE_LAYER
from stylelightning.losses.references import References, of_layers


def turned_styles(
    references: References, layers: Sequence[str], orientations: int
) -> Iterator[Maps]:
    """Yield the feature maps of each style image that has a share, in several orientations.

    The image is turned and not its feature maps: a filter for upright strokes does not answer to
    an upright stroke that lies down.

    Args:
        references: The style images, and what computes the feature maps of a turned one.
        layers: Layers to yield.
        orientations: How many, one of ``TURNS``.

    Raises:
        ValueError: If there are several orientations, and nothing to compute their features.
    """
    for style in references.styles:
        if style.share > 0:
            yield of_layers(style.features, layers)
            for turn in TURNS[orientations][1:]:
                image = turned(style.features[IMAGE_LAYER], turn)
                yield of_layers(references.features(image), layers)
