"""Pictures and feature maps turned and mirrored."""

from torch import Tensor

TURNS = {
    1: ((0, False),),
    2: ((0, False), (0, True)),
    4: tuple((turn, False) for turn in range(4)),
    8: tuple((turn, flip) for turn in range(4) for flip in (False, True)),
}
"""Quarter turns, and whether a mirroring follows, by how many orientations there are."""


def turned(features: Tensor, turn: tuple[int, bool]) -> Tensor:
    """Return a feature map in another orientation.

    Args:
        features: Feature map of shape (..., H, W).
        turn: One of ``TURNS``.
    """
    rotated = features.rot90(turn[0], (-2, -1))
    return rotated.flip(-1) if turn[1] else rotated
