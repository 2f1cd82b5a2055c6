"""The mean activation of every filter of a VGG over photographs: what `normalised` divides by.

Each picture is read whole, in the scale of a network for normalised pictures and with max pooling,
as the network was trained. The mean is over all positions of all pictures, after ReLU. The file
that comes with the package is the one of Oxford's VGG-16; its metadata says what was measured.

Usage: python -m benchmarks.mean_activations PICTURES WEIGHTS [--size 384] [--of WORDS] [--out FILE]
"""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from stylelightning.backbones import VGG16
from stylelightning.backbones.activations import FLOOR
from stylelightning.backbones.mean_activations import write_means
from stylelightning.backbones.vgg import VGG
from stylelightning.functional.sizes import fit_long_side, resize
from stylelightning.images import read_picture


@torch.no_grad()
def mean_activations(network: VGG, pictures: Iterable[Tensor]) -> dict[str, Tensor]:
    """Return the mean of every filter's activations after ReLU, over pictures and positions.

    Args:
        network: The network, in whatever scale.
        pictures: Pictures of shape (B, 3, H, W) in [0, 1], of any sizes.

    Returns:
        Means of shape (C,), in float64, by the name of the convolution, such as ``conv1_1``.
    """
    layers = [name for name in network.layers if name.startswith("conv")]
    sums = dict.fromkeys(layers, torch.zeros((), dtype=torch.float64))
    positions = dict.fromkeys(layers, 0)
    for picture in pictures:
        for name, feature in network(picture, layers).items():
            sums[name] = (
                sums[name] + functional.relu(feature).sum((0, 2, 3), dtype=torch.float64).cpu()
            )
            positions[name] += feature[:, 0].numel()
    return {name: sums[name] / positions[name] for name in layers}


def photographs(folder: Path, size: int) -> Iterator[Tensor]:
    """Yield the pictures under a folder, in the order of their paths.

    Args:
        folder: The folder; every file in it is a picture.
        size: Longer side in pixels that each is brought to.
    """
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        picture = read_picture(path)
        yield resize(picture.pixels, fit_long_side(picture.height, picture.width, size))


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path, help="a folder of photographs")
    parser.add_argument("weights", help="a file of VGG-16's filters, or torchvision's name")
    parser.add_argument("--size", type=int, default=384, help="longer side in pixels")
    parser.add_argument("--of", default="", help="words on filters and pictures, for the file")
    parser.add_argument("--out", type=Path, help="where the file goes, *.safetensors")
    options = parser.parse_args()
    network = VGG16(options.weights)
    pictures = list(photographs(options.pictures, options.size))
    means = mean_activations(network, pictures)
    print(f"| layer | least | median | largest | below {FLOOR:.0%} of the median | mean |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, mean in means.items():
        small = int((mean < FLOOR * mean.median()).sum())
        values = f"{mean.min():.3g} | {mean.median():.3g} | {mean.max():.3g}"
        print(f"| {name} | {values} | {small} of {len(mean)} | {mean.mean():.3g} |")
    if options.out is not None:
        measured = (
            f"Mean activation after ReLU over {len(pictures)} photographs and all positions, "
            f"longer side {options.size} px, max pooling, features in the scale of a network for "
            f"normalised pictures. {options.of}".strip()
        )
        write_means(options.out, means, network.network.state_dict(), measured)


if __name__ == "__main__":
    main()
