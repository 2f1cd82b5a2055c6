"""What every loss promises."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Literal

from torch import Tensor, nn

from stylelightning.backbones.base import IMAGE_LAYER as IMAGE_LAYER
from stylelightning.backbones.base import Features
from stylelightning.backbones.tiled_maps import parts_of, together
from stylelightning.backbones.windows import Maps
from stylelightning.losses.references import Reference, References, of_layers, weights_of
from stylelightning.losses.sums import Count, Sums

STYLE_LAYERS = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
"""Layers of a style term unless others are named: the first of each block of a VGG network."""


class Loss(nn.Module, ABC):
    """A term of the total, computed from feature maps.

    A loss owns no backbone: it names the layers it reads and is handed their feature maps. The
    layer ``image`` is the picture itself, (B, 3, H, W) in [0, 1]. A run begins with ``restart``. At
    each size of the picture ``prepare`` comes first; then, at each step, ``advance`` once and
    ``forward`` as often as the optimizer wants, which changes nothing.

    Args:
        weight: Factor of the term in the total when the run starts, at least 0.
        layers: Layers to read. A list gives each of n layers the weight 1/n (a mean over
            layers); a mapping ``{relu1_1: 1.0, relu2_1: 0.5}`` gives the weights of a sum.

    Raises:
        ValueError: If a weight is negative or not finite, or no layer is named, or one twice.
    """

    scope: Literal["local", "statistical", "global"] = "global"
    """What a term's gradient at one position depends on: only what is near (a sum over positions),
    sums over all positions (`StatisticalLoss`), or every position."""
    needs_content = False
    """Whether ``prepare`` reads the content image."""
    needs_style = False
    """Whether ``prepare`` reads the style images."""
    stochastic = False
    """Whether it draws or learns as the run goes on, so that one picture has several values."""
    normalize_gradients = False
    """Whether the gradient at each layer is divided by its own L1 norm before it is weighted."""
    renew_every_n_steps: int | None = None
    """Steps after which it searches or draws anew, which takes longer; None for never."""
    takes_bfloat16 = False
    """Whether it reads maps in bfloat16 if the network gives such; else they come in float32."""
    takes_weights = False
    """Whether it heeds the weights of positions: a style term then can be one of a region, and a
    content term holds some regions more than others."""
    smallest_map = 1
    """Smallest side in positions of a layer that the loss can read, such as a patch's."""

    def __init__(self, weight: float, layers: Sequence[str] | dict[str, float]) -> None:
        super().__init__()
        if not layers:
            raise ValueError(f"`layers` of {type(self).__name__} must name at least one layer.")
        if len(set(layers)) < len(layers):
            raise ValueError(f"`layers` of {type(self).__name__} names a layer twice: {layers}.")
        if not isinstance(layers, dict):
            layers = {name: 1 / len(layers) for name in layers}
        for what, value in (("weight", weight), *layers.items()):
            if not 0 <= value < math.inf:
                raise ValueError(
                    f"The weight {what!r} of {type(self).__name__} must be a number of at least 0, "
                    f"got {value}."
                )
        self.weight = weight
        self.layer_weights = dict(layers)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that the loss reads."""
        return tuple(self.layer_weights)

    def restart(self) -> None:
        """Forget what earlier runs left that ``prepare`` keeps from one scale to the next."""

    @abstractmethod
    def prepare(self, references: References) -> None:
        """Compute the targets, once for each size of the picture.

        Args:
            references: What the picture is compared with.

        Raises:
            ValueError: If there is no content or style image, and the term needs one.
        """

    def is_due(self, step: int) -> bool:
        """Return whether ``advance`` has something to do; what it finds may be kept until then.

        Args:
            step: Steps done since ``prepare``.
        """
        return type(self).advance is not Loss.advance

    def advance(self, features: Maps, step: int) -> None:
        """Do what is due once a step, such as another search, before the step is evaluated.

        Args:
            features: Feature maps of the picture, detached. Those of a large picture are computed
                when they are asked for: a loss keeps to what it needs.
            step: Steps done since ``prepare``.
        """

    def _content(self, references: References) -> Features:
        """Return the content image's feature maps at the layers of the loss."""
        maps = together(self._content_maps(references), self.layers)
        return {name: each.detach() for name, each in maps.items()}

    def _content_maps(self, references: References) -> Maps:
        """Return what there is of the content image; a large one's maps are yet to be computed."""
        if references.content is None:
            raise ValueError(
                f"{type(self).__name__} needs the features of a content image, got None."
            )
        return of_layers(references.content, self.layers)

    def _styles(self, references: References) -> Sequence[Reference]:
        """Return the style images with the layers of the loss alone, which may be kept."""
        if not references.styles:
            raise ValueError(
                f"{type(self).__name__} needs the features of a style image, got none."
            )
        return [
            Reference(of_layers(style.features, self.layers), style.share)
            for style in references.styles
        ]

    def _blend(self, references: References, values: Callable[[Maps], Features]) -> Features:
        """Return the mean over style images of what is computed from each, by their shares.

        Args:
            references: What the picture is compared with.
            values: What gives a tensor for each layer, of the same shape for every style image.
        """
        styles = self._styles(references)
        if len(styles) == 1:
            return values(styles[0].features)
        blended: Features = {}
        for style in styles:
            for name, each in values(style.features).items():
                part = style.share * each
                blended[name] = blended[name] + part if name in blended else part
        return blended

    def _weighted_sum(self, term: Callable[[str], Tensor]) -> Tensor:
        """Return the sum over layers of the layer's weight times its own term.

        Args:
            term: What gives a layer's term, a scalar, by the layer's name.
        """
        terms = [weight * term(name) for name, weight in self.layer_weights.items()]
        return sum(terms[1:], terms[0])

    def _check(self, name: str, value: object, rule: str, holds: bool) -> None:
        """Refuse an option that breaks its rule.

        Args:
            name: The option.
            value: What came.
            rule: What the option must do, as in "be above 0".
            holds: Whether it does.
        """
        if not holds:
            raise ValueError(f"`{name}` of {type(self).__name__} must {rule}, got {value}.")

    def _check_counts(self, **counts: int | None) -> None:
        """Refuse options, by name, that are null (which the parser lets pass) or below 1."""
        for name, value in counts.items():
            self._check(name, value, "be at least 1", value is not None and value >= 1)

    def _check_seed(self, seed: int | None) -> None:
        """Refuse a seed that no generator takes."""
        fits = seed is not None and -(2**63) <= seed < 2**63
        self._check("seed", seed, "be a whole number of 64 bits", fits)

    def _check_choice(self, name: str, value: str, choices: Sequence[str]) -> None:
        """Refuse an option that is not among its choices."""
        self._check(name, repr(value), f"be one of {', '.join(choices)}", value in choices)

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs beside the targets, in plain types and tensors."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` returned, after ``prepare``."""

    @abstractmethod
    def forward(self, features: Features) -> Tensor:
        """Return the unweighted term. Nothing of the loss changes.

        Args:
            features: Feature maps of the picture, float32 (or the precision asked for), and those
                of ``takes_bfloat16`` in bfloat16.

        Returns:
            A scalar that is at least 0.
        """


