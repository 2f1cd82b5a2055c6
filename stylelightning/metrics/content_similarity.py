"""How much of the content image is left in a picture."""

from typing import Any

from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

from stylelightning import functional as F
from stylelightning.colours.luminance import luminance
from stylelightning.metrics.base import PictureMetric
from stylelightning.metrics.parts import strips

WINDOW = 11
"""Side in pixels of the window of SSIM."""


class ContentSimilarity(PictureMetric):
    r"""Similarity to the content image, of brightness and of edges.

    ``ssim`` is the structural similarity of luminance, with the Gaussian window of 11 pixels and
    the constants of the paper, as torchmetrics has it: 1 for the same picture, about 0 for an
    unrelated one. ``structure`` is

    .. math:: \operatorname{corr}\left( \lvert \nabla x \rvert, \lvert \nabla c \rvert \right),

    the correlation of the strength of edges of the mean over the three colours, both halved once:
    1 for the same edges in whatever colours, about 0 for unrelated ones. It is not defined for a
    picture without any edge. The mean over a large picture is taken strip by strip.

    Source: Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE Transactions on Image Processing 13, 2004,
    https://doi.org/10.1109/TIP.2003.819861
    """

    higher_is_better = True
    needs_content = True

    def __init__(self) -> None:
        super().__init__(["ssim", "structure"])

    def values(self, picture: Tensor, content: Tensor | None, *_: Any) -> dict[str, Tensor]:
        """Return both similarities.

        Raises:
            ValueError: If the picture is smaller than the window of SSIM.
        """
        assert content is not None  # `update` has looked
        height, width = picture.shape[2:]
        if min(height, width) < WINDOW:
            raise ValueError(
                f"ContentSimilarity needs a picture of at least {WINDOW} px on its shorter side, "
                f"got {width}x{height} px: use a larger picture."
            )

        ssim = picture.new_zeros(())
        for rows in strips(height, width):
            ssim += _similarities(picture, content, rows).sum() / (height * width)
        edges = [F.edge_strength(F.octaves(image, 2)[1]) for image in (picture, content)]
        return {"ssim": ssim, "structure": F.correlation(*edges)}


def _similarities(picture: Tensor, content: Tensor, rows: slice) -> Tensor:
    """Return the structural similarity at the positions of some rows, (1, 1, h, W)."""
    first = max(0, rows.start - WINDOW // 2)
    seen = slice(first, rows.stop + WINDOW // 2)
    _, found = structural_similarity_index_measure(
        luminance(picture[:, :, seen]),
        luminance(content[:, :, seen]),
        data_range=1.0,
        return_full_image=True,
    )
    here: Tensor = found[:, :, rows.start - first : rows.stop - first]
    return here
