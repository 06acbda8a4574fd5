"""One frame rate for every metric that would otherwise change with it.

Aim: 30 and 60 frames a second of the same dance must score alike. Speeds over one frame, contacts kept for two frames
and third differences all mean something else at another rate, and so do event times cut to whole frames. So the sound
metrics read a motion every 1/30 s first: the rate that contact rules and training data have.

Method: a cubic spline through each coordinate (``scipy.interpolate.CubicSpline``), which gives the given frames back
where a reading falls on one. Reading 60 fps at 30 is therefore the same as leaving out every other frame.

Known flaws: there is no filter before the reading, so trembling above 15 Hz is not removed but folded; it is seen, at
another frequency. Motion of less than 30 fps gains no detail.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from dancegen.metrics.validate import validate_joints

METRIC_FPS = 30.0
"""Frames a second at which motion is read."""


def at_metric_rate(joints: np.ndarray, fps: float) -> np.ndarray:
    """Joints read every ``1 / METRIC_FPS`` seconds from the first frame on, never beyond the last.

    Args:
        joints: (T, 24, 3) metres.
        fps: frames per second.

    Returns:
        (n, 24, 3) float64 metres.

    Raises:
        ValueError: malformed joints or frame rate.
    """
    validate_joints(joints, fps)
    joints = joints.astype(np.float64)
    if fps == METRIC_FPS or len(joints) < 2:
        return joints
    count = int((len(joints) - 1) / fps * METRIC_FPS + 1e-6) + 1
    spline = CubicSpline(np.arange(len(joints)), joints.reshape(len(joints), -1))
    return spline(np.arange(count) / METRIC_FPS * fps).reshape(count, 24, 3)


def valid_at(valid: np.ndarray | None, fps: float, times_s: np.ndarray, frames: int) -> np.ndarray:
    """Which times fall on sound frames of a recording.

    Args:
        valid: (T,) bool of the recording's frames, or None if all are sound.
        fps: frames per second of ``valid``.
        times_s: (n,) seconds.
        frames: T of the motion, for the check.

    Returns:
        (n,) bool; False where the nearest frame is faulty.

    Raises:
        ValueError: ``valid`` does not fit the motion.
    """
    if valid is None:
        return np.ones(len(times_s), dtype=bool)
    if valid.shape != (frames,) or valid.dtype != bool:
        raise ValueError(f"valid must be ({frames},) bool, got {valid.shape} {valid.dtype}")
    if not frames:
        return np.zeros(len(times_s), dtype=bool)
    return valid[np.clip(np.round(times_s * fps).astype(int), 0, frames - 1)]
