"""The same music at another moment: the baseline behind every chance level.

No random numbers: fractions of the golden ratio fill a range evenly without repeating any period, so a chance level is
the same every time it is computed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_GOLDEN = (np.sqrt(5) - 1) / 2


def even_fractions(count: int) -> np.ndarray:
    """(count,) numbers that fill (0, 1) evenly, in no order."""
    return (np.arange(1, count + 1) * _GOLDEN) % 1.0


def shifted_beats(beats: np.ndarray, duration_s: float, shifts: int) -> Iterator[np.ndarray]:
    """The beats (seconds) shifted in a circle of ``duration_s``, ``shifts`` times.

    Raises:
        ValueError: ``duration_s`` or ``shifts`` is not positive.
    """
    if not duration_s > 0 or shifts < 1:
        raise ValueError(f"duration_s and shifts must be positive, got {duration_s}, {shifts}")
    for offset in duration_s * even_fractions(shifts):
        yield np.sort((beats + offset) % duration_s)
