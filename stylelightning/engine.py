"""What makes feature maps fast: the layout and the precision of the filters, compilation."""

import logging
from typing import Literal

import torch
from torch import Tensor, nn

from stylelightning.backbones.base import Backbone

log = logging.getLogger(__name__)

MatmulPrecision = Literal["highest", "high", "medium"]

MIXED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
"""Lower precision of each of Lightning's mixed precisions."""

_CAST_BY_AUTOCAST = (nn.Conv2d, nn.Linear)


class Engine:
    """Prepares a backbone for a run, and puts it back as it was.

    Args:
        backbone: The frozen network.
        matmul_precision: Precision of matrix products in float32, as torch names it.
        compiled: Whether the backbone is compiled.
    """

    def __init__(
        self, backbone: Backbone, matmul_precision: MatmulPrecision, compiled: bool
    ) -> None:
        self.backbone = backbone
        self.matmul_precision = matmul_precision
        self.compute = torch.compile(backbone) if compiled else backbone
        self._full: list[tuple[nn.Parameter, Tensor]] = []
        self._before: str | None = None

    def start(self, device: torch.device, precision: str) -> None:
        """Lay out and cast the filters, once for the whole run.

        Autocast casts weights that are frozen anew at each step; what is cast already stays.

        Args:
            device: Where the run is.
            precision: Lightning's name of its precision.
        """
        self.stop()
        self._before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision(self.matmul_precision)
        lower = MIXED.get(precision)
        on_cpu = device.type == "cpu"
        if on_cpu and lower is not None and not has_bf16():
            log.warning(
                "This processor has no instructions for 16 bits: %s is many times slower here than "
                "--trainer.precision 32-true.",
                precision,
            )
        filters = [each for each in self.backbone.modules() if isinstance(each, _CAST_BY_AUTOCAST)]
        for each in (each for module in filters for each in module.parameters()):
            self._full.append((each, each.data))
            if lower is not None:
                each.data = each.data.to(lower)
            if each.ndim == 4 and self.backbone.channels_last and (on_cpu or lower is not None):
                each.data = each.data.contiguous(memory_format=torch.channels_last)

    def stop(self) -> None:
        """Put filters and settings back."""
        for parameter, data in self._full:
            parameter.data = data.to(parameter.device)
        self._full = []
        if self._before is not None:
            torch.set_float32_matmul_precision(self._before)
            self._before = None


def has_bf16() -> bool:
    """Return whether the processor computes in bfloat16 faster than by way of float32."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
