"""A dancing body as USD (UsdSkel), for Houdini, Maya, Omniverse, Blender and Apple's viewers.

The same body, skeleton and keys as in :mod:`dancegen.export.glb`: ``/Dancer`` (a SkelRoot) holds the mesh ``body``
with a subset and a preview material for each piece of clothing, ``skeleton``, and the animation ``dance``. Metres, y
up; time codes are the motion's frames. Pixar's ``usd-core`` writes it, an optional extra of this project.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from dancegen.body import Body
from dancegen.export.skinned_surface import JOINTS_PER_VERTEX, SkinnedSurface, skinned_surface
from dancegen.render.stage import to_linear
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from motionbeat.skeleton import JOINT_NAMES, PARENTS

MISSING = "usd: needs the optional package usd-core, which is not installed. Run: pip install usd-core"

_FLESH_M = 0.3  # around the joints


def usd_is_installed() -> bool:
    """Whether :func:`write_usd` can work here."""
    return importlib.util.find_spec("pxr") is not None


def write_usd(path: Path, motion: Motion, body: Body) -> None:
    """Write a body dancing a motion.

    Args:
        path: ends in ``.usd`` or ``.usdc`` (binary), or ``.usda`` (text); is replaced if it exists.
        motion: at any frame rate, which is kept.
        body: as for :func:`dancegen.export.glb.write_glb`.

    Raises:
        UserError: ``usd-core`` is not installed, or the body is the user's own SMPL file.
        OSError: the file cannot be written.
    """
    if not usd_is_installed():
        raise UserError(MISSING)
    from pxr import Tf, Usd, UsdGeom, UsdSkel

    surface = skinned_surface(body)
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetTimeCodesPerSecond(motion.fps)
    stage.SetFramesPerSecond(motion.fps)
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(len(motion) - 1)
    root = UsdSkel.Root.Define(stage, "/Dancer")
    stage.SetDefaultPrim(root.GetPrim())
    joints = body.joints(motion)
    root.CreateExtentAttr([tuple(row.tolist()) for row in _box(joints.reshape(-1, 3), _FLESH_M * surface.stature)])
    _add_mesh(stage, surface)
    _add_skeleton(stage, surface)
    _add_animation(stage, surface, motion)
    try:
        written = stage.GetRootLayer().Export(str(path))
    except Tf.ErrorException as error:
        raise OSError(f"{path}: cannot be written ({error})") from error
    if not written:
        raise OSError(f"{path}: cannot be written")


def joint_paths() -> list[str]:
    """UsdSkel's names of our joints: each with its ancestors, ``pelvis/left_hip/left_knee``."""
    paths: list[str] = []
    for name, parent in zip(JOINT_NAMES, PARENTS, strict=True):
        paths.append(name if parent < 0 else f"{paths[parent]}/{name}")
    return paths


def _add_mesh(stage: Any, surface: SkinnedSurface) -> None:
    from pxr import Gf, Sdf, UsdGeom, UsdShade, UsdSkel, Vt

    mesh = UsdGeom.Mesh.Define(stage, "/Dancer/body")
    faces = np.concatenate([material.faces for material in surface.materials])
    mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(surface.vertices))
    mesh.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(surface.normals))
    mesh.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    mesh.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(faces), 3, np.int32)))
    mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(faces.astype(np.int32).ravel()))
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    mesh.CreateExtentAttr([tuple(row.tolist()) for row in _box(surface.vertices, 0.0)])
    first = 0
    for material in surface.materials:
        numbers = np.arange(first, first + len(material.faces), dtype=np.int32)
        first += len(material.faces)
        look = UsdShade.Material.Define(stage, f"/Dancer/materials/{material.name}")
        shader = UsdShade.Shader.Define(stage, f"/Dancer/materials/{material.name}/surface")
        shader.CreateIdAttr("UsdPreviewSurface")
        color = Gf.Vec3f(*to_linear(np.array(material.color)).tolist())
        shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).Set(color)
        shader.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(material.roughness)
        look.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
        subset = UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).CreateMaterialBindSubset(
            material.name, Vt.IntArray.FromNumpy(numbers)
        )
        UsdShade.MaterialBindingAPI.Apply(subset.GetPrim()).Bind(look)
    binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    binding.CreateSkeletonRel().SetTargets(["/Dancer/skeleton"])
    binding.CreateGeomBindTransformAttr(Gf.Matrix4d(1.0))
    weights = surface.joint_weight.astype(np.float32).ravel() / np.float32(255)
    indices = surface.joint_index.astype(np.int32).ravel()
    binding.CreateJointIndicesPrimvar(False, JOINTS_PER_VERTEX).Set(Vt.IntArray.FromNumpy(indices))
    binding.CreateJointWeightsPrimvar(False, JOINTS_PER_VERTEX).Set(Vt.FloatArray.FromNumpy(weights))


def _add_skeleton(stage: Any, surface: SkinnedSurface) -> None:
    from pxr import UsdSkel, Vt

    skeleton = UsdSkel.Skeleton.Define(stage, "/Dancer/skeleton")
    skeleton.CreateJointsAttr(joint_paths())
    rest = np.tile(np.eye(4), (len(PARENTS), 1, 1))
    rest[:, :3, 3] = surface.offsets_m
    bind = np.linalg.inv(surface.inverse_bind.astype(np.float64))
    # USD multiplies row vectors from the left: its matrices are the transposes of ours
    for create, matrices in ((skeleton.CreateRestTransformsAttr, rest), (skeleton.CreateBindTransformsAttr, bind)):
        create(Vt.Matrix4dArray.FromNumpy(np.ascontiguousarray(matrices.swapaxes(1, 2))))
    UsdSkel.BindingAPI.Apply(skeleton.GetPrim()).CreateAnimationSourceRel().SetTargets(["/Dancer/dance"])


def _add_animation(stage: Any, surface: SkinnedSurface, motion: Motion) -> None:
    from pxr import UsdSkel, Vt

    animation = UsdSkel.Animation.Define(stage, "/Dancer/dance")
    animation.CreateJointsAttr(joint_paths())
    animation.CreateScalesAttr(Vt.Vec3hArray.FromNumpy(np.ones((len(PARENTS), 3), np.float16)))
    quats = Rotation.from_rotvec(motion.poses.reshape(-1, 3).astype(np.float64)).as_quat().astype(np.float32)
    turns, places = animation.CreateRotationsAttr(), animation.CreateTranslationsAttr()
    offsets = surface.offsets_m.copy()
    for frame, frame_quats in enumerate(quats.reshape(len(motion), -1, 4)):
        offsets[0] = motion.trans[frame] * np.float32(surface.stature)
        turns.Set(Vt.QuatfArray.FromNumpy(np.ascontiguousarray(frame_quats)), frame)
        places.Set(Vt.Vec3fArray.FromNumpy(offsets.copy()), frame)


def _box(points: np.ndarray, pad_m: float) -> np.ndarray:
    """(2, 3) lowest and highest corner of what surrounds some points."""
    return np.stack([points.min(axis=0) - pad_m, points.max(axis=0) + pad_m])
