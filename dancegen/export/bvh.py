"""A motion as BVH text: the project's skeleton and its angles, without a body.

What the file says: 24 joints under their own names in T-pose (facing +z, left at +x, y up), OFFSETs and root positions
in centimetres, which BVH has no word for and most programs assume; a metre is 100 units. The root has six channels,
``Xposition Yposition Zposition Zrotation Xrotation Yrotation``, all other joints the three rotations, in degrees:
``R = R_z R_x R_y`` on column vectors. The root's OFFSET is 0, so that its position channels mean the same whether a
program adds them to it or puts them in its place. The first frame is the dance's, no T-pose is put before it.

No library on PyPI that is alive writes such files better: ``bvhio`` (which reads ours in the tests) needs a compiled
dependency and an object for each joint and frame.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from motionbeat.motion import Motion
from motionbeat.skeleton import JOINT_NAMES, OFFSETS_M, PARENTS

UNITS_PER_METRE = 100.0
ROTATION_ORDER = "ZXY"

_END_SITES_M = {
    "head": (0.0, 0.22, 0.0),
    "left_hand": (0.09, -0.04, -0.01),
    "right_hand": (-0.09, -0.04, -0.01),
    "left_foot": (0.0, -0.015, 0.073),
    "right_foot": (0.0, -0.015, 0.073),
}
"""From the last joints to crown, finger tips and toe tips of the neutral body in T-pose, metres. Programs that draw
bones need them to show a head, hands and toes."""


def write_bvh(path: Path, motion: Motion) -> None:
    """Write a motion as BVH: four decimals of centimetres and degrees, which puts all joints within 0.02 mm.

    Args:
        path: is replaced if it exists.
        motion: at any frame rate, which is kept.

    Raises:
        OSError: the file cannot be written.
    """
    order = _depth_first()
    angles = continuous_angles(motion.poses)[:, order].reshape(len(motion), -1)
    values = np.concatenate([motion.trans.astype(np.float64) * UNITS_PER_METRE, angles], axis=1)
    header = [
        "HIERARCHY",
        *_joint_lines(0, 0),
        "MOTION",
        f"Frames: {len(motion)}",
        f"Frame Time: {1 / motion.fps:.9f}",
    ]
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write("\n".join(header) + "\n")
        # "+ 0.0" makes -0.0 a plain zero
        np.savetxt(file, np.round(values, 4) + 0.0, fmt="%.4f")


def continuous_angles(poses: np.ndarray) -> np.ndarray:
    """Angles of :data:`ROTATION_ORDER` that never jump, so that programs may interpolate them as curves.

    A rotation has two triples of angles, (z, x, y) and (z + 180, 180 - x, y + 180), each up to whole turns. In every
    frame the one is taken that lies nearer to the frame before; a dancer who spins has a growing angle.

    Args:
        poses: (T, J, 3) axis-angle, radians.

    Returns:
        (T, J, 3) float64 degrees.
    """
    frames, joints, _ = poses.shape
    turns = Rotation.from_rotvec(poses.reshape(-1, 3).astype(np.float64))
    # in gimbal lock one of two angles is free: any choice is exact, and scipy need not warn of it
    one = turns.as_euler(ROTATION_ORDER, degrees=True, suppress_warnings=True).reshape(frames, joints, 3)
    other = one * [1, -1, 1] + 180.0
    angles = one.copy()
    for frame in range(1, frames):
        before = angles[frame - 1]
        both = np.stack([one[frame], other[frame]])
        both -= 360.0 * np.round((both - before) / 360.0)
        nearer = np.abs(both - before).sum(axis=-1).argmin(axis=0)
        angles[frame] = both[nearer, np.arange(joints)]
    return angles


def _children(joint: int) -> list[int]:
    return [child for child, parent in enumerate(PARENTS) if parent == joint]


def _depth_first(joint: int = 0) -> list[int]:
    """The joints in the order of the file, in which a joint's whole branch follows it."""
    return [joint, *(each for child in _children(joint) for each in _depth_first(child))]


def _joint_lines(joint: int, depth: int) -> list[str]:
    tab = "\t" * depth
    rotations = " ".join(f"{axis}rotation" for axis in ROTATION_ORDER)
    channels = f"3 {rotations}" if joint else f"6 Xposition Yposition Zposition {rotations}"
    inside = [f"OFFSET {_numbers(OFFSETS_M[joint])}", f"CHANNELS {channels}"]
    lines = [f"{'JOINT' if joint else 'ROOT'} {JOINT_NAMES[joint]}", "{", *(f"\t{line}" for line in inside)]
    lines = [tab + line for line in lines]
    for child in _children(joint):
        lines += _joint_lines(child, depth + 1)
    if JOINT_NAMES[joint] in _END_SITES_M:
        end = _numbers(np.array(_END_SITES_M[JOINT_NAMES[joint]]))
        lines += [f"{tab}\t{line}" for line in ("End Site", "{", f"\tOFFSET {end}", "}")]
    return [*lines, tab + "}"]


def _numbers(offset_m: np.ndarray) -> str:
    return " ".join(f"{number:.6f}" for number in offset_m * UNITS_PER_METRE)
