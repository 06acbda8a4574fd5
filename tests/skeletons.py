"""BVH files of several makes of skeleton, written from a motion of ours, for tests of their reader."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from motionbeat.motion import Motion
from motionbeat.skeleton import JOINT_NAMES, OFFSETS_M, PARENTS

MIXAMO = {
    "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": "Head",
    "hip": "UpLeg", "knee": "Leg", "ankle": "Foot", "foot": "ToeBase",
    "collar": "Shoulder", "shoulder": "Arm", "elbow": "ForeArm", "wrist": "Hand", "hand": "HandMiddle1",
}  # fmt: skip
XSENS = {
    "pelvis": "Hips", "spine1": "Chest", "spine2": "Chest2", "spine3": "Chest3", "neck": "Neck", "head": "Head",
    "hip": "Hip", "knee": "Knee", "ankle": "Ankle", "foot": "Toe",
    "collar": "Collar", "shoulder": "Shoulder", "elbow": "Elbow", "wrist": "Wrist", "hand": "Finger",
}  # fmt: skip
BIPED = {
    "pelvis": "Pelvis", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": "Head",
    "hip": "Thigh", "knee": "Calf", "ankle": "Foot", "foot": "Toe0",
    "collar": "Clavicle", "shoulder": "UpperArm", "elbow": "Forearm", "wrist": "Hand", "hand": "Finger0",
}  # fmt: skip
UNREAL = {
    "pelvis": "pelvis", "spine1": "spine_01", "spine2": "spine_02", "spine3": "spine_03", "neck": "neck_01",
    "head": "head", "hip": "thigh", "knee": "calf", "ankle": "foot", "foot": "ball",
    "collar": "clavicle", "shoulder": "upperarm", "elbow": "lowerarm", "wrist": "hand", "hand": "middle_01",
}  # fmt: skip
ASF = {
    "pelvis": "root", "spine1": "lowerback", "spine2": "upperback", "spine3": "thorax", "neck": "lowerneck",
    "head": "head", "hip": "femur", "knee": "tibia", "ankle": "foot", "foot": "toes",
    "collar": "clavicle", "shoulder": "humerus", "elbow": "radius", "wrist": "wrist", "hand": "fingers",
}  # fmt: skip


def renamed(words: dict[str, str], pattern: str, sides: tuple[str, str], prefix: str = "") -> tuple[str, ...]:
    """Names of our joints in another make: ``pattern`` of a ``{side}`` and a ``{word}``, ``prefix`` before all."""
    names = []
    for name in JOINT_NAMES:
        side, _, ours = name.partition("_")
        if side in ("left", "right"):
            names.append(prefix + pattern.format(side=sides[side == "right"], word=words[ours]))
        else:
            names.append(prefix + words[name])
    return tuple(names)


@dataclass(frozen=True)
class Make:
    """How a BVH file is written.

    Attributes:
        names: of our 24 joints in it.
        order: of the rotation channels.
        unit_m: metres in its unit of length.
        axes: (3, 3) rotation from our axes to the file's.
        rest: (24, 3) axis-angle: the pose of ours that is its rest pose.
        offsets_m: (24, 3) of its skeleton in our rest pose; ours when None.
        left_out: joints of ours that it lacks; what hangs on them hangs on their parents.
        all_positions: whether every joint has position channels.
        wrapped: whether a still root joint is around it.
    """

    names: tuple[str, ...] = JOINT_NAMES
    order: str = "ZXY"
    unit_m: float = 1.0
    axes: np.ndarray = field(default_factory=lambda: np.eye(3))
    rest: np.ndarray = field(default_factory=lambda: np.zeros((24, 3)))
    offsets_m: np.ndarray | None = None
    left_out: tuple[str, ...] = ()
    all_positions: bool = False
    wrapped: bool = False


def write_bvh(path: Path, motion: Motion, make: Make) -> None:
    """Write a motion of ours as a BVH file."""
    offsets = OFFSETS_M if make.offsets_m is None else make.offsets_m
    rest = _global_turns(make.rest[None])[0]
    world = np.array([make.axes @ turn for turn in _global_turns(motion.poses).reshape(-1, 3, 3)])
    turns = world.reshape(len(motion), 24, 3, 3) @ np.swapaxes(rest, 1, 2) @ make.axes.T
    kept = [joint for joint in range(24) if JOINT_NAMES[joint] not in make.left_out]
    places = {joint: offsets[joint].astype(float) for joint in range(24)}
    parents = {}
    for joint in kept:
        parent = PARENTS[joint]
        place = rest[parent] @ places[joint] if parent >= 0 else np.zeros(3)
        while parent >= 0 and parent not in kept:
            place = place + rest[PARENTS[parent]] @ places[parent]
            parent = PARENTS[parent]
        places_in_file = make.axes @ place / make.unit_m
        parents[joint] = (parent, places_in_file)
    lines = ["HIERARCHY"]
    if make.wrapped:
        lines += ["ROOT reference", "{", "OFFSET 0 0 0", "CHANNELS 3 Zrotation Xrotation Yrotation"]
    values = [np.zeros((len(motion), 3))] if make.wrapped else []
    root = make.axes @ motion.trans.T.astype(float) / make.unit_m
    _write_joint(0, make, kept, parents, lines)
    for joint in _order(0, parents):
        parent, place = parents[joint]
        local = turns[:, joint] if parent < 0 else np.swapaxes(turns[:, parent], 1, 2) @ turns[:, joint]
        if joint == 0:
            values.append(root.T)
        elif make.all_positions:
            values.append(np.tile(place, (len(motion), 1)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of gimbal lock: any of its solutions will do
            values.append(Rotation.from_matrix(local).as_euler(make.order, degrees=True))
    if make.wrapped:
        lines.append("}")
    lines += ["MOTION", f"Frames: {len(motion)}", f"Frame Time: {1 / motion.fps:.6f}"]
    rows = [" ".join(f"{number:.6f}" for number in row) for row in np.concatenate(values, axis=1)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines + rows) + "\n")


def _global_turns(poses: np.ndarray) -> np.ndarray:
    """(T, 24, 3, 3) of axis-angle poses (T, 24, 3)."""
    local = Rotation.from_rotvec(np.asarray(poses, float).reshape(-1, 3)).as_matrix().reshape(-1, 24, 3, 3)
    turns = local.copy()
    for joint in range(1, 24):
        turns[:, joint] = turns[:, PARENTS[joint]] @ local[:, joint]
    return turns


def _order(joint: int, parents: dict[int, tuple[int, np.ndarray]]) -> list[int]:
    children = [child for child, (parent, _) in parents.items() if parent == joint]
    return [joint, *(each for child in children for each in _order(child, parents))]


def _write_joint(
    joint: int, make: Make, kept: list[int], parents: dict[int, tuple[int, np.ndarray]], lines: list[str]
) -> None:
    positions = "Xposition Yposition Zposition " if joint == 0 or make.all_positions else ""
    rotations = " ".join(f"{axis}rotation" for axis in make.order)
    lines.append(f"{'ROOT' if joint == 0 and not make.wrapped else 'JOINT'} {make.names[joint]}")
    lines.append("{")
    lines.append("OFFSET " + " ".join(f"{number:.6f}" for number in parents[joint][1]))
    lines.append(f"CHANNELS {6 if positions else 3} {positions}{rotations}")
    children = [child for child in kept if parents[child][0] == joint]
    for child in children:
        _write_joint(child, make, kept, parents, lines)
    if not children:
        lines += ["End Site", "{", "OFFSET 0 0 0", "}"]
    lines.append("}")
