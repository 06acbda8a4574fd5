"""Mean jerk: how jittery a motion is.

Aim: mean over joints and frames of the norm of the third derivative of position, in m/s^3, by third differences of the
motion read at 30 fps (:mod:`dancegen.metrics.frame_rate`): at a higher rate they would let more noise through (white
jitter grows with fps^3).

Known flaws: trembling above 15 Hz is counted at the frequency that it folds to; a motionless body scores 0. The
ballroom dances have 28 (waltz) to 119 (cha-cha) m/s^3: lower than the ground truth is over-smoothed, not better.
"""

from __future__ import annotations

import warnings

import numpy as np

from dancegen.metrics.frame_rate import METRIC_FPS, at_metric_rate


def mean_jerk(joints: np.ndarray, fps: float) -> float:
    """Mean jerk in m/s^3.

    Args:
        joints: (T, 24, 3) metres.
        fps: frames per second.

    Returns:
        m/s^3, the same for every frame rate. Fewer than four frames at 30 fps: a warning and 0.

    Raises:
        ValueError: malformed joints or frame rate.
    """
    read = at_metric_rate(joints, fps)
    if len(read) < 4:
        warnings.warn("Fewer than four frames: jerk is 0.", stacklevel=2)
        return 0.0
    jerk = np.diff(read, n=3, axis=0) * METRIC_FPS**3
    return float(np.linalg.norm(jerk, axis=2).mean())
