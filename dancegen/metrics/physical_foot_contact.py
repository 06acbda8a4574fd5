"""Physical foot contact score (PFC) of EDGE (Tseng et al. 2023); lower is better.

Aim: the body's centre can only be accelerated (other than downwards) by a foot that stands still, so acceleration
while both feet slide is not plausible. Per frame: the lower horizontal speed of ankle and toe, left times right, times
the root's acceleration; averaged and multiplied by 10^4.

Protocol ``edge`` is the published one: acceleration is divided by its greatest value in the clip, feet count metres a
frame at 30 fps. (EDGE's script is z up, and run on y-up data it takes depth for height; here all is y up.) Protocol
``sound`` divides by gravity instead, so that one glitch does not hide the rest, counts metres a second, and takes
motion of any frame rate.

Known flaws: standing still scores 0, and the score grows with the square of speed, so compare dances of one style. The
published numbers are means over about 1,000 clips of 5 s.
"""

from __future__ import annotations

import warnings

import numpy as np

from dancegen.metrics.protocols import SOUND, Protocol, protocol_named

GRAVITY_M_S2 = 9.81
_ANKLES_AND_TOES = [7, 8, 10, 11]


def physical_foot_contact(joints: np.ndarray, fps: float, protocol: Protocol | str = SOUND) -> float:
    """PFC of one clip.

    Args:
        joints: (T, 24, 3) metres, y up.
        fps: frames per second.
        protocol: ``sound`` or ``edge``; see the module.

    Returns:
        PFC in cm^2/s^2 (``sound``) or cm^2 a frame^2 (``edge``). Too few frames, or a root that is never accelerated:
        a warning and 0.

    Raises:
        ValueError: malformed joints or frame rate, a body that does not stand along y in metres, another frame rate
            than that of a published protocol, or a protocol without this score.
    """
    protocol = protocol_named(protocol)
    rules = protocol.foot_contact_rules
    joints = protocol.joints_at_rate(joints, fps)
    span = rules.step_frames
    if len(joints) < 2 * span + 1:
        warnings.warn("Too few frames for an acceleration: PFC is 0.", stacklevel=2)
        return 0.0
    step_s = span / protocol.fps
    root = joints[:, 0]
    acceleration = (root[2 * span :] - 2 * root[span:-span] + root[: -2 * span]) / step_s**2
    acceleration[:, 1] = np.maximum(acceleration[:, 1], 0.0)
    force = np.linalg.norm(acceleration, axis=1)
    if not force.max() > 0:
        warnings.warn("The root is never accelerated: PFC is 0.", stacklevel=2)
        return 0.0
    feet = joints[:, _ANKLES_AND_TOES][..., [0, 2]]
    slide = np.linalg.norm(feet[2 * span :] - feet[span:-span], axis=2)
    force /= force.max() if rules.peak_divided else GRAVITY_M_S2
    if not rules.peak_divided:
        slide /= step_s
    return float((np.minimum(slide[:, :2], slide[:, 2:]).prod(axis=1) * force).mean() * 1e4)
