"""Tiny clips, drawn."""

from pathlib import Path

import av
import numpy as np
import torch
from torch import Tensor

from stylelightning.images import pixels_to_image, write_picture
from tests.conftest import smooth_picture

HEIGHT, WIDTH = 24, 32


def panned(number: int, step: int = 1, height: int = HEIGHT, width: int = WIDTH) -> Tensor:
    """Return a frame of a camera that pans to the right over a smooth picture."""
    wide = torch.nn.functional.avg_pool2d(smooth_picture(height + 4, width + 44, 3), 5, 1)
    wide = (wide - wide.min()) / (wide.max() - wide.min())
    return wide[..., number * step : number * step + width]


def write_frames(folder: Path, frames: list[Tensor]) -> Path:
    """Write frames into a folder, named without leading zeros."""
    for number, frame in enumerate(frames, 1):
        write_picture(folder / f"f{number}.png", frame)
    return folder


def write_clip(path: Path, count: int = 4, rate: int = 10, sound: bool = False) -> Path:
    """Write a video of a pan, with a tone if asked."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.options = {"q": "2"}
        if sound:
            audio = container.add_stream("aac", 48000)
            audio.layout = "mono"
            tone = np.sin(np.arange(1024) / 9).astype(np.float32)[None]
            for number in range(48 * count * 1000 // rate // 1024):
                heard = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
                heard.sample_rate, heard.pts = 48000, number * 1024
                container.mux(audio.encode(heard))
            container.mux(audio.encode(None))
        for number in range(count):
            pixels = np.asarray(pixels_to_image(panned(number)))
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(video.encode(None))
    return path


def sounds(path: Path) -> list[bytes]:
    """Return the packets of a video's sound."""
    with av.open(str(path)) as container:
        return [bytes(each) for each in container.demux(audio=0) if each.dts is not None]
