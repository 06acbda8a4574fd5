"""Mean jerk: how jittery a motion is.

Aim: mean over joints and frames of the norm of the third derivative of position, in m/s^3, by third differences.

Known flaws: third differences at a higher frame rate let more noise through (the value of white jitter grows with
fps^3), so compare only at the same frame rate; a motionless body scores 0. The ballroom dances have 28 (waltz) to 119
(cha-cha) m/s^3 at 30 fps: lower than the ground truth is over-smoothed, not better.
"""

from __future__ import annotations

import warnings

import numpy as np

from dancegen.metrics.validate import validate_joints


def mean_jerk(joints: np.ndarray, fps: float) -> float:
    """Mean jerk in m/s^3.

    Args:
        joints: (T, 24, 3) metres.
        fps: frames per second.

    Returns:
        m/s^3. Fewer than four frames: a warning and 0.

    Raises:
        ValueError: malformed joints or frame rate.
    """
    validate_joints(joints, fps)
    if len(joints) < 4:
        warnings.warn("Fewer than four frames: jerk is 0.", stacklevel=2)
        return 0.0
    jerk = np.diff(joints.astype(np.float64), n=3, axis=0) * fps**3
    return float(np.linalg.norm(jerk, axis=2).mean())
