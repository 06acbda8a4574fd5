"""Which way is up in a recording made by others, and the turn that makes it y."""

from __future__ import annotations

import numpy as np

LEAST_UPRIGHT = 0.5
"""Mean component along the vertical of the direction from feet to shoulders: 1 for a body that always stands, less for
one that bends, 0 where no axis is the vertical."""

_TURNS = {
    (1, 1): ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    (1, -1): ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    (2, 1): ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
    (2, -1): ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    (0, 1): ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
    (0, -1): ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
}


def turn_upright(feet: np.ndarray, shoulders: np.ndarray) -> np.ndarray:
    """The rotation that makes a recording's vertical axis the y axis.

    The vertical is the coordinate axis, up or down, along which the shoulders are above the feet in the mean over
    time; so x, y and z up are told apart without asking the file, as long as the dancer mostly stands.

    Args:
        feet: (T, 3) the middle between the ankles, any unit.
        shoulders: (T, 3) the middle between the shoulders.

    Returns:
        (3, 3) rotation matrix of quarter turns; the identity where y is up already.

    Raises:
        ValueError: the body stands along none of the axes.
    """
    ways = shoulders - feet
    lengths = np.linalg.norm(ways, axis=1, keepdims=True)
    mean = (ways / np.maximum(lengths, 1e-12)).mean(axis=0)
    axis = int(np.abs(mean).argmax())
    if not abs(mean[axis]) >= LEAST_UPRIGHT:
        raise ValueError("the shoulders are above the feet along none of its axes, so which way is up is unknown")
    return np.array(_TURNS[axis, 1 if mean[axis] > 0 else -1], dtype=np.float64)
