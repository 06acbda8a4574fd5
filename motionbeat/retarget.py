"""Motion of a foreign skeleton on ours (:mod:`motionbeat.skeleton`).

Joint for joint (:mod:`motionbeat.skeleton_names`) the rotation since a *reference pose* is taken over; what differs
between the skeletons at rest is made good once, in that pose:

* The reference is the pose of the file in which nothing is turned, if in it the body stands. Some makes (LAFAN1, raw
  MotionBuilder) lay all bones along one line there; then the frame of the motion that stands most upright serves.
* Upper and lower arms and legs get, hinge after hinge, the shortest turn that gives them the reference's directions,
  so the directions of limbs are exact in every frame, whatever the rest poses (T, A, arms down).
* The trunk, collar bones and head keep the shape of ours: rotations are exact, but a body whose spine is bent in its
  own rest pose is shown with ours. Feet are turned about the vertical alone, since a foot that is flat on the
  floor there must be so here, however high the ankle was; so foot directions are exact seen from above.
* Spine joints that the source lacks share the bend between their neighbours. Toes, hands and head that it lacks do not
  move against what carries them.

Lengths are scaled so that the legs (thigh and shin) become as long as ours: no unit need be known, centimetres, inches
and metres give the same motion, and strides keep their length in legs, which is what keeps feet from sliding. The
middle between the hip joints follows its scaled path. What stays approximate are therefore the places of hands of a
dancer with other proportions (a hand on the hip may miss it), and feet slide a little where proportions of thigh,
shin and hip width differ from ours. For our own skeleton all of it is exact.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from motionbeat.bvh import BvhClip
from motionbeat.motion import Motion
from motionbeat.motion_features import MOTION_FPS
from motionbeat.skeleton import JOINT_NAMES, OFFSETS_M, PARENTS
from motionbeat.skeleton_names import JointMatch, match_joints
from motionbeat.upright import turn_upright

LEAST_STANDING = 0.7
"""Least cosine between the vertical and the trunk, thighs and shins of a pose that serves as reference: 45 degrees."""

SEARCHED_FRAMES = 2000
"""So many frames, evenly spread, are looked at for a reference pose."""

_NEAR_AXIS = 0.94  # 20 degrees: a rest pose so near to the file's axes is meant to be along them
_FLAT_FOOT = 0.5  # a foot steeper than 60 degrees does not stand on the floor in the reference
_SHORTEST = 1e-6  # of the whole skeleton: what is shorter has no direction

_LIMBS = {
    f"{side}_{joint}": f"{side}_{child}"
    for side in ("left", "right")
    for joint, child in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
}
_OUR_LEG_M = float(np.linalg.norm(OFFSETS_M[[4, 7, 5, 8]], axis=1).sum() / 2)  # thighs and shins
_AT_REST_M = Motion(np.zeros((1, 24, 3), np.float32), np.zeros((1, 3), np.float32), 1.0).joints()[0]
_TRUNK = _AT_REST_M[[16, 17]].mean(axis=0) - _AT_REST_M[[1, 2]].mean(axis=0)  # from the hips to the shoulders
_SPINE = tuple(JOINT_NAMES.index(name) for name in ("pelvis", "spine1", "spine2", "spine3", "neck", "head"))


@dataclass(frozen=True, eq=False)
class _Reference:
    """The pose in which both skeletons are compared, on our axes (left +x, up +y, forward +z).

    Attributes:
        pose: (N, 3) positions of the source's joints, NaN where not needed.
        turns: by joint of the source its rotation (3, 3).
        trunk: (3, 3) rotation from our resting trunk to the pose's.
    """

    pose: np.ndarray
    turns: dict[int, np.ndarray]
    trunk: np.ndarray


def retarget(clip: BvhClip) -> Motion:
    """The motion of a BVH file on our skeleton, at :data:`motionbeat.motion_features.MOTION_FPS`, y up; the height of
    its floor is still that of the file, scaled.

    Raises:
        ValueError: joints are missing or without length, left and right are exchanged, no pose stands, or which way is
            up cannot be told.
    """
    matches = match_joints(clip.names, clip.parents)
    toes = {name: _toe(clip, matches, name) for name in ("left_ankle", "right_ankle")}
    needed = {joint for match in matches.values() for joint in (match.place, match.turn)}
    needed |= {toe for toe in toes.values() if toe is not None}
    # Frames that are not needed are left out before anything is worked out; the rest is interpolated at the end.
    stride = max(int(clip.fps / MOTION_FPS + 1e-6), 1)
    frames = np.arange(0, len(clip), stride)
    places, turns = clip.world(needed, frames)
    world = turn_upright(*(_middle(places, matches, joint) for joint in ("ankle", "shoulder")))
    scale = _OUR_LEG_M / _leg_length(clip, matches)
    reference = _reference(clip, matches, places, turns, world)
    corrections = _corrections(reference, matches, toes)
    # From our rest pose into the reference, from there as the source turns, and upright.
    global_turns = {
        joint: world @ turns[match.turn] @ reference.turns[match.turn].T @ corrections[joint]
        for joint, match in matches.items()
    }
    rotations = _local_rotations(global_turns, len(frames))
    hips = scale * (_middle(places, matches, "hip") @ world.T)
    ours = OFFSETS_M[[JOINT_NAMES.index(f"{side}_hip") for side in ("left", "right")]].mean(axis=0)
    trans = hips - rotations[:, 0] @ ours
    poses = Rotation.from_matrix(rotations.reshape(-1, 3, 3)).as_rotvec().reshape(-1, 24, 3)
    motion = Motion(poses.astype(np.float32), trans.astype(np.float32), clip.fps / stride)
    return motion.resampled(float(MOTION_FPS))


def _match(matches: dict[int, JointMatch], name: str) -> JointMatch:
    return matches[JOINT_NAMES.index(name)]


def _middle(places: dict[int, np.ndarray], matches: dict[int, JointMatch], joint: str) -> np.ndarray:
    """(n, 3) the middle between a left and a right joint."""
    left, right = (places[_match(matches, f"{side}_{joint}").place] for side in ("left", "right"))
    return (left + right) / 2


def _toe(clip: BvhClip, matches: dict[int, JointMatch], ankle: str) -> int | None:
    """The joint that a foot points to: the toe, or else what hangs on the ankle."""
    toe = matches.get(JOINT_NAMES.index(ankle.replace("ankle", "foot")))
    if toe is not None:
        return toe.place
    turn = _match(matches, ankle).turn
    return next((joint for joint, parent in enumerate(clip.parents) if parent == turn), None)


def _leg_length(clip: BvhClip, matches: dict[int, JointMatch]) -> float:
    """Mean length of thigh and shin together, in the file's unit."""
    rest = clip.rest_positions()
    size = float(np.linalg.norm(rest - rest.mean(axis=0), axis=1).max())
    lengths = {
        name: float(np.linalg.norm(rest[_match(matches, child).place] - rest[_match(matches, name).place]))
        for name, child in _LIMBS.items()
    }
    for name, length in lengths.items():
        if not length > _SHORTEST * size:
            raise ValueError(f"below the {name.replace('_', ' ')} its skeleton has no length")
    return sum(lengths[f"{side}_{joint}"] for side in ("left", "right") for joint in ("hip", "knee")) / 2


