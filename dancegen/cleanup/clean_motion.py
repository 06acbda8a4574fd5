"""The stages of the cleanup in their order."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d, maximum_filter1d
from scipy.spatial.transform import Rotation

from dancegen.cleanup.floor import height_correction
from dancegen.cleanup.foot_lock import FootGoal, foot_goals
from dancegen.cleanup.leg_ik import LEGS, longest_reach, reach
from dancegen.cleanup.smoothing import smoothed
from motionbeat.contacts import contact_states, detect_contacts
from motionbeat.errors import UserError
from motionbeat.motion import Motion, forward_kinematics
from motionbeat.skeleton import FOOT_JOINTS

MAX_PLANTED_SPEED_M_S = 1.2
"""A foot joint that moves faster is not planted, whatever the contacts say."""
MAX_DROP_M = 0.08
"""The pelvis is not lowered by more than this to let a foot reach the floor."""
DROP_S = 4 / 30
"""How long the pelvis takes to sink or rise again."""
SHORTEST_FRAMES = 5


def clean_motion(motion: Motion, smooth: bool = True, lock_feet: bool = True, follow_feet: bool = True) -> Motion:
    """Clean a generated dance.

    Light smoothing; the body's height over the floor; the root's path corrected by the planted feet; feet locked where
    they are planted, level on the floor and never below it, by two-bone inverse kinematics of the legs with the pelvis
    lowered where a leg would be too short. Number of frames and frame rate stay, and so do the times of all accents:
    no stage has a delay. Cost and memory are linear in length.

    Args:
        motion: the dance, with the contacts that the generator predicted, if it did; feet that are slow and low are
            taken for planted as well.
        smooth: whether to take jitter away.
        lock_feet: whether to correct the feet at all (place, height, floor).
        follow_feet: whether the root's path may follow the planted feet; needs ``lock_feet``.

    Returns:
        The dance with ``contacts`` of 0 and 1: what was held. Shorter than five frames: as given.

    Raises:
        UserError: the motion holds values that are not finite.
    """
    given = (motion.poses, motion.trans) if motion.contacts is None else (motion.poses, motion.trans, motion.contacts)
    if not all(np.isfinite(values).all() for values in given):
        raise UserError("The motion holds values that are not finite. Generate it again, with another seed.")
    if len(motion) < SHORTEST_FRAMES:
        return motion
    poses, trans = motion.poses.astype(np.float64), motion.trans.astype(np.float64)
    if smooth:
        poses, trans = smoothed(poses, trans, motion.fps)
    contacts = motion.contacts
    if lock_feet:
        poses, trans, planted = _with_locked_feet(poses, trans, contacts, motion.fps, follow_feet)
        contacts = planted.astype(np.float32)
    return Motion(poses.astype(np.float32), trans.astype(np.float32), motion.fps, contacts)


def _with_locked_feet(
    poses: np.ndarray, trans: np.ndarray, contacts: np.ndarray | None, fps: float, follow_feet: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Poses (T, 24, 3), path (T, 3) and the contacts (T, 4) bool that were held."""
    frames = len(poses)
    local = Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix().reshape(frames, 24, 3, 3)
    positions, turns = (
        value.numpy() for value in forward_kinematics(torch.from_numpy(local), torch.from_numpy(trans))
    )
    feet = positions[:, FOOT_JOINTS]
    planted = _planted(positions, contacts, fps)
    trans = trans.copy()

    raise_m = height_correction(feet[:, :2], feet[:, 2:], planted[:, :2] | planted[:, 2:], fps)
    positions[..., 1] += raise_m[:, None]
    trans[:, 1] += raise_m
    path, goals = foot_goals(positions, turns, planted, fps, follow_feet)
    positions[..., [0, 2]] += path[:, None]
    trans[:, [0, 2]] += path
    drop = _pelvis_drop(positions, goals, planted, fps)
    trans[:, 1] -= drop
    poses = poses.copy()
    for leg, goal in zip(LEGS, goals, strict=True):
        hip, knee, ankle = (positions[:, joint] for joint in (leg.hip, leg.knee, leg.ankle))
        lower = np.stack([np.zeros(frames), drop, np.zeros(frames)], axis=1)
        # The leg is seen from its hip, so lowering the pelvis is the same as raising the foot's goal.
        thigh, shin = reach(leg, hip, knee, ankle, turns[:, leg.hip], turns[:, leg.knee], goal.ankle + lower)
        for joint, parent_turn, turn in (
            (leg.hip, turns[:, 0], thigh),
            (leg.knee, thigh, shin),
            (leg.ankle, shin, goal.turn),
            (leg.toe, goal.turn, goal.toe_turn),
        ):
            poses[:, joint] = Rotation.from_matrix(np.swapaxes(parent_turn, -1, -2) @ turn).as_rotvec()
    return poses, trans, planted


def _planted(positions: np.ndarray, contacts: np.ndarray | None, fps: float) -> np.ndarray:
    """(T, 4) bool, which foot joints are to stand: those that the generator says and that are not clearly under way,
    and those that are slow and low anyway (a generator unsure of its contacts lets feet glide there)."""
    feet = positions[:, FOOT_JOINTS]
    if contacts is None:
        said = np.zeros((len(feet), 4), dtype=bool)
    else:
        speed = np.linalg.norm(np.gradient(feet, axis=0), axis=-1) * fps
        said = contact_states(contacts) & (speed < MAX_PLANTED_SPEED_M_S)
    rise = height_correction(feet[:, :2], feet[:, 2:], said[:, :2] | said[:, 2:], fps)
    seen = detect_contacts(positions + np.array([0.0, 1.0, 0.0]) * rise[:, None, None], fps) > 0
    return said | seen


def _pelvis_drop(positions: np.ndarray, goals: list[FootGoal], planted: np.ndarray, fps: float) -> np.ndarray:
    """(T,) metres by which the pelvis must sink so that each planted foot is within reach, smooth in time."""
    need = np.zeros(len(positions))
    for foot, (leg, goal) in enumerate(zip(LEGS, goals, strict=True)):
        hip = positions[:, leg.hip]
        aside = np.linalg.norm((goal.ankle - hip)[:, [0, 2]], axis=1)
        longest = longest_reach(leg, hip, positions[:, leg.ankle])
        short = hip[:, 1] - goal.ankle[:, 1] - np.sqrt(np.maximum(longest**2 - aside**2, 0.0))
        need = np.maximum(need, np.where(planted[:, foot] | planted[:, foot + 2], short, 0.0))
    width = DROP_S * fps
    return gaussian_filter1d(maximum_filter1d(np.clip(need, 0.0, MAX_DROP_M), 2 * round(width) + 1), width / 2)
