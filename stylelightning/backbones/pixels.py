"""The picture itself as a backbone."""

from collections.abc import Iterable

from torch import Tensor
from torch.nn import functional

from stylelightning.backbones.base import Backbone, Features, Layer


class Pixels(Backbone):
    """The picture and its smaller copies, with no network at all.

    Layer ``octave1`` is the picture, in [0, 1]; each next one halves the sides by the mean of
    2 x 2 pixels. A loss on octaves compares
    strokes of 1, 2, 4, ... times the size.

    Args:
        octaves: Number of layers, at least 1.

    Raises:
        ValueError: If ``octaves`` is below 1.
    """

    def __init__(self, octaves: int = 4) -> None:
        super().__init__()
        if octaves < 1:
            raise ValueError(f"`octaves` must be at least 1, got {octaves}.")
        names = {f"octave{n + 1}": 2**n for n in range(octaves)}
        self.layer_table = {name: Layer(name, 3, side, side, side) for name, side in names.items()}
        self.eval()

    def forward(self, image: Tensor, layers: Iterable[str]) -> Features:
        """Return the named octaves, unnormalised.

        Args:
            image: Pictures of shape (B, 3, H, W) in [0, 1].
            layers: Names out of ``layer_table``, in any order.

        Returns:
            Octave n has shape (B, 3, H // 2^(n-1), W // 2^(n-1)).

        Raises:
            ValueError: If a layer is unknown or the picture too small for one.
        """
        wanted = set(layers)
        self.check_layers(wanted)
        self.check_image(image, wanted)
        features: Features = {}
        for name in self.layers:
            if len(features) == len(wanted):
                break
            if name != self.layers[0]:
                image = functional.avg_pool2d(image, 2)
            if name in wanted:
                features[name] = image
        return features
