"""Files of torchvision's weights, downloaded into the folder of torch.hub."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from torchvision.models import WeightsEnum

from stylelightning.backbones.weights.files import reason

_SECONDS_WITHOUT_ANSWER = 10.0


def cached_file(entry: WeightsEnum) -> Path:
    """Return where torchvision keeps the file of an entry, whether it is there or not."""
    return Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(entry.url).path).name).absolute()


def download(entry: WeightsEnum, network: str) -> Mapping[str, Any]:
    """Return the tensors of an entry by name, downloaded the first time.

    Args:
        entry: torchvision's entry for them.
        network: Name of the network, for messages.

    Raises:
        FileNotFoundError: If the file is neither cached nor to be downloaded.
        OSError: If the cached file is damaged.
    """
    file = cached_file(entry)
    cached = file.is_file()
    try:
        with _limit_on_silence(_SECONDS_WITHOUT_ANSWER):
            state: Mapping[str, Any] = entry.get_state_dict(
                progress=True, check_hash=True, map_location="cpu", weights_only=True
            )
    except Exception as error:  # of the network, the disk, the hash, the archive or the pickle
        if cached:
            raise OSError(
                f"`weights` of {network}: the cached file {file} is damaged ({reason(error)}). "
                "Delete it to have it downloaded again, or name a good copy with `weights: PATH`; "
                "configs/quickstart.yaml downloads none."
            ) from error
        raise FileNotFoundError(
            f"`weights` of {network}: {file.name} is not in {file.parent}, and can't be downloaded "
            f"from {entry.url} ({reason(error)}). Put the file there, or name a copy of it with "
            "`weights: PATH`; configs/quickstart.yaml downloads none."
        ) from error
    return state


@contextmanager
def _limit_on_silence(seconds: float) -> Iterator[None]:
    """Give up on a server that is silent for that long: torch.hub itself waits for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(before or seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
