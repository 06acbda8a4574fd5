"""A stick figure: one capsule per bone and one ball per joint, as a body that the rasteriser draws like any other."""

from __future__ import annotations

import numpy as np

from dancegen.body import BlendRig, Body, palette_of
from motionbeat.skeleton import JOINT_NAMES, OFFSETS_M, PARENTS

BONE_RADIUS_M = 0.022
JOINT_RADIUS_M = 0.036
HEAD_RADIUS_M = 0.095
COLORS: tuple[str, ...] = ("#f2f2ee", "#e2563f", "#3f7fd0")
"""sRGB of the trunk, the left limbs and the right limbs."""

_SIDES = 10
_RINGS = 6


def skeleton_body(stature: float = 1.0) -> Body:
    """The skeleton of :mod:`motionbeat.skeleton` made visible; ``stature`` 1 is its own size."""
    joints = np.zeros((24, 3))
    for joint in range(1, 24):
        joints[joint] = joints[PARENTS[joint]] + OFFSETS_M[joint]
    joints *= stature
    parts: list[tuple[np.ndarray, np.ndarray, int, int]] = []  # vertices, faces, joint that moves them, material
    for joint, name in enumerate(JOINT_NAMES):
        material = 1 if name.startswith("left") else 2 if name.startswith("right") else 0
        parts.append((*_capsule(joints[joint], joints[joint], JOINT_RADIUS_M * stature), joint, material))
        if joint:
            parent = PARENTS[joint]
            parts.append((*_capsule(joints[parent], joints[joint], BONE_RADIUS_M * stature), parent, material))
    head = JOINT_NAMES.index("head")
    crown = joints[head] + np.array([0, 0.09, 0.02]) * stature
    parts.append((*_capsule(crown, crown, HEAD_RADIUS_M * stature), head, 0))
    starts = np.cumsum([0] + [len(part[0]) for part in parts])
    vertices = np.concatenate([part[0] for part in parts]).astype(np.float32)
    faces = np.concatenate([part[1] + start for part, start in zip(parts, starts[:-1], strict=True)])
    movers = np.concatenate([np.full(len(part[0]), part[2]) for part in parts])
    materials = np.zeros((len(vertices), len(COLORS)), dtype=np.uint8)
    materials[np.arange(len(vertices)), np.concatenate([np.full(len(part[0]), part[3]) for part in parts])] = 255
    rig = BlendRig(
        vertices=vertices,
        joints_bind=joints.astype(np.float32),
        rest_rotations=np.tile(np.eye(3, dtype=np.float32), (24, 1, 1)),
        joint_index=movers[:, None].astype(np.uint8),
        joint_weight=np.ones((len(vertices), 1), dtype=np.float32),
        stature=stature,
    )
    return Body(
        name="skeleton",
        faces=faces.astype(np.int32),
        materials=materials,
        palette=palette_of(COLORS),
        gloss=np.full(len(COLORS), 0.15, dtype=np.float32),
        occlusion=np.ones(len(vertices), dtype=np.float32),
        rig=rig,
    )


def _capsule(start: np.ndarray, end: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces of a closed capsule between two points; of a ball where they are the same."""
    axis = end - start
    length = float(np.linalg.norm(axis))
    axis = axis / length if length > 0 else np.array([0.0, 1.0, 0.0])
    side = np.cross(axis, [0.0, 0.0, 1.0] if abs(axis[2]) < 0.9 else [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    third = np.cross(axis, side)
    turns = 2 * np.pi * np.arange(_SIDES) / _SIDES
    circle = np.cos(turns)[:, None] * side + np.sin(turns)[:, None] * third
    tilts = np.linspace(-np.pi / 2, np.pi / 2, 2 * _RINGS)[1:-1]  # an equator at either end of the shaft
    rings = [(start if tilt < 0 else end) + radius * (np.sin(tilt) * axis + np.cos(tilt) * circle) for tilt in tilts]
    vertices = np.concatenate([[start - radius * axis], *rings, [end + radius * axis]])
    faces = []
    last = len(vertices) - 1
    for k in range(_SIDES):
        after = (k + 1) % _SIDES
        faces.append([0, 1 + after, 1 + k])
        for ring in range(len(rings) - 1):
            a, b = 1 + ring * _SIDES + k, 1 + ring * _SIDES + after
            c, d = a + _SIDES, b + _SIDES
            faces += [[a, b, c], [b, d, c]]
        top = 1 + (len(rings) - 1) * _SIDES
        faces.append([top + k, top + after, last])
    return vertices, np.array(faces)
