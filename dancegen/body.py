"""Bodies: a surface that follows the 24 joints of :mod:`motionbeat.skeleton` and knows what it wears.

``load_body`` gives the built-in bodies (baked from MakeHuman's CC0 mesh, see ``assets/body/README.md``) and
``load_smpl_body`` wraps the user's own SMPL, SMPL-H or SMPL-X file. Both turn a :class:`~motionbeat.motion.Motion`
into vertices with the soles on y = 0. Linear blend skinning as in SMPL (Loper et al. 2015).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import roma
import torch

from dancegen.settings import BODIES
from motionbeat.assets import asset_path
from motionbeat.errors import UserError
from motionbeat.motion import Motion, forward_kinematics
from motionbeat.skeleton import JOINT_NAMES, OFFSETS_M

if TYPE_CHECKING:
    from dancegen.smpl_reader import SmplData

MATERIALS: tuple[str, ...] = ("skin", "hair", "top", "trousers", "shoes", "soles", "eyes", "lips")
"""What a surface can be made of, in the order of the columns of ``Body.materials``."""

GLOSS: tuple[float, ...] = (0.05, 0.10, 0.015, 0.015, 0.10, 0.02, 0.25, 0.10)
"""Strength of the highlight on each material."""

OUTFITS: dict[str, tuple[str, ...]] = {
    "neutral": ("#d9a17c", "#3a2a23", "#e2563f", "#33415f", "#f4f1ea", "#d8d3c8", "#241a17", "#b56a58"),
    "female": ("#e3b08d", "#5a3321", "#12938c", "#2c2f45", "#f5d24b", "#ffffff", "#241a17", "#b8505a"),
    "male": ("#a86e4b", "#1e1917", "#f0ae3a", "#39424d", "#eceae6", "#d0553c", "#241a17", "#8a5040"),
    "slim": ("#8a5638", "#191413", "#7a63c9", "#cfc8ba", "#31343c", "#e8e4da", "#241a17", "#6e3d2e"),
    "heavy": ("#dba884", "#6b4a2e", "#3f76b5", "#4a4038", "#d8483f", "#f4f1ea", "#241a17", "#b8705f"),
    "child": ("#e8b995", "#7b4c26", "#5fb04c", "#3d5a8c", "#f2f0ea", "#e2563f", "#241a17", "#c97f70"),
}
"""sRGB colours of each built-in body, one for each of :data:`MATERIALS`."""

SKELETON_PELVIS_HEIGHT_M = 0.984
"""Height of the pelvis above the soles when the skeleton stands at rest."""

CHUNK_FRAMES = 32
"""Frames skinned at a time: small enough for the cache, and a long song never lies in memory as vertices."""


class Rig(Protocol):
    """What moves a surface.

    Attributes:
        stature: size of the body; 1 is the project's skeleton.
    """

    @property
    def stature(self) -> float: ...

    def joints(self, motion: Motion) -> np.ndarray:
        """(T, 24, 3) float32 joint positions in metres."""
        ...

    def skin(self, motion: Motion) -> np.ndarray:
        """(T, V, 3) float32 vertices in metres."""
        ...


@dataclass(frozen=True, eq=False)
class Body:
    """A surface in clothes that a motion can move.

    Attributes:
        name: of the body.
        faces: (F, 3) int32, counter-clockwise seen from outside.
        materials: (V, M) uint8: how far inside each of :data:`MATERIALS` a vertex lies. The largest value wins;
            renderers interpolate first and compare then, which gives clean borders on coarse triangles.
        palette: (M, 3) float32 sRGB in [0, 1].
        gloss: (M,) float32 strength of the highlight of each material.
        occlusion: (V,) float32 in [0, 1], share of its surroundings that a vertex sees at rest.
        rig: moves the vertices.
    """

    name: str
    faces: np.ndarray
    materials: np.ndarray
    palette: np.ndarray
    gloss: np.ndarray
    occlusion: np.ndarray
    rig: Rig

    @property
    def vertex_colors(self) -> np.ndarray:
        """(V, 3) uint8 sRGB, for viewers that know one colour per vertex."""
        colors = self.palette[self.materials.argmax(axis=1)]
        return np.round(255 * colors).astype(np.uint8)

    @property
    def stature(self) -> float:
        """Size of the body; 1 is the project's skeleton, an adult of 1.76 m."""
        return self.rig.stature

    def skin(self, motion: Motion) -> np.ndarray:
        """(T, V, 3) float32 vertices in metres, y up, soles on y = 0 where the motion stands on the floor."""
        return self.rig.skin(motion)

    def skin_chunks(self, motion: Motion, frames: int = CHUNK_FRAMES) -> Iterator[np.ndarray]:
        """:meth:`skin` a few frames at a time: yields (<= frames, V, 3)."""
        for start in range(0, len(motion), frames):
            yield self.skin(motion.crop(start, start + frames))

    def joints(self, motion: Motion) -> np.ndarray:
        """(T, 24, 3) float32 joints as this body moves them, metres."""
        return self.rig.joints(motion)


