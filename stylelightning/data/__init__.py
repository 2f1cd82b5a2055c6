"""Where a run's pictures come from."""

from stylelightning.data.datamodule import StyleTransferData
from stylelightning.data.given import GivenPictures
from stylelightning.data.regions import RegionOptions
from stylelightning.data.steps import Steps
from stylelightning.data.style_images import StyleImage

__all__ = ["GivenPictures", "RegionOptions", "Steps", "StyleImage", "StyleTransferData"]
