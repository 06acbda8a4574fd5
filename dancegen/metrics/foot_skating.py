"""Foot skating: how much feet slide while they stand.

Three measures, all on y-up joints with the floor at y = 0:

* :func:`foot_slide`, in mm/s: horizontal speed of foot joints while they are in contact. Sound when contacts come from
  the generator; with contacts found by speed and height it cannot see slides faster than 0.3 m/s, because they are no
  contact then.
* :func:`support_speed`, in mm/s: at each frame some part of a foot carries the body, so the slowest horizontal speed
  among the foot joints near the floor should be nearly zero. Needs no contact detection and forgives turns on the ball
  of the foot; frames in the air are left out.
* :func:`foot_skating_ratio`, Lodge's (Li et al. 2024): share of contact frames with more than 1 cm of movement.
  Known flaws: it takes the signed mean of the x and z movement, so diagonal slides can cancel and the value changes
  when the dance is turned; it sees only slides of 0.3 m/s and more; and its ground is that of the first frame alone.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from dancegen.metrics.validate import validate_joints
from motionbeat.contacts import HEIGHT_ON_M, detect_contacts
from motionbeat.skeleton import FOOT_JOINTS

LODGE_ANKLE_M, LODGE_TOE_M, LODGE_STEP_M = 0.08, 0.05, 0.01


def foot_slide(joints: np.ndarray, fps: float, contacts: np.ndarray | None = None) -> float:
    """Mean horizontal speed of foot joints in contact, in mm/s.

    Args:
        joints: (T, 24, 3) metres, y up, floor at 0.
        fps: frames per second.
        contacts: (T, 4) in [0, 1], counted above 0.5; detected from the joints when None.

    Returns:
        mm/s, over all steps between two frames that are both in contact. No such step: a warning and NaN.

    Raises:
        ValueError: malformed joints, contacts or frame rate.
    """
    validate_joints(joints, fps)
    if contacts is None:
        contacts = detect_contacts(joints, fps)
    if contacts.shape != (len(joints), 4):
        raise ValueError(f"contacts must be ({len(joints)}, 4), got {contacts.shape}")
    down = contacts > 0.5
    both = down[1:] & down[:-1]
    if not both.any():
        warnings.warn("No foot is in contact: foot slide is NaN.", stacklevel=2)
        return math.nan
    return float(_horizontal_speed(joints, fps)[both].mean() * 1e3)


def support_speed(joints: np.ndarray, fps: float) -> float:
    """Mean over frames of the slowest horizontal speed among foot joints near the floor, in mm/s.

    Near the floor is below 12.5 cm for the ankle and 7 cm for the toe, at both ends of the step between two frames.
    No such frame: a warning and NaN.

    Raises:
        ValueError: malformed joints or frame rate.
    """
    validate_joints(joints, fps)
    low = joints[:, FOOT_JOINTS, 1] < np.array(HEIGHT_ON_M)
    low = low[1:] & low[:-1]
    if not low.any():
        warnings.warn("No foot is near the floor: support speed is NaN.", stacklevel=2)
        return math.nan
    speed = np.where(low, _horizontal_speed(joints, fps), np.inf).min(axis=1)
    return float(speed[np.isfinite(speed)].mean() * 1e3)


def foot_skating_ratio(joints: np.ndarray, fps: float) -> float:
    """Lodge's foot skating ratio in [0, 1]; see the module for its flaws.

    The clip is put on the ground by the toes of its first frame (their mean, or the lower when they differ by 2 cm or
    more). Movement is counted over 1/30 s whatever the frame rate.

    Returns:
        Mean of the ratios of the two feet; a foot without contact frames is left out, and without any: a warning and
        NaN.

    Raises:
        ValueError: malformed joints or frame rate.
    """
    validate_joints(joints, fps)
    if len(joints) < 2:
        warnings.warn("Fewer than two frames: foot skating is NaN.", stacklevel=2)
        return math.nan
    toes = joints[0, [10, 11], 1]
    ground = toes.mean() if abs(toes[0] - toes[1]) < 0.02 else toes.min()
    step = np.diff(joints[..., [0, 2]], axis=0).mean(axis=2) * (fps / 30.0)
    ratios = []
    for ankle, toe in ((7, 10), (8, 11)):
        contact = (joints[:, ankle, 1] <= ground + LODGE_ANKLE_M) & (joints[:, toe, 1] <= ground + LODGE_TOE_M)
        if contact.any():
            slides = (np.abs(step[:, [ankle, toe]]) > LODGE_STEP_M).any(axis=1) & contact[:-1]
            ratios.append(np.count_nonzero(slides) / np.count_nonzero(contact))
    if not ratios:
        warnings.warn("No frame is a contact by Lodge's rule: foot skating is NaN.", stacklevel=2)
        return math.nan
    return float(np.mean(ratios))


def _horizontal_speed(joints: np.ndarray, fps: float) -> np.ndarray:
    """(T - 1, 4) m/s of the foot joints."""
    return np.linalg.norm(np.diff(joints[:, FOOT_JOINTS][..., [0, 2]].astype(np.float64), axis=0), axis=2) * fps
