"""What every metric checks first."""

from __future__ import annotations

import numpy as np
from mir_eval.util import validate_events

from motionbeat.motion import FPS_RANGE

_NECK, _ANKLES = 12, [7, 8]
_TALLEST_M = 4.0
_MOSTLY = 0.9
"""Share of its length by which a body has to lie along one direction, on average over a motion, to be taken for it."""


def validate_joints(joints: np.ndarray, fps: float) -> None:
    """Check joint positions.

    Args:
        joints: (T, 24, 3) metres, y up.
        fps: frames per second.

    Raises:
        ValueError: another shape, a value that is not finite, or a frame rate outside of
            :data:`motionbeat.motion.FPS_RANGE` (the time of a frame in place of the rate, for one).
    """
    if joints.ndim != 3 or joints.shape[1:] != (24, 3):
        raise ValueError(f"joints must be (T, 24, 3), got {joints.shape}")
    if not np.isfinite(joints).all():
        raise ValueError("joints hold values that are not finite")
    if not FPS_RANGE[0] <= fps <= FPS_RANGE[1]:
        low, high = FPS_RANGE
        raise ValueError(f"fps must be {low:g} to {high:g} frames per second, got {fps}")


def validate_upright(joints: np.ndarray) -> None:
    """Check that a body stands along y, in metres, as far as a motion shows it.

    The way from the ankles to the neck is averaged over all frames, so that floor work and turns pass: a body has to
    lie in one horizontal direction, or on its head, for nearly the whole motion to be refused.

    Args:
        joints: (T, 24, 3), already checked by :func:`validate_joints`.

    Raises:
        ValueError: y does not look like the way up, or the body is over four metres tall.
    """
    if not len(joints):
        return
    body = joints[:, _NECK] - joints[:, _ANKLES].mean(axis=1)
    length = np.linalg.norm(body, axis=1).mean()
    if length > _TALLEST_M:
        raise ValueError(f"ankles and neck are {length:.0f} m apart: joints must be in metres")
    along = body.mean(axis=0)
    if np.hypot(along[0], along[2]) > _MOSTLY * length or along[1] < -_MOSTLY * length:
        way = "xyz"[int(np.abs(along).argmax())]
        sign = "-" if along["xyz".index(way)] < 0 else "+"
        raise ValueError(f"the body stands along {sign}{way} for the whole motion: joints must be y up")


def validate_times(times: np.ndarray, name: str) -> None:
    """Check event times: one dimension, finite, ascending, in seconds.

    Raises:
        ValueError: with ``name`` in the message.
    """
    if not np.isfinite(times).all():
        raise ValueError(f"{name} hold values that are not finite")
    try:
        validate_events(times)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def validate_features(*sets: np.ndarray) -> None:
    """Check matrices of features: (n, d) each, d at least 1 and the same, finite.

    Raises:
        ValueError: of what is wrong.
    """
    for features in sets:
        if features.ndim != 2 or not features.shape[1] or features.shape[1] != sets[0].shape[1]:
            shapes = " and ".join(str(each.shape) for each in sets)
            raise ValueError(f"features must be (n, d), with the same d, got {shapes}")
        if not np.isfinite(features).all():
            raise ValueError("features hold values that are not finite: leave out dances that are too short")


def validate_groups(groups: np.ndarray | None, samples: int) -> np.ndarray:
    """Check what samples belong to, and number it.

    Args:
        groups: (samples,) names, or None for each its own.

    Returns:
        (samples,) int from 0 on.

    Raises:
        ValueError: another shape.
    """
    groups = np.arange(samples) if groups is None else np.asarray(groups)
    if groups.shape != (samples,):
        raise ValueError(f"groups must be ({samples},), got {groups.shape}")
    return np.unique(groups, return_inverse=True)[1]
