"""The floor under a recording that was made on another body: where our skeleton's feet stand."""

from __future__ import annotations

import numpy as np

from motionbeat.contacts import SPEED_ON_M_S, detect_contacts
from motionbeat.motion import Motion
from motionbeat.skeleton import FOOT_JOINTS, HEEL_HEIGHT_M, TOE_HEIGHT_M

FARTHEST_M = 1000.0
"""No recorded dance is farther than this from its origin; numbers beyond it come from a damaged file."""

_LOW_PERCENTILE = 10  # a few glitches below the floor must not lower it
_NEAR_M = 0.05  # foot heights so near the low ones are of feet on the floor, the rest of kicks and handstands


def floor_height(joints: np.ndarray, fps: float) -> float:
    """Height in metres of the floor that a dance is danced on, from the lowest foot joint while it stands still.

    Args:
        joints: (T, 24, 3) joint positions in metres, y up, at two frames or more.
        fps: frames per second.
    """
    feet = joints[:, FOOT_JOINTS]
    speed = np.linalg.norm(np.diff(feet, axis=0), axis=-1) * fps
    soles = feet[:-1, :, 1] - np.array([HEEL_HEIGHT_M, HEEL_HEIGHT_M, TOE_HEIGHT_M, TOE_HEIGHT_M])
    lowest = soles.argmin(axis=1)[:, None]
    heights = np.take_along_axis(soles, lowest, axis=1)[:, 0]
    still = np.take_along_axis(speed, lowest, axis=1)[:, 0] < SPEED_ON_M_S
    if still.any():
        heights = heights[still]
    low = np.percentile(heights, _LOW_PERCENTILE)
    return float(np.median(heights[np.abs(heights - low) <= _NEAR_M]))


def grounded(motion: Motion) -> Motion:
    """The motion raised or lowered so that the soles of standing feet are at y = 0, with its foot contacts."""
    height = floor_height(motion.joints(), motion.fps)
    trans = motion.trans - np.array([0.0, height, 0.0], dtype=np.float32)
    moved = Motion(motion.poses, trans, motion.fps)
    return Motion(moved.poses, moved.trans, moved.fps, detect_contacts(moved.joints(), moved.fps))
