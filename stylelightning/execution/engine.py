"""What makes feature maps fast: the layout and the precision of the filters, compilation."""

import logging
from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn

from stylelightning.backbones.base import Backbone, Features
from stylelightning.execution.frozen_convolution import FrozenConvolution
from stylelightning.execution.halving import halved, halves
from stylelightning.execution.probe import pace
from stylelightning.execution.winograd import FEWEST_CHANNELS, WinogradConvolution

log = logging.getLogger(__name__)

MatmulPrecision = Literal["highest", "high", "medium"]
CompileMode = Literal["default", "reduce-overhead", "max-autotune"]

MIXED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
"""Lower precision of each of Lightning's mixed precisions."""

GAIN = 0.9
"""Part of a direct convolution's time that Winograd's algorithm may take to be chosen."""

_CONVOLUTIONS = torch.backends.cudnn.conv  # type: ignore[attr-defined]
_CAST_BY_AUTOCAST = (nn.Conv2d, nn.Linear)


class FastBackbone:
    """Prepares a backbone for a run, and puts it back as it was.

    Args:
        backbone: The frozen network.
        matmul_precision: Precision of matrix products and convolutions in float32; None leaves
            torch's settings alone.
        compile_mode: Mode of ``torch.compile``; None for no compilation.
        recomputes: Whether inner maps are computed again for the gradient.
        winograd: Whether convolutions of 3 x 3 run by Winograd's algorithm, on a CPU in 32 bits;
            None where that has been measured to be faster.

    Raises:
        ValueError: If inner maps shall be computed again and the backbone has none, or Winograd's
            algorithm is asked for and the backbone is compiled.
    """

    def __init__(
        self,
        backbone: Backbone,
        matmul_precision: MatmulPrecision | None = None,
        compile_mode: CompileMode | None = None,
        recomputes: bool = False,
        winograd: bool | None = None,
    ) -> None:
        if recomputes and not backbone.has_blocks:
            raise ValueError(
                f"`activation_checkpointing` has nothing to save with {type(backbone).__name__}, "
                "whose maps are all read by losses: leave it false."
            )
        if winograd and compile_mode is not None:
            raise ValueError(
                "`winograd` true has no effect on a compiled backbone: leave it null, or `compile` "
                "false."
            )
        self.backbone = backbone
        self.matmul_precision = matmul_precision
        self.recomputes = recomputes
        self.winograd = winograd
        self._compiled = (
            None if compile_mode is None else torch.compile(backbone, mode=compile_mode)
        )
        self._full: list[tuple[nn.Parameter, Tensor]] = []
        self._replaced: list[nn.Module] = []
        self._before: tuple[str, str] | None = None

    def compute(self, image: Tensor, layers: Iterable[str]) -> Features:
        """Return the feature maps of some layers.

        Targets are computed without gradients, once for each size: they don't go through the
        compiled network. It would be compiled for them apart, and its maps live until its next
        call only when it is a CUDA graph.

        Args:
            image: Pictures of shape (B, 3, H, W) in [0, 1].
            layers: Names of layers.
        """
        if self._compiled is None or not torch.is_grad_enabled():
            features: Features = self.backbone(image, layers)
        else:
            features = self._compiled(image, layers)
        return features

    def start(self, device: torch.device, precision: str) -> None:
        """Lay out and cast the filters, once for the whole run.

        Autocast casts weights that are frozen anew at each step; what is cast already stays.

        Args:
            device: Where the run is.
            precision: Lightning's name of its precision.
        """
        self.stop()
        self.backbone.recomputes = self.recomputes
        if self.matmul_precision is not None:
            self._before = torch.get_float32_matmul_precision(), _CONVOLUTIONS.fp32_precision
            torch.set_float32_matmul_precision(self.matmul_precision)
            _CONVOLUTIONS.fp32_precision = "ieee" if self.matmul_precision == "highest" else "tf32"
        lower = MIXED.get(precision)
        on_cpu = device.type == "cpu"
        if on_cpu and lower is not None and not has_bf16():
            log.warning(
                f"This processor is {pace().bfloat16:.1f} times slower in 16 bits than in 32: "
                f"--trainer.precision 32-true is faster here than {precision}."
            )
        filters = [each for each in self.backbone.modules() if isinstance(each, _CAST_BY_AUTOCAST)]
        for each in (each for module in filters for each in module.parameters()):
            self._full.append((each, each.data))
            if lower is not None:
                each.data = each.data.to(lower)
            if each.ndim == 4 and self.backbone.channels_last and (on_cpu or lower is not None):
                each.data = each.data.contiguous(memory_format=torch.channels_last)
        convolutions = [each for each in filters if isinstance(each, nn.Conv2d)]
        large = [each for each in convolutions if WinogradConvolution.can_replace(each)]
        if self._takes_winograd(device, precision, bool(large)):
            for module in large:
                # not the module itself: graphs made before hold it too
                vars(module)["forward"] = WinogradConvolution(module)
            self._replaced += large
        if on_cpu and lower is not None and self._compiled is None:
            pools = [each for each in self.backbone.modules() if halves(each)]
            for pool in pools:
                vars(pool)["forward"] = halved
            self._replaced += pools
            if lower is torch.bfloat16:
                plain = [each for each in convolutions if FrozenConvolution.can_replace(each)]
                for module in plain:
                    vars(module)["forward"] = FrozenConvolution(module)
                self._replaced += plain

    def stop(self) -> None:
        """Put filters and settings back."""
        self.backbone.recomputes = False
        for parameter, data in self._full:
            parameter.data = data.to(parameter.device)
        self._full = []
        for module in self._replaced:
            del vars(module)["forward"]
        self._replaced = []
        if self._before is not None:
            torch.set_float32_matmul_precision(self._before[0])
            _CONVOLUTIONS.fp32_precision = self._before[1]
            self._before = None

    def _takes_winograd(self, device: torch.device, precision: str, has_large: bool) -> bool:
        fits = device.type == "cpu" and precision == "32-true"
        if self.winograd and not fits:
            log.warning(
                "`model.winograd` has an effect on a CPU in 32-true only: this run is on "
                f"{device.type} in {precision}."
            )
        elif self.winograd and not has_large:
            log.warning(
                f"`model.winograd` has no effect on {type(self.backbone).__name__}, which has no "
                f"convolutions of 3 x 3 with {FEWEST_CHANNELS} channels or more."
            )
        if not fits or not has_large:
            return False
        if self.winograd is None:
            return self._compiled is None and winograd_pays()
        return self.winograd


def winograd_pays() -> bool:
    """Return whether Winograd's algorithm is faster on this processor, as `probe` measures it."""
    return pace().winograd < GAIN


def has_bf16() -> bool:
    """Return whether this processor computes in bfloat16 faster than in float32, likewise."""
    return pace().bfloat16 < 1
