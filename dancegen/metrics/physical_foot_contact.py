"""Physical foot contact score (PFC) of EDGE (Tseng et al. 2023); lower is better.

Aim: the body's centre can only be accelerated (other than downwards) by a foot that stands still, so acceleration
while both feet slide is not plausible. Per frame: the lower horizontal speed of ankle and toe, left times right, times
the root's acceleration divided by its greatest value in the clip; averaged and multiplied by 10^4.

Protocol: y up (EDGE's script is z up, and run on y-up data it takes depth for height), steps counted over 1/30 s
whatever the frame rate (the script counts per frame and assumes 30 fps; at 30 fps both agree).

Known flaws: standing still scores 0, and so does one glitch, because its acceleration divides all the others; it grows
with the square of speed. The published numbers are means over about 1,000 clips of 5 s.
"""

from __future__ import annotations

import warnings

import numpy as np

from dancegen.metrics.validate import validate_joints

PROTOCOL_FPS = 30.0


def physical_foot_contact(joints: np.ndarray, fps: float) -> float:
    """PFC of one clip.

    Args:
        joints: (T, 24, 3) metres, y up.
        fps: frames per second.

    Returns:
        PFC in EDGE's unit (10^4 m^2 per frame^2 at 30 fps). Fewer than three frames, or a root that is never
        accelerated: a warning and 0.

    Raises:
        ValueError: malformed joints or frame rate.
    """
    validate_joints(joints, fps)
    if len(joints) < 3:
        warnings.warn("Fewer than three frames: PFC is 0.", stacklevel=2)
        return 0.0
    joints = joints.astype(np.float64)
    acceleration = np.diff(joints[:, 0], n=2, axis=0)
    acceleration[:, 1] = np.maximum(acceleration[:, 1], 0.0)
    force = np.linalg.norm(acceleration, axis=1)
    if not force.max() > 0:
        warnings.warn("The root is never accelerated: PFC is 0.", stacklevel=2)
        return 0.0
    feet = joints[1:][:, [7, 8, 10, 11]][..., [0, 2]]
    step = np.linalg.norm(np.diff(feet, axis=0), axis=2) * (fps / PROTOCOL_FPS)
    sliding = np.minimum(step[:, :2], step[:, 2:]).prod(axis=1)
    return float((sliding * force / force.max()).mean() * 1e4)
