"""Read and write pictures: the only place of the project that touches picture files."""

from stylelightning.images.animation import write_gif, write_mp4
from stylelightning.images.convert import pixels_to_image
from stylelightning.images.folders import pictures_of_folder
from stylelightning.images.formats import PICTURE_SUFFIXES, READABLE_SUFFIXES
from stylelightning.images.in_memory import (
    PictureSource,
    check_source,
    picture_of,
    source_name,
)
from stylelightning.images.metadata import MissingConfigError, read_config
from stylelightning.images.opening import PIXEL_LIMIT
from stylelightning.images.output import check_output
from stylelightning.images.picture import Picture
from stylelightning.images.read import read_picture
from stylelightning.images.regions import Region, Regions, RegionStyle
from stylelightning.images.run_pictures import HeldPicture, RunPictures, SourcePicture
from stylelightning.images.shown import data_uri, png_bytes, shown_image, shown_png
from stylelightning.images.video_decoding import VideoFile
from stylelightning.images.video_encoding import (
    DEFAULT_CODEC,
    Encoding,
    check_video,
    try_encoding,
    write_video,
)
from stylelightning.images.write import write_picture

__all__ = [
    "DEFAULT_CODEC",
    "PICTURE_SUFFIXES",
    "PIXEL_LIMIT",
    "READABLE_SUFFIXES",
    "Encoding",
    "HeldPicture",
    "MissingConfigError",
    "Picture",
    "PictureSource",
    "Region",
    "RegionStyle",
    "Regions",
    "RunPictures",
    "SourcePicture",
    "VideoFile",
    "check_output",
    "check_source",
    "check_video",
    "data_uri",
    "picture_of",
    "pictures_of_folder",
    "pixels_to_image",
    "png_bytes",
    "read_config",
    "read_picture",
    "shown_image",
    "shown_png",
    "source_name",
    "try_encoding",
    "write_gif",
    "write_mp4",
    "write_picture",
    "write_video",
]
