"""A camera that keeps one or more dancers in the frame without jerking.

The camera keeps its direction for a whole clip and only glides: it follows the dancer when they leave a small circle
around the point it looks at, and moves back when the body needs more room. Both movements are computed over the whole
clip, so the camera never lags behind and never overshoots.

The stage is seen along -z: :func:`face_camera` turns a motion so that the dancer faces the camera (+z) on average.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.spatial.transform import Rotation

from motionbeat.motion import Motion
from motionbeat.skeleton import JOINT_NAMES

PITCH_RAD = np.deg2rad(8.0)
"""How far the camera looks down."""
FOCAL_PER_SIDE = 1.85
"""Focal length per side of a square picture, about 30 degrees of view: a calm perspective."""
SLACK_M = 0.25
"""Radius of the circle in which the dancer may move before the camera follows."""
GLIDE_S = 1.2
"""Seconds over which the camera's way is smoothed."""
SAFE_SHARE = 0.92
"""Share of the frame, from its middle to its edge, in which the body stays."""
BODY_PAD_M = 0.13
"""Flesh around a joint: hands, feet, hips."""
HEAD_PAD_M = 0.24
"""From the head joint to the top of the hair."""
REACH_M = (0.80, 1.95)
"""Half width and height that are always in the frame, so that small movements do not fill it."""

_ACROSS = (JOINT_NAMES.index("left_hip"), JOINT_NAMES.index("right_hip"))
_SHOULDERS = (JOINT_NAMES.index("left_shoulder"), JOINT_NAMES.index("right_shoulder"))
_HEAD = JOINT_NAMES.index("head")


@dataclass(frozen=True, eq=False)
class CameraPath:
    """Where the camera is in every frame, and what never changes about it.

    Attributes:
        positions: (T, 3) float32 in metres.
        targets: (T, 3) float32, the point in the middle of the picture.
        rotation: (3, 3) float32, rows are the camera's right, up and forward directions in the world.
        focal_px: focal length in pixels.
        size: width and height of the picture in pixels.
    """

    positions: np.ndarray
    targets: np.ndarray
    rotation: np.ndarray
    focal_px: float
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.positions)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixel coordinates (x to the right, y down) of points (T, N, 3), one frame after the other: (T, N, 2)."""
        local = (points - self.positions[:, None]) @ self.rotation.T
        width, height = self.size
        x = width / 2 + self.focal_px * local[..., 0] / local[..., 2]
        y = height / 2 - self.focal_px * local[..., 1] / local[..., 2]
        return np.stack([x, y], axis=-1)


def face_camera(motion: Motion) -> Motion:
    """The motion turned about the vertical so that the dancer faces +z on average, and moved to start at x = z = 0."""
    joints = motion.joints()
    across = joints[:, _ACROSS[0]] - joints[:, _ACROSS[1]] + joints[:, _SHOULDERS[0]] - joints[:, _SHOULDERS[1]]
    # Facing is across x up: left is at +x for a body that faces +z.
    facing = np.stack([-across[:, 2], across[:, 0]], axis=1)
    facing /= np.linalg.norm(facing, axis=1, keepdims=True).clip(1e-6)
    mean_x, mean_z = facing.mean(axis=0)
    turn = Rotation.from_euler("y", -np.arctan2(mean_x, mean_z))
    poses = motion.poses.copy()
    poses[:, 0] = (turn * Rotation.from_rotvec(poses[:, 0])).as_rotvec()
    start = motion.trans[0] * np.array([1, 0, 1], dtype=np.float32)
    trans = turn.apply(motion.trans - start).astype(np.float32)
    return Motion(poses.astype(np.float32), trans, motion.fps, motion.contacts)


def follow_camera(joints: np.ndarray, fps: float, size: tuple[int, int], stature: float = 1.0) -> CameraPath:
    """A gliding camera for one clip.

    Args:
        joints: (T, 24, 3) in metres, facing +z on average; (T, 24 N, 3) for N dancers, one after the other.
        fps: frames per second.
        size: width and height in pixels; any shape.
        stature: size of the body (of the largest), 1 is an adult of 1.76 m.

    Returns:
        A path on which every joint, with its flesh, stays inside the frame.
    """
    width, height = size
    focal_px = FOCAL_PER_SIDE * float(np.sqrt(width * height))
    rotation = np.array(
        [
            [1, 0, 0],
            [0, np.cos(PITCH_RAD), -np.sin(PITCH_RAD)],
            [0, -np.sin(PITCH_RAD), -np.cos(PITCH_RAD)],
        ]
    )
    ground = _lazy_path(joints.mean(axis=1)[:, [0, 2]], fps, SLACK_M * stature)
    tops = joints[..., 1].max(axis=1) + BODY_PAD_M * stature
    top = float(np.clip(np.percentile(tops, 95), REACH_M[1] * stature, 2.5 * stature))
    middle = np.full(len(joints), 0.5 * (top - 0.16 * stature))
    targets = np.stack([ground[:, 0], middle, ground[:, 1]], axis=1)
    distance = _distance(joints - targets[:, None], rotation, focal_px, size, fps, top, stature)
    positions = targets - distance[:, None] * rotation[2]
    return CameraPath(
        positions.astype(np.float32),
        targets.astype(np.float32),
        rotation.astype(np.float32),
        focal_px,
        (width, height),
    )


def _smooth(values: np.ndarray, frames: int) -> np.ndarray:
    """Two running means along the first axis: a smooth bump of about ``2 * frames`` frames."""
    odd = max(frames, 1) // 2 * 2 + 1  # an even window would shift by half a frame
    for _ in range(2):
        values = uniform_filter1d(values, odd, axis=0, mode="nearest")
    return values


def _lazy_path(subject: np.ndarray, fps: float, slack_m: float) -> np.ndarray:
    """(T, 2) path near a taut string that stays within ``slack_m`` of the subject (T, 2)."""
    frames = round(GLIDE_S * fps)
    path = _smooth(subject, frames)
    for _ in range(40):
        path = _smooth(path, frames)
        away = path - subject
        length = np.linalg.norm(away, axis=1, keepdims=True)
        path = subject + away * np.minimum(1.0, slack_m / length.clip(1e-9))
    return _smooth(path, frames // 2)


def _distance(
    local: np.ndarray,
    rotation: np.ndarray,
    focal_px: float,
    size: tuple[int, int],
    fps: float,
    top: float,
    stature: float,
) -> np.ndarray:
    """(T,) metres between camera and target at which the body and a standing reserve fit.

    ``local`` are the joints (T, 24 N, 3) relative to the target. The needed distance of each frame is spread by a
    running maximum and then smoothed over a shorter window, so it is smooth and still never too small.
    """
    half = np.array(size) / 2 * SAFE_SHARE
    seen = local @ rotation.T
    pads = np.full(seen.shape[1], BODY_PAD_M * stature)
    pads[_HEAD::24] = HEAD_PAD_M * stature
    reach = (np.abs(seen[..., :2]) + pads[:, None]) * (focal_px / half) - seen[..., 2:]
    needed = reach.max(axis=(1, 2))
    reserve = np.array([REACH_M[0] * stature, 0.5 * (top + 0.16 * stature)])
    least = float((reserve * focal_px / half).max())
    frames = round(GLIDE_S * fps)
    widest = maximum_filter1d(np.maximum(needed, least), 2 * frames + 3, mode="nearest")
    return np.asarray(_smooth(widest, frames))
