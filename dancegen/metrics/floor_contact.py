"""Floor contact: how far feet sink into the floor, and how far the body hovers above it.

All in mm on y-up joints with the floor at y = 0. The sole is 28 mm below the toe joint; the ankle joint is at 88 to
90 mm in a flat foot, 85 mm is taken as its least height.

Known flaw: jumps count as hovering; compare with the ground truth of the same dance.
"""

from __future__ import annotations

import warnings

import numpy as np

from dancegen.metrics.validate import validate_joints
from motionbeat.skeleton import FOOT_JOINTS, HEEL_HEIGHT_M, TOE_HEIGHT_M


def floor_penetration(joints: np.ndarray, fps: float) -> float:
    """Mean over frames of the depth of the lowest toe or ankle below its least sound height, in mm.

    Raises:
        ValueError: malformed joints or frame rate.
    """
    return float(np.maximum(-_clearance(joints, fps), 0.0).mean() * 1e3)


def floor_float(joints: np.ndarray, fps: float) -> float:
    """Mean over frames of the height of the lowest foot joint above its least sound height, in mm; frames in which it
    sinks count 0. Unlike :func:`floor_gap` it sees a body that floats now and then.

    Raises:
        ValueError: malformed joints or frame rate.
    """
    return float(np.maximum(_clearance(joints, fps), 0.0).mean() * 1e3)


def floor_gap(joints: np.ndarray, fps: float) -> float:
    """Median over frames of the height of the lowest foot joint above its least sound height, in mm.

    Raises:
        ValueError: malformed joints or frame rate.
    """
    return float(np.median(_clearance(joints, fps)) * 1e3)


def _clearance(joints: np.ndarray, fps: float) -> np.ndarray:
    validate_joints(joints, fps)
    if not len(joints):
        warnings.warn("Motion is empty: floor contact is 0.", stacklevel=3)
        return np.zeros(1)
    least = np.array([HEEL_HEIGHT_M, HEEL_HEIGHT_M, TOE_HEIGHT_M, TOE_HEIGHT_M])
    return (joints[:, FOOT_JOINTS, 1] - least).min(axis=1)
