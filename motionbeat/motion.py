"""Motion of the 24-joint body: the value that travels through the whole project, and its kinematics."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import roma
import torch
from scipy.spatial.transform import Rotation

from motionbeat.array_files import numbers, one_number, read_arrays, wrong_file
from motionbeat.skeleton import MIRROR_JOINTS, OFFSETS_M, PARENTS

FPS_RANGE = (1.0, 1000.0)
"""Frame rates of motion files that are read, frames per second."""

_LARGEST_ANGLE = 1e3
_FARTHEST_M = 1e4
_EXPECTED = "Expected an npz with poses, trans, mocap_framerate."


@dataclass(frozen=True, eq=False)
class Motion:
    """A body in motion, on the skeleton of :mod:`motionbeat.skeleton`.

    Attributes:
        poses: (T, 24, 3) float32, local rotations as axis-angle vectors in radians.
        trans: (T, 3) float32, pelvis position in metres, y up, sole of the foot at y = 0.
        fps: frames per second; frame ``i`` is shown at ``i / fps`` seconds.
        contacts: (T, 4) float32 in [0, 1] or None: how surely left ankle, right ankle, left toe and right toe
            stand on the floor.
    """

    poses: np.ndarray
    trans: np.ndarray
    fps: float
    contacts: np.ndarray | None = None

    def __post_init__(self) -> None:
        frames = len(self.poses)
        if self.poses.shape != (frames, 24, 3) or self.trans.shape != (frames, 3):
            raise ValueError(f"poses must be (T, 24, 3) and trans (T, 3), got {self.poses.shape}, {self.trans.shape}")
        if self.contacts is not None and self.contacts.shape != (frames, 4):
            raise ValueError(f"contacts must be (T, 4), got {self.contacts.shape}")
        if self.fps <= 0:
            raise ValueError(f"fps must be positive, got {self.fps}")

    def __len__(self) -> int:
        return len(self.poses)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self) / self.fps

    def joints(self) -> np.ndarray:
        """(T, 24, 3) float32 joint positions in metres."""
        matrices = roma.rotvec_to_rotmat(torch.from_numpy(np.ascontiguousarray(self.poses, dtype=np.float32)))
        trans = torch.from_numpy(np.ascontiguousarray(self.trans, dtype=np.float32))
        return forward_kinematics(matrices, trans)[0].numpy()

    def crop(self, start: int, stop: int) -> Motion:
        """Frames ``start`` to ``stop`` (exclusive)."""
        contacts = None if self.contacts is None else self.contacts[start:stop]
        return Motion(self.poses[start:stop], self.trans[start:stop], self.fps, contacts)

    def mirrored(self) -> Motion:
        """Left and right exchanged (reflection in the plane x = 0)."""
        poses = self.poses[:, MIRROR_JOINTS] * np.array([1, -1, -1], dtype=np.float32)
        trans = self.trans * np.array([-1, 1, 1], dtype=np.float32)
        contacts = None if self.contacts is None else self.contacts[:, [1, 0, 3, 2]]
        return Motion(poses, trans, self.fps, contacts)

    def sampled_at(self, times_s: np.ndarray, fps: float) -> Motion:
        """The motion read at ``times_s`` (ascending seconds, clipped to its range) and labelled as ``fps``.

        Rotations are interpolated on the sphere (slerp), positions and contacts linearly. Reading at a warped time
        axis is how a dance is stretched onto other beats.
        """
        source = np.arange(len(self)) / self.fps
        times_s = np.clip(times_s, source[0], source[-1])
        before = np.minimum((times_s * self.fps).astype(np.int64), max(len(self) - 2, 0))
        after = np.minimum(before + 1, len(self) - 1)
        start = Rotation.from_rotvec(self.poses[before].reshape(-1, 3))
        way = (start.inv() * Rotation.from_rotvec(self.poses[after].reshape(-1, 3))).as_rotvec()
        share = np.repeat(times_s * self.fps - before, 24)[:, None]
        poses = (start * Rotation.from_rotvec(way * share)).as_rotvec().reshape(-1, 24, 3)
        trans = np.stack([np.interp(times_s, source, self.trans[:, k]) for k in range(3)], axis=1)
        contacts = None
        if self.contacts is not None:
            contacts = np.stack([np.interp(times_s, source, self.contacts[:, k]) for k in range(4)], axis=1)
            contacts = contacts.astype(np.float32)
        return Motion(poses.astype(np.float32), trans.astype(np.float32), fps, contacts)

    def resampled(self, fps: float) -> Motion:
        """The same motion at another frame rate."""
        if fps == self.fps:
            return self
        return self.sampled_at(np.arange(round(self.duration * fps)) / fps, fps)


def forward_kinematics(
    rotations: torch.Tensor, trans: torch.Tensor, offsets_m: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Joint positions and global rotations.

    Args:
        rotations: (..., 24, 3, 3) local rotation matrices.
        trans: (..., 3) pelvis positions in metres.
        offsets_m: (24, 3) bone offsets; the project's skeleton when None.

    Returns:
        positions (..., 24, 3) in metres and global rotations (..., 24, 3, 3).
    """
    if offsets_m is None:
        offsets_m = torch.from_numpy(OFFSETS_M)
    offsets_m = offsets_m.to(rotations)
    turns = [rotations[..., 0, :, :]]
    places = [trans]
    for joint in range(1, 24):
        parent = PARENTS[joint]
        places.append(places[parent] + (turns[parent] @ offsets_m[joint][:, None])[..., 0])
        turns.append(turns[parent] @ rotations[..., joint, :, :])
    return torch.stack(places, dim=-2), torch.stack(turns, dim=-3)