def _reference(
    clip: BvhClip,
    matches: dict[int, JointMatch],
    places: dict[int, np.ndarray],
    turns: dict[int, np.ndarray],
    world: np.ndarray,
) -> _Reference:
    """The rest pose of a file if it stands, else the frame of its motion (``places``, ``turns``) that stands most."""
    rest = clip.rest_positions()
    at_rest = {joint: rest[None, joint] for joint in range(len(rest))}
    try:
        up = turn_upright(*(_middle(at_rest, matches, joint) for joint in ("ankle", "shoulder")))[1]
    except ValueError:
        up = None
    if up is not None and _standing(at_rest, matches, up)[0] >= LEAST_STANDING:
        axes = _axes(at_rest, matches, up, snapped=True)
        return _Reference(rest @ axes.T, dict.fromkeys(turns, axes), np.eye(3))
    looked_at = np.unique(np.linspace(0, len(places[0]) - 1, SEARCHED_FRAMES).astype(int))
    standing = _standing({joint: place[looked_at] for joint, place in places.items()}, matches, world[1])
    if standing.max() < LEAST_STANDING:
        raise ValueError("the body stands in no frame, and its rest pose is no standing one")
    frame = looked_at[standing.argmax()]
    here = {joint: place[frame : frame + 1] for joint, place in places.items()}
    axes = _axes(here, matches, world[1], snapped=False)
    pose = np.full((len(rest), 3), np.nan)
    for joint, place in here.items():
        pose[joint] = axes @ place[0]
    # A dancer leans even when standing most upright; in a rest pose, what leans is the shape of the spine.
    leaning = axes @ (_middle(here, matches, "shoulder") - _middle(here, matches, "hip"))[0]
    return _Reference(
        pose, {joint: axes @ turn[frame] for joint, turn in turns.items()}, _shortest_turn(_TRUNK, leaning)
    )


