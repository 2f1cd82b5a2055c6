"""How the numbers of a picture stand for light, and the way from there to sRGB."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Point = tuple[float, float]

BLOCK = 1 << 20
"""Pixels that are converted at once, so that the memory on top of the picture stays small."""

_D65 = (0.3127, 0.3290)
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


@dataclass(frozen=True)
class Primaries:
    """Chromaticities, CIE 1931 xy, of white and of the three primary colours."""

    white: Point
    red: Point
    green: Point
    blue: Point

    def to_xyz(self) -> Floats:
        """Return the matrix from linear RGB to CIE XYZ, where white has Y = 1.

        Raises:
            ValueError: If no colours can be made of them.
        """
        points = np.array([self.red, self.green, self.blue, self.white], np.float64)
        columns = np.column_stack([points, 1 - points.sum(1)]).T  # (3, 4), xyz
        if not np.isfinite(columns).all() or abs(np.linalg.det(columns[:, :3])) < 1e-4:
            raise ValueError("the primary colours span no area")
        if columns[1, 3] <= 0:
            raise ValueError("its white point has no luminance")
        shares = np.linalg.solve(columns[:, :3], columns[:, 3] / columns[1, 3])
        if (shares <= 0).any():
            raise ValueError("its white point lies outside the primary colours")
        matrix: Floats = columns[:, :3] * shares
        return matrix

    def to_srgb(self) -> Floats:
        """Return the matrix from linear RGB to sRGB's, white to white (Bradford).

        Raises:
            ValueError: If no colours can be made of them.
        """
        matrix = self.to_xyz()
        cones = _BRADFORD @ np.column_stack([matrix.sum(1), SRGB.to_xyz().sum(1)])
        adapted = np.linalg.inv(_BRADFORD) @ np.diag(cones[:, 1] / cones[:, 0]) @ _BRADFORD
        result: Floats = np.linalg.inv(SRGB.to_xyz()) @ adapted @ matrix
        return result


SRGB = Primaries(_D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
"""Also those of ITU-R BT.709."""
ADOBE_RGB = Primaries(_D65, (0.64, 0.33), (0.21, 0.71), (0.15, 0.06))


def srgb_light(values: Floats) -> Floats:
    """Return the light of values in sRGB's scale, IEC 61966-2-1."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def srgb_values(light: Floats) -> Floats:
    """Return the values in sRGB's scale, clipped to [0, 1], of light."""
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def power(exponent: float) -> Callable[[Floats], Floats]:
    """Return the curve from values to light that is a power."""
    return lambda values: values**exponent


@dataclass(frozen=True)
class Encoding:
    """What the numbers of a picture mean.

    Args:
        curve: From values in [0, 1] to light, where 1 is white.
        primaries: Of colours; gray has none.
        narrow: Whether black and white are at 16 and 235 of 255.
        system_gamma: Exponent of luminance from a scene to a screen; 1 but for HLG.
        clipped: What is said of light that is brighter than white; empty where there is none.
    """

    curve: Callable[[Floats], Floats] = srgb_light
    primaries: Primaries = SRGB
    narrow: bool = False
    system_gamma: float = 1.0
    clipped: str = ""

    @property
    def is_srgb(self) -> bool:
        """Whether nothing is to be done."""
        return self == Encoding()

    def convert(self, values: npt.NDArray[np.generic], white: int) -> npt.NDArray[np.float32]:
        """Return a picture in sRGB, in [0, 1].

        Args:
            values: Of shape (H, W, C), one channel for gray or three; integers, or floats.
            white: The number that is white, 255 or 65535; 1 for floats in [0, 1].

        Raises:
            ValueError: If the primary colours make no sense.
        """
        matrix = self.primaries.to_srgb()
        plain = values.shape[2] == 1 or np.allclose(matrix, np.eye(3), atol=1e-3)
        table = None if white == 1 else self._light(np.arange(white + 1) / white, white)
        flat = values.reshape(-1, values.shape[2])
        made = np.empty(flat.shape, np.float32)
        for start in range(0, len(flat), BLOCK):
            part = flat[start : start + BLOCK]
            light = self._light(part.astype(np.float64), white) if table is None else table[part]
            if self.system_gamma != 1 and values.shape[2] == 3:
                luminance = light @ self.primaries.to_xyz()[1]
                light = light * luminance[:, None] ** (self.system_gamma - 1)
            elif self.system_gamma != 1:
                light = light**self.system_gamma
            made[start : start + BLOCK] = srgb_values(light if plain else light @ matrix.T)
        return made.reshape(values.shape)

    def _light(self, values: Floats, white: int) -> Floats:
        if self.narrow:
            step = 255 if white != 65535 else white / 256
            values = ((values * step - 16) / 219).clip(0, 1)
        return self.curve(values)