@dataclass(frozen=True, eq=False)
class BlendRig:
    """Linear blend skinning on the project's skeleton at another size.

    The surface is bound in a pose of its own: ``rest_rotations`` turn each bone from there to the T-pose, in which
    all rotations of a motion are zero.

    Attributes:
        vertices: (V, 3) float32 in the bind pose, metres.
        joints_bind: (24, 3) float32 joints in the bind pose.
        rest_rotations: (24, 3, 3) float32.
        joint_index: (V, K) uint8.
        joint_weight: (V, K) float32, rows sum to one.
        stature: size of this body; 1 is the skeleton's. Motions are scaled by it, steps included, so feet that
            stand still do so at every size.
    """

    vertices: np.ndarray
    joints_bind: np.ndarray
    rest_rotations: np.ndarray
    joint_index: np.ndarray
    joint_weight: np.ndarray
    stature: float = 1.0

    def joints(self, motion: Motion) -> np.ndarray:
        return self._kinematics(motion)[0]

    def skin(self, motion: Motion) -> np.ndarray:
        from dancegen.render.kernels import blend_skin

        places, turns = self._kinematics(motion)
        turns = turns @ self.rest_rotations
        shifts = places - (turns @ self.joints_bind[None, :, :, None])[..., 0]
        transforms = np.concatenate([turns, shifts[..., None]], axis=-1).astype(np.float32)
        out = np.empty((len(motion), len(self.vertices), 3), dtype=np.float32)
        blend_skin(np.ascontiguousarray(transforms), self.vertices, self.joint_index, self.joint_weight, out)
        return out

    def _kinematics(self, motion: Motion) -> tuple[np.ndarray, np.ndarray]:
        """(T, 24, 3) positions and (T, 24, 3, 3) global rotations."""
        matrices = roma.rotvec_to_rotmat(torch.from_numpy(np.ascontiguousarray(motion.poses, dtype=np.float32)))
        trans = torch.from_numpy(np.ascontiguousarray(motion.trans, dtype=np.float32)) * self.stature
        places, turns = forward_kinematics(matrices, trans, torch.from_numpy(OFFSETS_M * np.float32(self.stature)))
        return places.numpy(), turns.numpy()


def load_body(name: str = "neutral") -> Body:
    """One of the built-in bodies.

    Args:
        name: one of :data:`BODIES`.

    Raises:
        UserError: there is no body of that name.
    """
    if name not in BODIES:
        raise UserError(f"body: {name!r} is unknown. Choose one of {', '.join(BODIES)}.")
    with np.load(asset_path("body", "body24.npz"), allow_pickle=False) as data:
        units = data["v_bind"].astype(np.int32)
        stature = 1.0
        if name != "neutral":
            shape = list(data["shape_names"]).index(name)
            units = units + data["shape_v"][shape]
            stature = float(data["shape_stature"][shape])
        rig = BlendRig(
            vertices=(units / float(data["units_per_metre"])).astype(np.float32),
            joints_bind=data["joints_bind"] * np.float32(stature),
            rest_rotations=data["rest_rot"],
            joint_index=data["w_idx"],
            joint_weight=data["w_val"].astype(np.float32) / np.float32(255),
            stature=stature,
        )
        return Body(
            name=name,
            faces=data["faces"].astype(np.int32),
            materials=data["materials"],
            palette=palette_of(OUTFITS[name]),
            gloss=np.array(GLOSS, dtype=np.float32),
            occlusion=data["occlusion"].astype(np.float32) / np.float32(255),
            rig=rig,
        )


def palette_of(colors: tuple[str, ...]) -> np.ndarray:
    """(M, 3) float32 in [0, 1] from ``#rrggbb``."""
    return np.array([list(bytes.fromhex(color[1:])) for color in colors], dtype=np.float32) / np.float32(255)


