"""Joints seen from the dancer: without where on the floor they stand and which way they face.

The heading is taken from the joints alone (the way across the hips, turned by 90 degrees), because metrics must do for
motion that comes as joints. y up; in the heading frame the dancer faces +z with the left side at +x.

Known flaw: a body that lies on its side has no heading; the last one is not kept, so it may jump there.
"""

from __future__ import annotations

import numpy as np

_PELVIS, _LEFT_HIP, _RIGHT_HIP = 0, 1, 2


def headings(joints: np.ndarray) -> np.ndarray:
    """(...) radians about y of the forward direction of joints (..., 24, 3); 0 is +z, pi / 2 is +x."""
    across = joints[..., _LEFT_HIP, :] - joints[..., _RIGHT_HIP, :]
    return np.arctan2(-across[..., 2], across[..., 0])


def in_heading_frame(joints: np.ndarray, seen_from: np.ndarray) -> np.ndarray:
    """Joints in the heading frame of a pose.

    Args:
        joints: (..., 24, 3) metres.
        seen_from: (..., 24, 3) metres, the pose whose pelvis is the origin on the floor and whose heading is +z; its
            leading axes are broadcast against those of ``joints``.

    Returns:
        The joints, metres; heights are kept.
    """
    angle = headings(seen_from)[..., None]
    cos, sin = np.cos(angle), np.sin(angle)
    moved = joints - seen_from[..., _PELVIS : _PELVIS + 1, :] * np.array([1.0, 0.0, 1.0])
    x, y, z = moved[..., 0], moved[..., 1], moved[..., 2]
    return np.stack([cos * x - sin * z, y, sin * x + cos * z], axis=-1)
