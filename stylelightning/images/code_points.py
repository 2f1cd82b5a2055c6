"""Code points of colours as video, AVIF, HEIF and PNG's cICP declare them: ITU-T H.273."""

import numpy as np

from stylelightning.images.encodings import (
    SRGB,
    Encoding,
    Floats,
    Point,
    Primaries,
    power,
    srgb_light,
)

WHITE = 203.0
"""Luminance of white in cd/m² in a picture of high dynamic range, ITU-R BT.2408."""
PEAK = 1000.0
"""Luminance of the brightest screen that HLG is shown on, in cd/m², ITU-R BT.2100."""

HLG_GAMMA = 1.2
"""Exponent from a scene to a screen of ``PEAK``."""

_D65: Point = (0.3127, 0.3290)
_C: Point = (0.310, 0.316)
_SMPTE = Primaries(_D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070))

_PRIMARIES = {
    1: SRGB,
    2: SRGB,  # unspecified
    4: Primaries(_C, (0.67, 0.33), (0.21, 0.71), (0.14, 0.08)),
    5: Primaries(_D65, (0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: _SMPTE,
    7: _SMPTE,
    8: Primaries(_C, (0.681, 0.319), (0.243, 0.692), (0.145, 0.049)),
    9: Primaries(_D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),  # BT.2020
    10: Primaries((1 / 3, 1 / 3), (1, 0), (0, 1), (0, 0)),
    11: Primaries((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: Primaries(_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # Display P3
    22: Primaries(_D65, (0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),
}


def _pq(values: Floats) -> Floats:
    """Return light by SMPTE ST 2084, where 1 is ``WHITE``."""
    root = values ** (1 / 78.84375)
    share: Floats = (root - 0.8359375).clip(0) / (18.8515625 - 18.6875 * root)
    return np.power(share, 1 / 0.1593017578125) * (10000 / WHITE)


def _hlg(values: Floats) -> Floats:
    """Return the light of a scene by ARIB STD-B67, scaled so that the screen's white is 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene: Floats = np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)
    return scene * float((PEAK / WHITE) ** (1 / HLG_GAMMA))


_CURVES = {
    **dict.fromkeys((1, 2, 6, 7, 13, 14, 15), srgb_light),  # screens show video's curve by sRGB's
    4: power(2.2),
    5: power(2.8),
    8: power(1),
    16: _pq,
    18: _hlg,
}
_HDR = {16: "PQ", 18: "HLG"}


def encoding_of(primaries: int, transfer: int, narrow: bool = False) -> Encoding:
    """Return what code points mean.

    The curves of BT.709, BT.601 and BT.2020 are taken for sRGB's, as browsers do. Of a picture of
    high dynamic range, what is brighter than its white is clipped.

    Args:
        primaries: ColourPrimaries.
        transfer: TransferCharacteristics.
        narrow: Whether black and white are at 16 and 235 of 255.

    Raises:
        ValueError: If a number is not known here.
    """
    if primaries not in _PRIMARIES or transfer not in _CURVES:
        raise ValueError(f"primaries {primaries} with transfer {transfer} are not known")
    return Encoding(
        _CURVES[transfer],
        _PRIMARIES[primaries],
        narrow,
        HLG_GAMMA if transfer == 18 else 1.0,
        _HDR.get(transfer, ""),
    )