@dataclass(frozen=True, eq=False)
class SmplRig:
    """The user's own SMPL, SMPL-H or SMPL-X model in its mean shape, evaluated by ``smplx``.

    Attributes:
        data: the arrays of the file.
        rest_joints: (J, 3) float32, metres.
        stature: height of the pelvis above the soles against the skeleton's.
    """

    data: SmplData
    rest_joints: np.ndarray
    stature: float

    def joints(self, motion: Motion) -> np.ndarray:
        return self._blend(motion)[1][:, :24]

    def skin(self, motion: Motion) -> np.ndarray:
        return self._blend(motion)[0]

    def _blend(self, motion: Motion) -> tuple[np.ndarray, np.ndarray]:
        """(T, V, 3) vertices and (T, J, 3) joints."""
        from smplx.lbs import lbs

        data = self.data
        count = len(data.parents)
        pose = np.zeros((len(motion), count, 3), dtype=np.float32)
        # Up to the wrists all models agree; SMPL's two hand joints are fingers in the others.
        shared = 24 if count == 24 else 22
        pose[:, :shared] = motion.poses[:, :shared]
        if data.hand_poses is not None:
            pose[:, -30:] = data.hand_poses.reshape(30, 3)
        with torch.no_grad():
            vertices, joints = lbs(
                torch.zeros(len(motion), 1),
                torch.from_numpy(pose.reshape(len(motion), -1)),
                torch.from_numpy(data.v_template)[None],
                torch.zeros(len(data.v_template), 3, 1),
                torch.from_numpy(np.ascontiguousarray(data.posedirs.reshape(-1, data.posedirs.shape[-1]).T)),
                torch.from_numpy(data.joint_regressor),
                torch.from_numpy(data.parents),
                torch.from_numpy(data.weights),
            )
        shift = (motion.trans * np.float32(self.stature) - self.rest_joints[0])[:, None]
        return vertices.numpy() + shift, joints.numpy() + shift


def load_smpl_body(path: str | Path) -> Body:
    """The user's own SMPL, SMPL-H or SMPL-X file as a body, in its mean shape and in painted-on clothes.

    Args:
        path: the .pkl or .npz file as its makers give it out.

    Raises:
        UserError: the file is not such a model, or contains more than data.
    """
    from dancegen.smpl_reader import read_smpl

    data = read_smpl(path)
    joints = data.joint_regressor @ data.v_template
    pelvis_height = float(joints[0, 1] - data.v_template[:, 1].min())
    if not 0.1 < pelvis_height < 3.0:
        raise UserError(f"{path}: not a standing body in metres (the pelvis is {pelvis_height:.2f} m high).")
    stature = pelvis_height / SKELETON_PELVIS_HEIGHT_M
    return Body(
        name=data.name,
        faces=data.faces,
        materials=_painted_clothes(data.v_template, joints, stature),
        palette=palette_of(OUTFITS["neutral"]),
        gloss=np.array(GLOSS, dtype=np.float32),
        occlusion=np.ones(len(data.v_template), dtype=np.float32),
        rig=SmplRig(data, joints.astype(np.float32), stature),
    )


def _painted_clothes(vertices: np.ndarray, joints: np.ndarray, stature: float) -> np.ndarray:
    """(V, M) uint8 materials of a body in T-pose: planes and spheres placed by its joints."""
    at = {name: joints[index] for index, name in enumerate(JOINT_NAMES[:22])}
    x, y, z = np.abs(vertices[:, 0] - at["pelvis"][0]), vertices[:, 1], vertices[:, 2]
    hem = y - at["pelvis"][1] + 0.05 * stature
    cuff = at["left_ankle"][1] + 0.045 * stature
    sleeve = 0.5 * (abs(at["left_shoulder"][0]) + abs(at["left_elbow"][0])) - x
    collar = np.linalg.norm(vertices - at["neck"] - np.array([0, 0.045, 0.03]) * stature, axis=1) - 0.105 * stature
    below_chin = at["neck"][1] + 0.05 * stature - y
    in_arm = x > abs(at["left_shoulder"][0]) + 0.02 * stature
    up, forth = y - at["head"][1], z - at["head"][2]
    fields = np.full((len(vertices), len(MATERIALS)), -1.0)
    fields[:, 0] = 0.0
    fields[:, MATERIALS.index("top")] = np.minimum.reduce([hem, sleeve, collar, below_chin])
    fields[:, MATERIALS.index("trousers")] = np.where(in_arm & (hem > 0), -1.0, np.minimum(-hem, y - cuff))
    fields[:, MATERIALS.index("shoes")] = cuff - y
    fields[:, MATERIALS.index("hair")] = np.minimum((up - 0.94 * forth - 0.045 * stature) / 1.37, up + 0.02 * stature)
    return np.round(100 + 1500 * fields).clip(0, 255).astype(np.uint8)
