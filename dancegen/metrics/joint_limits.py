"""Joint limits: how far joints turn beyond what a body can do.

Aim: knees that bend forwards, feet that turn backwards and broken necks, in degrees and as a share of frames.

Method. A local rotation is cut into swing and twist (Dobrowolski 2015, Swing-twist decomposition in Clifford algebra):
first a twist about the limb's own axis (y for legs and spine, x for arms), then a swing that turns the limb about an
axis across it. Each of the three components has a lower and an upper limit. What a goniometer measures as one is
judged as one: the three spine joints together, neck with head, collar with shoulder; the forearm's twist is what elbow
and wrist twist together.

Limits (:data:`LIMITS`): ranges of healthy adults as commonly tabulated after American Academy of Orthopaedic Surgeons
1965, Joint Motion: Method of Measuring and Recording (taken from such tables, not from the book), written in the axes
of the skeleton and widened by :data:`TOLERANCE_DEG`. Where they have no value (twist of ankle and knee, side bend of
the knee, arm moved backwards) it is ours and marked so.

Known flaws: dancers go beyond the range of healthy adults (turned-out hips, above all), and recordings fitted to this
skeleton beyond any body, so ground truth is not at 0: compare with that of the same style. Limits are a box for each
joint, while real ones depend on each other. Components are not a goniometer's angles where swing and twist are both
large. Not judged: the twist of the shoulder, which depends on the way the arm went up; the side bend of the elbow,
because recordings leave some of the upper arm's twist to the elbow; fingers and toes.
"""

from __future__ import annotations

import functools
import math
import operator
import warnings
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from motionbeat.skeleton import JOINT_NAMES

TOLERANCE_DEG = 10.0
"""Added to both ends of every limit: spread of healthy adults and of the skeletons that motion was fitted to."""


@dataclass(frozen=True)
class Limit:
    """Range of a joint, in degrees from the rest pose (arms held out, palms down), for the left side.

    Attributes:
        name: what is judged; right and left are told apart in the result.
        joints: the joints whose rotations make it, from the pelvis outwards, with ``side_`` for left or right.
        twist: axis of the limb, ``x`` or ``y``.
        x, y, z: lower and upper end of each component; None where it is not judged.
        added: whether the joints' components are added up (twists along a limb that bends in between) instead of
            taken from the rotation that they make together.
    """

    name: str
    joints: tuple[str, ...]
    twist: str
    x: tuple[float, float] | None
    y: tuple[float, float] | None
    z: tuple[float, float] | None
    added: bool = False


LIMITS: tuple[Limit, ...] = (
    # flexion 120, extension 30; external rotation 45, internal 45; abduction 45, adduction 30
    Limit("hip", ("side_hip",), "y", (-120, 30), (-45, 45), (-30, 45)),
    # hyperextension 10, flexion 135; twist and side bend are ours
    Limit("knee", ("side_knee",), "y", (-10, 135), (-30, 30), (-15, 15)),
    # dorsiflexion 20, plantar flexion 50; toes in and out are ours; inversion 35, eversion 20
    Limit("ankle", ("side_ankle",), "y", (-20, 50), (-30, 30), (-35, 20)),
    # arm forward across the body 135, backward 45 (ours); down 90 and adducted 30, up 90 above the rest pose
    Limit("shoulder", ("side_collar", "side_shoulder"), "x", None, (-135, 45), (-120, 90)),
    # flexion 150, hyperextension 0
    Limit("elbow", ("side_elbow",), "x", None, (-150, 0), None),
    # pronation 80, supination 80
    Limit("forearm", ("side_elbow", "side_wrist"), "x", (-80, 80), None, None, added=True),
    # radial deviation 20, ulnar 30; flexion 80, extension 70
    Limit("wrist", ("side_wrist",), "x", None, (-20, 30), (-80, 70)),
    # flexion 80, extension 25; rotation 45; side bend 35
    Limit("spine", ("spine1", "spine2", "spine3"), "y", (-25, 80), (-45, 45), (-35, 35)),
    # flexion 45, extension 45; rotation 60; side bend 45
    Limit("neck", ("neck", "head"), "y", (-45, 45), (-60, 60), (-45, 45)),
)
"""Ranges before :data:`TOLERANCE_DEG`."""


