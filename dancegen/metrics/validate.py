"""What every metric checks first."""

from __future__ import annotations

import numpy as np
from mir_eval.util import validate_events


def validate_joints(joints: np.ndarray, fps: float) -> None:
    """Check joint positions.

    Args:
        joints: (T, 24, 3) metres, y up.
        fps: frames per second.

    Raises:
        ValueError: another shape, a value that is not finite, or a frame rate that is not positive.
    """
    if joints.ndim != 3 or joints.shape[1:] != (24, 3):
        raise ValueError(f"joints must be (T, 24, 3), got {joints.shape}")
    if not np.isfinite(joints).all():
        raise ValueError("joints hold values that are not finite")
    if not fps > 0:
        raise ValueError(f"fps must be positive, got {fps}")


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