class StatisticalLoss(Loss):
    """A loss on statistics that are functions of sums over positions, such as a Gram matrix.

    Its two steps are apart so that the sums of several tiles, or of several machines, can be added
    up before they are compared. A local loss may be written so too: a sum of its own terms is one.
    """

    scope: Literal["local", "statistical", "global"] = "statistical"

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a class whose ``forward`` would never be called."""
        super().__init_subclass__(**options)
        if "forward" in vars(cls):
            raise TypeError(
                f"{cls.__name__} must write `statistics` and `compare`, of which its `forward` is "
                "made, and no `forward`: derive it from Loss for a term of another kind."
            )

    @abstractmethod
    def statistics(self, features: Features) -> Features:
        """Return the sums over positions, which add up over disjoint regions.

        Args:
            features: Feature maps of the picture, or of a part of it: ``windows.window_of`` says
                where that lies, ``windows.cut`` takes what belongs to it out of a whole map.

        Returns:
            Tensors by name, as a rule one for each layer.
        """

    @abstractmethod
    def compare(self, statistics: Features, count: dict[str, Count]) -> Tensor:
        """Return the unweighted term from the sums over the whole picture.

        Args:
            statistics: What ``statistics`` returned, summed over all regions.
            count: Number of positions of the whole feature map, or the sum of their weights, for
                each layer.

        Returns:
            A scalar that is at least 0.
        """

    def forward(self, features: Features) -> Tensor:
        """Return the unweighted term: the composition of ``statistics`` and ``compare``."""
        return self.compare(self.statistics(features), self.count(features))

    def sums_of(self, maps: Maps) -> tuple[Features, dict[str, Count]]:
        """Return statistics and counts of a whole image, added up over its parts if it has some."""
        sums = Sums()
        for part in parts_of(maps, self.layers):
            sums.add({"": self.statistics(part)}, {"": self.count(part)})
        return sums.statistics[""], sums.counts[""]

    def count(self, features: Maps) -> dict[str, Count]:
        """Return the number of positions h * w, or the sum of their weights, of each layer."""
        counts: dict[str, Count] = {}
        for name in self.layers:
            weights = weights_of(features, name)
            height, width = features[name].shape[2:]
            counts[name] = height * width if weights is None else weights.sum()
        return counts