def motion_from_arrays(
    poses: np.ndarray, trans: np.ndarray, fps: np.ndarray, contacts: np.ndarray | None = None
) -> Motion:
    """A motion from the arrays of a file, once they have been looked at.

    Args:
        poses: (T, 72 or more) or (T, 24 or more, 3) axis-angle; what follows the first 24 joints is left out.
        trans: (T, 3) metres.
        fps: one number.
        contacts: (T, 4) in [0, 1].

    Raises:
        ValueError: shapes do not fit, there are fewer than two frames, the frame rate is not in :data:`FPS_RANGE`,
            or values are no real numbers, not finite, or larger than any in a motion (1000 rad, 10 km).
    """
    rate = one_number("the frame rate", fps, *FPS_RANGE)
    frames = len(poses) if poses.ndim else 0
    if frames < 2:
        raise ValueError(f"it has {frames} frames, and a motion has two or more")
    angles = numbers("poses", poses, _LARGEST_ANGLE).reshape(frames, -1)
    places = numbers("trans", trans, _FARTHEST_M)
    if angles.shape[1] < 72 or angles.shape[1] % 3 or places.shape != (frames, 3):
        raise ValueError(f"poses must be (T, 72) and trans (T, 3), got {poses.shape}, {trans.shape}")
    if contacts is not None:
        contacts = numbers("contacts", contacts, np.inf, kinds="fiub").astype(np.float32)
        if contacts.shape != (frames, 4) or contacts.min() < 0 or contacts.max() > 1:
            raise ValueError(f"contacts must be ({frames}, 4) numbers from 0 to 1, got {contacts.shape}")
    poses_24 = angles[:, :72].reshape(frames, 24, 3).astype(np.float32)
    return Motion(poses_24, places.astype(np.float32), rate, contacts)


def load_motion(path: str | Path) -> Motion:
    """Read a motion npz in AMASS's key names: ``poses`` (T, 72), ``trans`` (T, 3), ``mocap_framerate`` or ``fps``;
    ``contacts`` (T, 4) where it has them.

    Raises:
        UserError: the file is missing, damaged, something else (a song's embedding, for one), or not what
            :func:`motion_from_arrays` accepts.
    """
    names = ("poses", "trans", "mocap_framerate", "fps", "contacts", "clip_starts")
    arrays = read_arrays(path, "a motion file", _EXPECTED, (), names)
    if "poses" not in arrays and "clip_starts" in arrays:
        raise wrong_file(path, "a motion file", "it is a song's embedding", "Give a dance.")
    try:
        fps = arrays["mocap_framerate"] if "mocap_framerate" in arrays else arrays["fps"]
        return motion_from_arrays(arrays["poses"], arrays["trans"], fps, arrays.get("contacts"))
    except KeyError as error:
        raise wrong_file(path, "a motion file", f"it has no {error.args[0]}", _EXPECTED) from None
    except ValueError as error:
        raise wrong_file(path, "a motion file", error, _EXPECTED) from None
