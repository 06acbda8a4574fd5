"""Foot skating: how much feet slide while they stand.

Three measures, all on y-up joints with the floor at y = 0:

* :func:`foot_slide`, in mm/s: horizontal speed of foot joints while they are in contact. Sound when contacts come from
  the generator; with contacts found by speed and height it cannot see slides faster than 0.3 m/s, because they are no
  contact then; :func:`dancegen.metrics.contact_slide.contact_slide` can.
* :func:`support_speed`, in mm/s: at each frame some part of a foot carries the body, so the slowest horizontal speed
  among the foot joints near the floor should be nearly zero. Needs no contact detection and forgives turns on the ball
  of the foot; frames in the air are left out.
* :func:`foot_skating`, the ratio of Lodge (Li et al. 2024): share of contact frames with a movement of more than 1 cm
  in 1/30 s. The published one (protocol ``lodge``, :func:`foot_skating_ratio`) takes the signed mean of the movements
  along x and z, so that diagonal slides can cancel and the value changes when the dance is turned, counts the turn of
  a foot on its ball as a slide, and has its ground at the toes of the first frame. Protocol ``sound`` takes the
  horizontal speed of the slower of ankle and toe. Both see only slides of 0.3 m/s and more.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from dancegen.metrics.frame_rate import METRIC_FPS, at_metric_rate
from dancegen.metrics.protocols import LODGE, SOUND, Protocol, protocol_named
from dancegen.metrics.validate import validate_joints
from motionbeat.contacts import HEIGHT_ON_M, detect_contacts
from motionbeat.skeleton import FOOT_JOINTS


def foot_slide(joints: np.ndarray, fps: float, contacts: np.ndarray | None = None) -> float:
    """Mean horizontal speed of foot joints in contact, in mm/s.

    Args:
        joints: (T, 24, 3) metres, y up, floor at 0.
        fps: frames per second.
        contacts: (T, 4) in [0, 1], counted above 0.5; detected from the joints, read at 30 fps, when None.

    Returns:
        mm/s, over all steps between two frames that are both in contact. No such step: a warning and NaN.

    Raises:
        ValueError: malformed joints, contacts or frame rate.
    """
    validate_joints(joints, fps)
    if contacts is None:
        joints, fps = at_metric_rate(joints, fps), METRIC_FPS
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
    """Mean over frames at 30 fps of the slowest horizontal speed among foot joints near the floor, in mm/s.

    Near the floor is below 12.5 cm for the ankle and 7 cm for the toe, at both ends of the step between two frames.
    No such frame: a warning and NaN.

    Raises:
        ValueError: malformed joints or frame rate.
    """
    joints, fps = at_metric_rate(joints, fps), METRIC_FPS
    low = joints[:, FOOT_JOINTS, 1] < np.array(HEIGHT_ON_M)
    low = low[1:] & low[:-1]
    if not low.any():
        warnings.warn("No foot is near the floor: support speed is NaN.", stacklevel=2)
        return math.nan
    speed = np.where(low, _horizontal_speed(joints, fps), np.inf).min(axis=1)
    return float(speed[np.isfinite(speed)].mean() * 1e3)


def foot_skating(joints: np.ndarray, fps: float, protocol: Protocol | str = SOUND) -> float:
    """Share of the frames in which a foot stands where it slides, in [0, 1].

    Args:
        joints: (T, 24, 3) metres, y up, floor at 0 (``sound``) or anywhere (``lodge``).
        fps: frames per second.
        protocol: ``sound`` or ``lodge``; see the module. Lodge's ground is at the toes of the first frame (their mean,
            or the lower when they differ by 2 cm or more).

    Returns:
        Mean of the shares of the two feet; a foot that never stands is left out, and if neither does: a warning and
        NaN.

    Raises:
        ValueError: malformed joints or frame rate, a body that does not stand along y in metres, another frame rate
            than that of a published protocol, or a protocol without this ratio.
    """
    protocol = protocol_named(protocol)
    rules = protocol.foot_skating_rules
    joints = protocol.joints_at_rate(joints, fps)
    span = rules.step_frames
    if len(joints) < span + 1:
        warnings.warn("Too few frames for a speed: foot skating is NaN.", stacklevel=2)
        return math.nan
    ground = _first_ground(joints) if rules.floor == "first_frame" else 0.0
    velocity = (joints[span:] - joints[:-span])[..., [0, 2]] * (protocol.fps / span)
    shares = []
    for feet in ((7, 10), (8, 11)):
        low = np.all(joints[:, feet, 1] <= ground + np.array([rules.ankle_m, rules.toe_m]), axis=1)
        if rules.slide == "signed_mean":
            fast = (np.abs(velocity[:, feet].mean(axis=2)) > rules.slide_m_s).any(axis=1)
            slides = fast & low[:-span]
        else:
            low = low[span:] & low[:-span]
            slides = low & (np.linalg.norm(velocity[:, feet], axis=2) > rules.slide_m_s).all(axis=1)
        if low.any():
            shares.append(np.count_nonzero(slides) / np.count_nonzero(low))
    if not shares:
        warnings.warn(f"No foot stands by the rule of protocol {protocol.name}: foot skating is NaN.", stacklevel=2)
        return math.nan
    return float(np.mean(shares))


def foot_skating_ratio(joints: np.ndarray, fps: float) -> float:
    """Lodge's foot skating ratio of motion of any frame rate: read at 30 fps, then :func:`foot_skating`."""
    return foot_skating(at_metric_rate(joints, fps), METRIC_FPS, LODGE)


def _first_ground(joints: np.ndarray) -> float:
    toes = joints[0, [10, 11], 1]
    return float(toes.mean() if abs(toes[0] - toes[1]) < 0.02 else toes.min())


def _horizontal_speed(joints: np.ndarray, fps: float) -> np.ndarray:
    """(T - 1, 4) m/s of the foot joints."""
    return np.linalg.norm(np.diff(joints[:, FOOT_JOINTS][..., [0, 2]].astype(np.float64), axis=0), axis=2) * fps
