"""Motion as 151 numbers a frame, seen from the dancer's own heading.

The layout is that of EDGE (Tseng et al. 2023): 4 foot contacts, 3 values of root translation, 24 joints in 6D (the
first two columns of the rotation matrix, Zhou et al. 2019). Our difference: the root is written from frame to frame
and in the heading of the frame before, so that the numbers do not depend on where the dancer stands or which way
they face, any crop is a valid window, and overlapping windows can be averaged.

====================  =======================================================================================
channels              meaning
====================  =======================================================================================
0-3                   contact of left ankle, right ankle, left toe, right toe, 0 or 1
4, 6                  pelvis displacement since the frame before, x and z, metres, in the heading of the frame before
5                     pelvis height, metres
7-12                  root orientation in the heading of the frame before, 6D
13-150                the other 23 joints' local rotations, 6D
====================  =======================================================================================

The heading of a frame is the angle about the y axis of the pelvis' forward (+z) direction. It is not defined for a
body lying on its front or back; floor work is out of scope.
"""

from __future__ import annotations

import numpy as np
import roma
import torch

from motionbeat.contacts import detect_contacts
from motionbeat.motion import Motion, forward_kinematics

FEATURE_DIM = 151
CONTACT = slice(0, 4)
TRANSLATION = slice(4, 7)
ROTATION = slice(7, 151)
MOTION_FPS = 30
"""Frame rate of every model in this project."""


def heading(rotation: torch.Tensor) -> torch.Tensor:
    """Angle in radians about y of the forward direction of rotation matrices (..., 3, 3)."""
    return torch.atan2(rotation[..., 0, 2], rotation[..., 2, 2])


def turn_about_y(angle: torch.Tensor) -> torch.Tensor:
    """(..., 3, 3) rotation matrices of angles in radians about the y axis."""
    cos, sin = torch.cos(angle), torch.sin(angle)
    zero, one = torch.zeros_like(angle), torch.ones_like(angle)
    return torch.stack([cos, zero, sin, zero, one, zero, -sin, zero, cos], dim=-1).unflatten(-1, (3, 3))


def motion_to_features(motion: Motion) -> np.ndarray:
    """(T, 151) float32 features of a motion; contacts are detected when the motion carries none.

    The first frame has no frame before it: its displacement is 0 and its heading is taken as its own, so turning or
    moving the whole motion on the floor changes nothing.
    """
    contacts = motion.contacts if motion.contacts is not None else detect_contacts(motion.joints(), motion.fps)
    rotations = roma.rotvec_to_rotmat(torch.from_numpy(motion.poses.astype(np.float64)))
    trans = torch.from_numpy(motion.trans.astype(np.float64))
    yaw = heading(rotations[:, 0])
    before = torch.cat([yaw[:1], yaw[:-1]])
    unturn = turn_about_y(-before)
    step = torch.cat([torch.zeros(1, 3, dtype=trans.dtype), trans[1:] - trans[:-1]])
    step = (unturn @ step[..., None])[..., 0]
    root = torch.stack([step[:, 0], trans[:, 1], step[:, 2]], dim=-1)
    rotations[:, 0] = unturn @ rotations[:, 0]
    sixd = rotations[..., :2].transpose(-1, -2).reshape(len(motion), 144)
    return torch.cat([torch.from_numpy(contacts.astype(np.float64)), root, sixd], dim=-1).float().numpy()


def feature_rotations(features: torch.Tensor) -> torch.Tensor:
    """(..., 24, 3, 3) rotation matrices in features (..., 151), orthonormalised by Gram-Schmidt."""
    columns = features[..., ROTATION].unflatten(-1, (24, 2, 3)).transpose(-1, -2)
    return roma.special_gramschmidt(columns, epsilon=1e-8)


def heading_frame_joints(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Joint positions seen from the dancer's heading, and how the joints move over the floor.

    Args:
        features: (..., T, 151).

    Returns:
        positions (..., T, 24, 3) in metres, pelvis above the origin, in the heading of the frame before;
        steps (..., T - 1, 24, 3): displacement of each joint over the floor from frame t to t + 1 in metres, in the
        heading of frame t.
    """
    rotations = feature_rotations(features)
    height = features[..., 5]
    pelvis = torch.stack([torch.zeros_like(height), height, torch.zeros_like(height)], dim=-1)
    positions, _ = forward_kinematics(rotations, pelvis)
    own = turn_about_y(-heading(rotations[..., 0, :, :]))
    here = torch.einsum("...ij,...kj->...ki", own, positions)
    moved = torch.stack([features[..., 4], torch.zeros_like(height), features[..., 6]], dim=-1)
    steps = positions[..., 1:, :, :] + moved[..., 1:, None, :] - here[..., :-1, :, :]
    return positions, steps


def features_to_motion(features: np.ndarray, fps: float = MOTION_FPS) -> Motion:
    """The motion that features (T, 151) describe, starting above the origin and facing +z; inverse of
    :func:`motion_to_features` up to a turn and a shift on the floor."""
    values = torch.from_numpy(np.asarray(features, dtype=np.float64))
    rotations = feature_rotations(values).clone()
    turns = heading(rotations[:, 0])
    yaw = torch.cumsum(turns, dim=0)
    before = yaw - turns
    turn = turn_about_y(before)
    rotations[:, 0] = turn @ rotations[:, 0]
    step = torch.stack([values[:, 4], torch.zeros(len(values), dtype=values.dtype), values[:, 6]], dim=-1)
    trans = torch.cumsum((turn @ step[..., None])[..., 0], dim=0)
    trans[:, 1] = values[:, 5]
    poses = roma.rotmat_to_rotvec(rotations)
    contacts = values[:, CONTACT].clamp(0, 1).float().numpy()
    return Motion(poses.float().numpy(), trans.float().numpy(), fps, contacts)
