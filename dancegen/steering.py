"""What keeps a finished dance near home."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motionbeat.motion import Motion

HOME_RADIUS_M = 2.0
"""The slow path of a dancer stays within this distance of the start, nearly untouched within half of it."""

SLOW_PATH_S = 4.0
"""Standard deviation of the Gaussian that makes the slow path of the path: single steps are below it."""


def homeward(motion: Motion) -> Motion:
    """A motion whose slow path over the floor keeps near its start.

    The slow path is compressed radially, smoothly, to less than :data:`HOME_RADIUS_M`; what that takes away from the
    speed of the root is a few centimetres per second. Feet slide by as much until the cleanup locks them; then their
    slide is about what it was (20 mm/s against 19, in songs of five minutes, with the generator before this one).
    """
    path = (motion.trans[:, [0, 2]] - motion.trans[0, [0, 2]]).astype(np.float64)
    slow = gaussian_filter1d(path, SLOW_PATH_S * motion.fps, axis=0, mode="nearest", truncate=3.0)
    away = np.linalg.norm(slow, axis=1, keepdims=True)
    half = HOME_RADIUS_M / 2
    allowed = np.where(away <= half, away, half + half * np.tanh((away - half) / half))
    trans = motion.trans.copy()
    trans[:, [0, 2]] += slow * (allowed / np.maximum(away, 1e-6) - 1)
    return replace(motion, trans=trans)
