"""A body as other programs take it: one mesh, four joints a vertex with weights in 1/255, and a material per triangle.

Our renderer tells materials apart inside a triangle (:attr:`dancegen.body.Body.materials`); other programs give each
triangle one. So triangles on a border are cut along it here, and the borders of the clothes stay clean lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array, eye_array, vstack

from dancegen.body import MATERIALS, SKELETON_PELVIS_HEIGHT_M, BlendRig, Body
from dancegen.render.kernels import vertex_normals
from motionbeat.errors import UserError
from motionbeat.skeleton import OFFSETS_M

JOINTS_PER_VERTEX = 4

_LEAST_SHARE = 0.05  # of an edge that a cut leaves on either side, against needles


@dataclass(frozen=True)
class SurfaceMaterial:
    """Look of some triangles.

    Attributes:
        name: one of :data:`dancegen.body.MATERIALS`.
        color: sRGB in [0, 1].
        roughness: 0 a mirror, 1 dull.
        faces: (F, 3) int32, counter-clockwise seen from outside.
    """

    name: str
    color: tuple[float, float, float]
    roughness: float
    faces: np.ndarray


@dataclass(frozen=True, eq=False)
class SkinnedSurface:
    """A mesh in its bind pose and what moves it.

    With the motion's global rotations G and joint positions p (of a body of this size), a vertex is
    ``sum_j w_j [G_j | p_j] inverse_bind_j v``, which equals :meth:`dancegen.body.Body.skin`.

    Attributes:
        vertices: (N, 3) float32 in the bind pose (an A-pose), metres; those of the body first, those of cuts after.
        normals: (N, 3) float32 unit vectors in the bind pose.
        joint_index: (N, 4) uint8, 0 where the weight is 0; no joint twice.
        joint_weight: (N, 4) uint8 in 1/255, rows sum to 255.
        materials: all triangles, each under its material.
        inverse_bind: (24, 4, 4) float32, from the bind pose to the frame of each joint in the T-pose.
        offsets_m: (24, 3) float32 position of each joint in its parent's frame; of the pelvis the place where it is
            when the body stands in T-pose.
        stature: by which a motion's ``trans`` is multiplied.
    """

    vertices: np.ndarray
    normals: np.ndarray
    joint_index: np.ndarray
    joint_weight: np.ndarray
    materials: tuple[SurfaceMaterial, ...]
    inverse_bind: np.ndarray
    offsets_m: np.ndarray
    stature: float


def skinned_surface(body: Body) -> SkinnedSurface:
    """The surface of a built-in body.

    Raises:
        UserError: the body is the user's own SMPL file.
    """
    rig = body.rig
    if not isinstance(rig, BlendRig):
        raise UserError(
            f"body: {body.name} cannot be exported (its surface bends with the pose in ways that GLB and USD skins "
            "cannot, and its licence forbids passing it on). Choose a built-in body."
        )
    faces, blends = _cut_along_borders(body.faces, body.materials.astype(np.float64))
    normals = np.empty_like(rig.vertices)
    vertex_normals(rig.vertices, body.faces, normals)
    index, weight = _four_joints(blends @ _dense_weights(rig))
    smooth = blends @ normals
    inverse_bind = np.tile(np.eye(4, dtype=np.float32), (len(rig.joints_bind), 1, 1))
    inverse_bind[:, :3, :3] = rig.rest_rotations
    inverse_bind[:, :3, 3] = -(rig.rest_rotations @ rig.joints_bind[..., None])[..., 0]
    offsets_m = OFFSETS_M * np.float32(rig.stature)
    offsets_m[0] = 0.0, SKELETON_PELVIS_HEIGHT_M * rig.stature, 0.0
    return SkinnedSurface(
        vertices=(blends @ rig.vertices).astype(np.float32),
        normals=(smooth / np.linalg.norm(smooth, axis=1, keepdims=True)).astype(np.float32),
        joint_index=index,
        joint_weight=weight,
        materials=tuple(
            # our gloss is a strength of highlight from 0 (none) to 0.25 (eyes)
            SurfaceMaterial(MATERIALS[kind], tuple(body.palette[kind].tolist()), 1.0 - 2.0 * float(gloss), faces[kind])
            for kind, gloss in enumerate(body.gloss)
            if len(faces[kind])
        ),
        inverse_bind=inverse_bind,
        offsets_m=offsets_m,
        stature=rig.stature,
    )


def _cut_along_borders(faces: np.ndarray, fields: np.ndarray) -> tuple[list[np.ndarray], csr_array]:
    """Triangles of one material each.

    An edge between two materials is cut where their fields are equal. A triangle with three of them gets a vertex in
    its middle as well.

    Args:
        faces: (F, 3) int32.
        fields: (V, M) float64, the largest wins.

    Returns:
        The triangles of each material, (F_m, 3) int32, and the matrix (N, V) that makes their vertices of the old
        ones: first the old ones themselves.
    """
    count, kinds = fields.shape
    winner = fields.argmax(axis=1)
    corners = winner[faces]
    mixed = (corners != corners[:, :1]).any(axis=1)
    edges = np.unique(np.sort(faces[mixed][:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)
    edges = edges[winner[edges[:, 0]] != winner[edges[:, 1]]]
    start, end = edges.T
    lead = fields[start, winner[start]] - fields[start, winner[end]]
    behind = fields[end, winner[end]] - fields[end, winner[start]]
    share = (lead / np.maximum(lead + behind, 1e-9)).clip(_LEAST_SHARE, 1 - _LEAST_SHARE)
    middles = faces[(corners != np.roll(corners, 1, axis=1)).all(axis=1)]

    on_edge = {tuple(edge): count + number for number, edge in enumerate(edges.tolist())}
    in_middle = {tuple(face): count + len(edges) + number for number, face in enumerate(middles.tolist())}
    pieces: list[list[tuple[int, int, int]]] = [[] for _ in range(kinds)]

    def add(vertex: int, *polygon: int) -> None:
        pieces[winner[vertex]] += [(polygon[0], *polygon[k : k + 2]) for k in range(1, len(polygon) - 1)]

    for face in faces[mixed].tolist():
        a, b, c = face
        ab, bc, ca = (on_edge.get((min(edge), max(edge)), -1) for edge in ((a, b), (b, c), (c, a)))
        if (middle := in_middle.get((a, b, c))) is not None:
            add(a, a, ab, middle, ca)
            add(b, b, bc, middle, ab)
            add(c, c, ca, middle, bc)
            continue
        while winner[b] != winner[c]:  # until a is the corner that differs from both others
            a, b, c, ab, bc, ca = b, c, a, bc, ca, ab
        add(a, a, ab, ca)
        add(b, ab, b, c, ca)
    by_kind = [
        np.concatenate([faces[~mixed & (corners[:, 0] == kind)], np.array(pieces[kind], np.int32).reshape(-1, 3)])
        for kind in range(kinds)
    ]
    new = np.arange(len(edges))
    cuts = coo_array(
        (np.concatenate([1 - share, share]), (np.tile(new, 2), edges.T.ravel())), shape=(len(edges), count)
    )
    inside = coo_array(
        (np.full(middles.size, 1 / 3), (np.repeat(np.arange(len(middles)), 3), middles.ravel())),
        shape=(len(middles), count),
    )
    return by_kind, csr_array(vstack([eye_array(count), cuts, inside]))


def _dense_weights(rig: BlendRig) -> np.ndarray:
    """(V, 24) float64 weight of each joint for each vertex."""
    dense = np.zeros((len(rig.vertices), len(rig.joints_bind)))
    rows = np.repeat(np.arange(len(dense)), rig.joint_index.shape[1])
    np.add.at(dense, (rows, rig.joint_index.ravel()), rig.joint_weight.ravel())
    return dense


def _four_joints(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The four joints that matter most to each vertex, and their weights in 1/255: (N, 4) uint8 each.

    Args:
        weights: (N, 24), rows sum to one.
    """
    index = np.argsort(-weights, axis=1, kind="stable")[:, :JOINTS_PER_VERTEX]
    kept = np.take_along_axis(weights, index, axis=1)
    units = np.rint(255 * kept / kept.sum(axis=1, keepdims=True)).astype(np.int64)
    units[:, 0] += 255 - units.sum(axis=1)  # what rounding took or gave, to the largest
    return np.where(units > 0, index, 0).astype(np.uint8), units.astype(np.uint8)
