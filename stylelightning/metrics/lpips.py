"""Perceptual distance to the content image, with a trained network."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from torch import Tensor
from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity
from torchvision.models import AlexNet_Weights, SqueezeNet1_1_Weights, VGG16_Weights, WeightsEnum

from stylelightning.backbones.base import check_choice
from stylelightning.backbones.weights.files import digest
from stylelightning.backbones.weights.finding import find_weights
from stylelightning.backbones.weights.torchvision_files import cached_file
from stylelightning.metrics.base import PictureMetric
from stylelightning.metrics.parts import WHOLE

Network = Literal["alex", "squeeze", "vgg"]


@dataclass(frozen=True)
class _Needs:
    entry: WeightsEnum
    smallest_side: int


NEEDS: dict[str, _Needs] = {
    "alex": _Needs(AlexNet_Weights.DEFAULT, 31),
    "squeeze": _Needs(SqueezeNet1_1_Weights.DEFAULT, 17),
    "vgg": _Needs(VGG16_Weights.DEFAULT, 16),
}
"""torchvision's weights of each network, and the smallest side in pixels that it can read."""


class LPIPS(PictureMetric):
    r"""Learned perceptual distance to the content image: 0 for the same picture, lower is nearer.

    The features of a network that was trained on photographs, each divided by its norm, are
    compared position by position; the weights of the channels, which were learnt from people's
    judgement, come with torchmetrics. The network's own are torchvision's file in the cache of
    ``torch.hub``. Nothing is downloaded unless that is asked for, and a file whose hash is not the
    one in its name is refused: the number of another network would look just as good. Its maps are
    computed at once, so a picture of more than 2048 x 2048 pixels is refused too.

    Args:
        network: ``alex``, which its authors propose for measuring, ``squeeze`` (5 MB of weights)
            or ``vgg``.
        download: Whether a missing file may be downloaded.

    Raises:
        ValueError: If there is no such network.

    Source: Zhang, Isola, Efros, Shechtman and Wang, "The unreasonable effectiveness of deep
    features as a perceptual metric", CVPR 2018, https://arxiv.org/abs/1801.03924
    """

    higher_is_better = False
    needs_content = True

    def __init__(self, network: Network = "alex", download: bool = False) -> None:
        check_choice("network", network, get_args(Network))
        super().__init__(["lpips"])
        self.network = network
        self.download = download
        self.learned: LearnedPerceptualImagePatchSimilarity | None = None

    @property
    def file(self) -> Path:
        """Where the network's weights must be."""
        return cached_file(NEEDS[self.network].entry)

    @property
    def available(self) -> bool:
        """Whether they are there."""
        return self.file.is_file()

    def values(self, picture: Tensor, content: Tensor | None, *_: Any) -> dict[str, Tensor]:
        """Return the distance.

        Raises:
            OSError: If the weights are not there, or damaged.
            ValueError: If the picture is too small for the network, or too large.
        """
        assert content is not None  # `update` has looked
        if self.learned is None:
            self.learned = self._load()
        least, side = NEEDS[self.network].smallest_side, min(picture.shape[2:])
        if side < least:
            raise ValueError(
                f"LPIPS needs a picture of at least {least} px on its shorter side for "
                f"{self.network!r}, got {side} px: use a larger picture."
            )
        if picture.shape[2] * picture.shape[3] > WHOLE:
            height, width = picture.shape[2:]
            raise ValueError(
                f"LPIPS needs a picture of at most {WHOLE} pixels, got {width}x{height} px: "
                "compare it at a smaller size."
            )
        self.learned.to(picture.device)
        value: Tensor = self.learned(picture, content)
        self.learned.reset()  # the mean over pictures is taken here
        return {"lpips": value}

    def _load(self) -> LearnedPerceptualImagePatchSimilarity:
        entry, file = NEEDS[self.network].entry, self.file
        if not file.is_file():
            if not self.download:
                raise FileNotFoundError(
                    f"LPIPS needs {file.name}, which is not in {file.parent}: put it there, or let "
                    f"it be downloaded from {entry.url} with `download: true`."
                )
            find_weights(entry.name, "LPIPS", type(entry))
        if not digest(file).startswith(file.stem.rpartition("-")[2]):
            raise OSError(
                f"LPIPS needs the {file.name} that its name stands for, but the hash of {file} is "
                "another: delete it and get it again."
            )
        return LearnedPerceptualImagePatchSimilarity(self.network, normalize=True)
