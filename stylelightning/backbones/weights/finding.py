"""Pretrained weights: by a name for them, or out of a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torchvision.models import WeightsEnum

from stylelightning.backbones.weights.cache import kept_file
from stylelightning.backbones.weights.fetching import load_filters
from stylelightning.backbones.weights.files import Origin, log_origin, origin_of, read_file
from stylelightning.backbones.weights.source import OXFORD, Source
from stylelightning.backbones.weights.torchvision_files import cached_file, download


@dataclass(frozen=True)
class Weights:
    """The tensors of a network and where they came from.

    Args:
        state: Tensors by name.
        file: The file that held them.
        entry: torchvision's entry for them; None for others than torchvision's.
        origin: What the file is called, and its hash.
    """

    state: Mapping[str, Any]
    file: Path
    entry: WeightsEnum | None
    origin: Origin


def find_weights(
    weights: str, network: str, entries: type[WeightsEnum], source: Source | None = None
) -> Weights:
    """Return the weights that a name or a path stands for, and log their hash.

    Args:
        weights: A name out of ``entries``, that of ``source``, or the path of a file.
        network: Name of the network, for messages.
        entries: torchvision's weights of this network.
        source: Filters of this network that are fetched and checked; None where there are none.

    Raises:
        FetchError: If the source's filters are not there and can't be fetched.
        FileNotFoundError: If the file is not there, or neither cached nor to be downloaded.
        OSError: If the cached file is damaged.
        ValueError: If the name is unknown, or the file is not one of weights.
    """
    if source is not None and weights == source.name:
        state: Mapping[str, Any] = load_filters(source)
        origin = log_origin(Origin(source.name, source.digest), network)
        return Weights(state, kept_file(source), None, origin)
    entry = entries.__members__.get(weights.removeprefix(f"{entries.__name__}."))
    path = Path(weights)
    try:
        if entry is not None:
            file = cached_file(entry)
            state = download(entry, network)
        elif path.suffix or path.name != weights or path.exists():
            file = path.expanduser().absolute()
            state = read_file(file, network)
        else:
            raise ValueError(_unknown(weights, network, entries, source))
    except FileNotFoundError as error:
        if source is None:
            raise
        raise FileNotFoundError(
            f"{error} The small way, {source.megabytes} MB: `weights: {source.name}`."
        ) from error
    return Weights(state, file, entry, log_origin(origin_of(file), network))


def _unknown(weights: str, network: str, entries: type[WeightsEnum], source: Source | None) -> str:
    names = [entry.name for entry in entries]
    if source is not None:
        names.insert(0, source.name)
    alone = f" `{weights}` is for the class {OXFORD.network} alone."
    return (
        f"Unknown `weights` {weights!r} for {network}. Names: {', '.join(names)}. The path of a "
        f"local file (.pth or .safetensors) works too.{alone if weights == OXFORD.name else ''}"
    )
