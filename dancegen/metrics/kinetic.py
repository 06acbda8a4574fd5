"""Kinetic features: how fast and how hard each joint moves, 72 numbers for a dance.

Aim: the space in which FID_k and Div_k are measured. For each joint the mean squared horizontal speed, the mean
squared vertical speed (both of velocities averaged over a few frames) and the mean norm of the acceleration, averaged
alike.

Source: Onuma, Faloutsos and Hodgins 2008 (FMDistance), by way of fairmotion, ``aistplusplus_api`` and Bailando. The
published code takes p - p' / dt for the earlier velocity in the acceleration; its third number is therefore about
3600 times the distance of the joint from the origin, and that, not the dance, decides most of the published FID_k.
Protocol ``sound`` mends it.

Known flaws: squared speeds are far from Gaussian, and neighbouring joints repeat each other.
"""

from __future__ import annotations

import warnings

import numpy as np

from dancegen.metrics.protocols import SOUND, Protocol, protocol_named


def kinetic_features(joints: np.ndarray, fps: float, protocol: Protocol | str = SOUND) -> np.ndarray:
    """Kinetic features of a dance.

    Args:
        joints: (T, 24, 3) metres, y up.
        fps: frames per second.
        protocol: see :mod:`dancegen.metrics.protocols`. Nothing is cropped here; see :meth:`Protocol.measured`.

    Returns:
        (72,) float64, or (66,) for the 22 joints of ``lodge``: for each joint horizontal and vertical mean squared
        speed in m^2/s^2 and mean acceleration in m/s^2 (by the protocol's dt). Fewer than three frames at the
        protocol's frame rate: a warning and NaN.

    Raises:
        ValueError: malformed joints or frame rate, a body that does not stand along y in metres, another frame rate
            than that of a published protocol.
    """
    protocol = protocol_named(protocol)
    rules = protocol.feature_rules
    place = rules.rooted(protocol.joints_at_rate(joints, fps))
    if len(place) < 3:
        warnings.warn("Fewer than three frames: kinetic features are NaN.", stacklevel=2)
        return np.full(3 * rules.joint_count, np.nan)
    step_s = rules.kinetic_step_s
    steps = np.diff(place, axis=0)
    velocity = _averaged(steps / step_s, len(place), rules.kinetic_reach)
    earlier = steps[:-1] / step_s if rules.acceleration == "mended" else place[1:-1] - place[:-2] / step_s
    acceleration = _averaged((steps[1:] / step_s - earlier) / step_s, len(place), rules.kinetic_reach)
    horizontal = (velocity[..., [0, 2]] ** 2).sum(axis=2).mean(axis=0)
    vertical = (velocity[..., 1] ** 2).mean(axis=0)
    expenditure = np.linalg.norm(acceleration, axis=2).mean(axis=0)
    return np.stack([horizontal, vertical, expenditure], axis=1).reshape(-1)


def _averaged(values: np.ndarray, frames: int, reach: int) -> np.ndarray:
    """(frames - 1, J, 3) means of ``values`` (n, J, 3), each over ``reach`` to both sides; fewer at the ends."""
    total = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
    centre = np.arange(frames - 1)
    first = np.maximum(centre - reach, 0)
    stop = np.minimum(centre + reach + 1, len(values))
    return (total[stop] - total[first]) / (stop - first)[:, None, None]