def _shortest_turn(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(3, 3) rotation of the direction ``start`` to the direction ``end``."""
    return Rotation.align_vectors([end], [start])[0].as_matrix()


def _standing(places: dict[int, np.ndarray], matches: dict[int, JointMatch], up: np.ndarray) -> np.ndarray:
    """(n,) least cosine with the vertical of trunk, thighs and shins."""
    pairs = [(_match(matches, f"{s}_{b}").place, _match(matches, f"{s}_{a}").place)
             for s in ("left", "right") for a, b in (("hip", "knee"), ("knee", "ankle"))]  # fmt: skip
    ways = [places[above] - places[below] for below, above in pairs]
    ways.append(_middle(places, matches, "shoulder") - _middle(places, matches, "hip"))
    return np.min([way @ up / np.maximum(np.linalg.norm(way, axis=1), 1e-12) for way in ways], axis=0)


def _axes(places: dict[int, np.ndarray], matches: dict[int, JointMatch], up: np.ndarray, snapped: bool) -> np.ndarray:
    """(3, 3) rotation that turns a pose to our rest pose's axes; ``snapped`` to the file's where they are near."""
    left = sum(
        (places[_match(matches, f"left_{joint}").place] - places[_match(matches, f"right_{joint}").place])[0]
        for joint in ("hip", "shoulder")
    )
    left = left - (left @ up) * up
    length = float(np.linalg.norm(left))
    if length < _SHORTEST * float(np.abs(np.concatenate(list(places.values()))).max()):
        raise ValueError("the hips and shoulders of its skeleton have no width")
    left = left / length
    axis = int(np.abs(left).argmax())
    if snapped and abs(left[axis]) >= _NEAR_AXIS:
        left = np.sign(left[axis]) * np.eye(3)[axis]
    return np.stack([left, up, np.cross(left, up)])


def _corrections(
    reference: _Reference, matches: dict[int, JointMatch], toes: dict[str, int | None]
) -> dict[int, np.ndarray]:
    """By joint of ours: (3, 3) rotation from our rest pose to the reference."""
    pose = reference.pose
    turns = dict.fromkeys(matches, reference.trunk)
    for name, child in _LIMBS.items():
        joint, way = JOINT_NAMES.index(name), pose[_match(matches, child).place] - pose[_match(matches, name).place]
        above = turns.get(PARENTS[joint], reference.trunk)
        turns[joint] = _shortest_turn(above @ OFFSETS_M[JOINT_NAMES.index(child)], way) @ above
    for side in ("left", "right"):
        _pass_on(turns, f"{side}_elbow", f"{side}_wrist", f"{side}_hand")
        ankle, toe = f"{side}_ankle", toes[f"{side}_ankle"]
        turns[JOINT_NAMES.index(ankle)] = np.eye(3)
        if toe is not None:
            way = pose[toe] - pose[_match(matches, ankle).place]
            turns[JOINT_NAMES.index(ankle)] = _foot_turn(way, OFFSETS_M[JOINT_NAMES.index(f"{side}_foot")])
        _pass_on(turns, ankle, f"{side}_foot")
    return turns


def _pass_on(turns: dict[int, np.ndarray], source: str, *names: str) -> None:
    for joint in map(JOINT_NAMES.index, names):
        if joint in turns:
            turns[joint] = turns[JOINT_NAMES.index(source)]


def _foot_turn(way: np.ndarray, ours: np.ndarray) -> np.ndarray:
    """(3, 3) turn of our resting foot to the way from ankle to toe, about the vertical if that foot stands."""
    length = float(np.linalg.norm(way))
    if not length > 0:
        return np.eye(3)
    if way[2] < -_FLAT_FOOT * length:
        raise ValueError("its feet point backwards: left and right are exchanged, or it is mirrored")
    if np.hypot(way[0], way[2]) < _FLAT_FOOT * length:
        return _shortest_turn(ours, way)
    angle = np.arctan2(way[0], way[2]) - np.arctan2(ours[0], ours[2])
    return Rotation.from_rotvec([0.0, angle, 0.0]).as_matrix()


def _local_rotations(global_turns: dict[int, np.ndarray], frames: int) -> np.ndarray:
    """(T, 24, 3, 3) local rotations from the global ones of some joints, among them the pelvis."""
    known = dict(global_turns)
    spine = [place for place, joint in enumerate(_SPINE) if joint in known]
    for low, high in itertools.pairwise(spine):
        start = Rotation.from_matrix(known[_SPINE[low]])
        way = (start.inv() * Rotation.from_matrix(known[_SPINE[high]])).as_rotvec()
        for place in range(low + 1, high):
            share = (place - low) / (high - low)
            known[_SPINE[place]] = (start * Rotation.from_rotvec(share * way)).as_matrix()
    local = np.empty((frames, 24, 3, 3))
    for joint, parent in enumerate(PARENTS):
        if joint not in known:
            known[joint] = known[parent]
        local[:, joint] = known[joint] if parent < 0 else np.swapaxes(known[parent], 1, 2) @ known[joint]
    return local