@dataclass(frozen=True)
class JointLimits:
    """How often and how far joints leave their range.

    Attributes:
        share: share of frames with any joint out of range.
        excess_deg: mean over all frames of the largest excess, degrees; 0 in frames without.
        worst_deg: largest excess of all frames, degrees.
        by_joint: share of frames out of range of each joint, ``left_hip`` or ``spine`` for instance.
    """

    share: float
    excess_deg: float
    worst_deg: float
    by_joint: dict[str, float]


def joint_limits(poses: np.ndarray, valid: np.ndarray | None = None) -> JointLimits:
    """Violations of joint limits.

    Args:
        poses: (T, 24, 3) local rotations as axis-angle vectors in radians. The frame rate does not matter.
        valid: (T,) bool; frames where it is False are left out. None keeps all.

    Returns:
        The violations. No frames: a warning and NaN.

    Raises:
        ValueError: malformed poses or ``valid``.
    """
    if poses.ndim != 3 or poses.shape[1:] != (24, 3):
        raise ValueError(f"poses must be (T, 24, 3), got {poses.shape}")
    if not np.isfinite(poses).all():
        raise ValueError("poses hold values that are not finite")
    if valid is not None:
        if valid.shape != (len(poses),) or valid.dtype != bool:
            raise ValueError(f"valid must be ({len(poses)},) bool, got {valid.shape} {valid.dtype}")
        poses = poses[valid]
    if not len(poses):
        warnings.warn("Motion is empty: no joint limits.", stacklevel=2)
        return JointLimits(math.nan, math.nan, math.nan, {})
    excess = {
        f"{side}_{limit.name}" if side else limit.name: _excess(poses, limit, side)
        for limit in LIMITS
        for side in (("left", "right") if limit.joints[0].startswith("side_") else ("",))
    }
    largest = np.max(list(excess.values()), axis=0)
    return JointLimits(
        share=float((largest > 0).mean()),
        excess_deg=float(largest.mean()),
        worst_deg=float(largest.max()),
        by_joint={name: float((degrees > 0).mean()) for name, degrees in excess.items()},
    )


def _excess(poses: np.ndarray, limit: Limit, side: str) -> np.ndarray:
    """(T,) degrees by which the component that is furthest out of its range is out of it; 0 or more."""
    axis = "xyz".index(limit.twist)
    names = [name.replace("side_", f"{side}_") for name in limit.joints]
    rotations = [Rotation.from_rotvec(poses[:, JOINT_NAMES.index(name)].astype(np.float64)) for name in names]
    if limit.added:
        components = np.sum([_swing_twist_deg(rotation, axis) for rotation in rotations], axis=0)
    else:
        components = _swing_twist_deg(functools.reduce(operator.mul, rotations), axis)
    if side == "right":  # the mirror image of a rotation keeps its component about x
        components = components * np.array([1, -1, -1])
    out = np.zeros(len(poses))
    for component, ends in enumerate((limit.x, limit.y, limit.z)):
        if ends is not None:
            low, high = ends[0] - TOLERANCE_DEG, ends[1] + TOLERANCE_DEG
            out = np.maximum(out, np.maximum(low - components[:, component], components[:, component] - high))
    return out


def _swing_twist_deg(rotation: Rotation, axis: int) -> np.ndarray:
    """(T, 3) degrees: the twist about ``axis`` in its component, the swing (a rotation vector) in the others."""
    quaternion = rotation.as_quat(canonical=True)
    twist = np.zeros_like(quaternion)
    twist[:, [axis, 3]] = quaternion[:, [axis, 3]]
    twist[np.linalg.norm(twist, axis=1) < 1e-9, 3] = 1.0  # a swing of 180 degrees has no twist of its own
    turn = Rotation.from_quat(twist)
    components = (rotation * turn.inv()).as_rotvec()
    components[:, axis] = turn.as_rotvec()[:, axis]
    return np.degrees(components)
