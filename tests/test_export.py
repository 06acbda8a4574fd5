"""Exports, read back by readers that share no code with the writers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib
import pytest
from scipy.spatial.transform import Rotation

from dancegen.body import MATERIALS, Body, load_body
from dancegen.export import FORMATS, write_bvh, write_glb, write_usd
from dancegen.export.__main__ import main
from dancegen.export.bvh import ROTATION_ORDER, continuous_angles
from dancegen.export.skinned_surface import _cut_along_borders, skinned_surface
from motionbeat.bvh import read_bvh
from motionbeat.bvh_folder import read_bvh_motion
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from motionbeat.skeleton import JOINT_NAMES, PARENTS

COUNT = 6890
"""Vertices of the built-in bodies."""


def dancing(seconds: float = 4.0, fps: float = 30.0, seed: int = 0) -> Motion:
    """Spins on the spot, walks a circle and swings every limb, through gimbal lock and half turns too."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * fps)
    times = np.arange(frames) / fps
    poses = 0.9 * np.sin(times[:, None, None] * rng.uniform(1, 6, (24, 3)) + rng.uniform(0, 6, (24, 3)))
    poses[:, 16] = np.outer(np.linspace(0, 2 * np.pi, frames), [1, 0, 0])  # an arm all the way round its bone
    tilt = Rotation.from_rotvec(0.3 * np.sin(times)[:, None] * [1, 0, 0.5])
    poses[:, 0] = (Rotation.from_rotvec(4.0 * times[:, None] * [0, 1, 0]) * tilt).as_rotvec()
    trans = np.stack([np.sin(times), 0.95 + 0.05 * np.sin(5 * times), np.cos(times)], axis=1)
    return Motion(poses.astype(np.float32), trans.astype(np.float32), fps)


def save(path: Path, motion: Motion) -> Path:
    poses = motion.poses.reshape(len(motion), 72)
    np.savez(path, poses=poses, trans=motion.trans, mocap_framerate=motion.fps, up_axis="y")
    return path


def error_mm(one: np.ndarray, two: np.ndarray) -> float:
    return float(1e3 * np.linalg.norm(one - two, axis=-1).max())


# BVH


def test_bvh_round_trip_of_a_whole_dance(tmp_path: Path) -> None:
    motion = dancing(30.0)
    write_bvh(tmp_path / "a.bvh", motion)
    clip = read_bvh(tmp_path / "a.bvh")
    assert clip.fps == 30 and len(clip) == 900
    where = [clip.names.index(name) for name in JOINT_NAMES]
    places, _ = clip.world(where, np.arange(900))
    assert error_mm(np.stack([places[joint] for joint in where], axis=1) / 100, motion.joints()) < 0.02
    assert [name for name in clip.names if name.endswith("_end")] == [
        "left_foot_end", "right_foot_end", "head_end", "left_hand_end", "right_hand_end",
    ]  # fmt: skip
    assert (tmp_path / "a.bvh").stat().st_size < 650_000


@pytest.mark.parametrize("fps", [30.0, 60.0, 29.97])
def test_bvh_in_an_independent_reader(tmp_path: Path, fps: float) -> None:
    bvhio = pytest.importorskip("bvhio")
    motion = dancing(1.0, fps)
    write_bvh(tmp_path / "a.bvh", motion)
    container = bvhio.readAsBvh(str(tmp_path / "a.bvh"))
    assert container.FrameCount == len(motion) and 1 / container.FrameTime == pytest.approx(fps, rel=1e-6)
    root = bvhio.readAsHierarchy(str(tmp_path / "a.bvh"))
    joints = motion.joints()
    for frame in range(0, len(motion), 4):
        root.loadPose(frame)
        found = {joint.Name: np.array(joint.PositionWorld.to_tuple()) for joint, _, _ in root.layout()}
        assert error_mm(np.stack([found[name] for name in JOINT_NAMES]) / 100, joints[frame]) < 0.1


def test_bvh_comes_back_as_a_dance_of_ours(tmp_path: Path) -> None:
    motion = dancing(3.0)
    # the reader of foreign skeletons works out which way is up from a body that mostly stands
    calm = Motion(0.4 * motion.poses, motion.trans, 30.0)
    write_bvh(tmp_path / "a.bvh", calm)
    back = read_bvh_motion(tmp_path / "a.bvh")
    wanted, found = calm.joints(), back.joints()
    shift = (wanted - found).mean(axis=(0, 1))  # it puts the lowest foot on the floor
    assert abs(shift[0]) < 1e-3 and abs(shift[2]) < 1e-3
    assert error_mm(found + shift, wanted) < 1.0


def test_angles_are_exact_and_never_jump() -> None:
    motion = dancing(6.0, 60.0)
    angles = continuous_angles(motion.poses)
    made = Rotation.from_euler(ROTATION_ORDER, angles.reshape(-1, 3), degrees=True)
    assert (made.inv() * Rotation.from_rotvec(motion.poses.reshape(-1, 3))).magnitude().max() < 1e-6
    assert np.abs(np.diff(angles[:, [0, 3, 6]], axis=0)).max() < 20
    # round the middle axis, which goes to 90 degrees in the usual triple
    np.testing.assert_allclose(angles[:, 16], np.outer(np.linspace(0, 360, len(motion)), [0, 1, 0]), atol=1e-3)
    heading = angles[:, 0, 2]
    assert heading[-1] - heading[0] == pytest.approx(
        np.rad2deg(4.0 * 359 / 60), abs=20
    )  # nearly four turns, unwrapped


# GLB


class Glb:
    """A GLB file as the specification says, evaluated in numpy."""

    def __init__(self, path: Path) -> None:
        self.file = pygltflib.GLTF2().load_binary(str(path))
        self.blob = self.file.binary_blob()

    def array(self, number: int) -> np.ndarray:
        accessor = self.file.accessors[number]
        view = self.file.bufferViews[accessor.bufferView]
        kinds = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5126: "<f4"}
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}[accessor.type]
        kind = np.dtype(kinds[accessor.componentType])
        start = (view.byteOffset or 0) + (accessor.byteOffset or 0)
        assert start % kind.itemsize == 0 and (width * kind.itemsize) % 4 in ((0,) if view.target == 34962 else (0, 2))
        assert (accessor.byteOffset or 0) + accessor.count * width * kind.itemsize <= view.byteLength
        values = np.frombuffer(self.blob, kind, accessor.count * width, start).reshape(-1, width)
        if accessor.min:
            np.testing.assert_array_equal(values.min(axis=0), np.array(accessor.min, kind))
            np.testing.assert_array_equal(values.max(axis=0), np.array(accessor.max, kind))
        if accessor.normalized:
            most = np.iinfo(kind).max
            return np.maximum(values.astype(np.float64) / most, -1.0)
        return values

    def attribute(self, name: str) -> np.ndarray:
        primitives = self.file.meshes[0].primitives
        numbers = {getattr(primitive.attributes, name) for primitive in primitives}
        assert len(numbers) == 1  # stored once
        return self.array(numbers.pop())

    def faces(self) -> dict[str, np.ndarray]:
        return {
            self.file.materials[each.material].name: self.array(each.indices).reshape(-1, 3).astype(np.int64)
            for each in self.file.meshes[0].primitives
        }

    def tracks(self) -> dict[tuple[int, str], tuple[np.ndarray, np.ndarray]]:
        """By node and path: times (T,) and values (T, k)."""
        animation = self.file.animations[0]
        return {
            (channel.target.node, channel.target.path): (
                self.array(animation.samplers[channel.sampler].input)[:, 0],
                self.array(animation.samplers[channel.sampler].output),
            )
            for channel in animation.channels
        }

    def world(self, frame: int | None) -> dict[int, np.ndarray]:
        """(4, 4) of each node at a key, or at rest."""
        tracks = self.tracks() if frame is not None else {}
        local = []
        for number, node in enumerate(self.file.nodes):
            matrix = np.eye(4)
            place, turn = node.translation or [0, 0, 0], node.rotation or [0, 0, 0, 1]
            if (number, "translation") in tracks:
                place = tracks[number, "translation"][1][frame]
            if (number, "rotation") in tracks:
                turn = tracks[number, "rotation"][1][frame]
            matrix[:3, :3], matrix[:3, 3] = Rotation.from_quat(turn).as_matrix(), place
            local.append(matrix)
        found: dict[int, np.ndarray] = {}
        left = [(root, np.eye(4)) for root in self.file.scenes[self.file.scene].nodes]
        while left:
            number, above = left.pop()
            assert number not in found
            found[number] = above @ local[number]
            left += [(child, found[number]) for child in self.file.nodes[number].children]
        assert len(found) == len(self.file.nodes)
        return found

    def posed(self, frame: int) -> np.ndarray:
        """(N, 3) vertices at a key: ``sum_j w_j G_j B_j v``."""
        skin, world = self.file.skins[0], self.world(frame)
        inverse = self.array(skin.inverseBindMatrices).reshape(-1, 4, 4).swapaxes(1, 2)
        moves = np.stack([world[joint] for joint in skin.joints]) @ inverse
        points = np.concatenate([self.attribute("POSITION"), np.ones((len(self.attribute("POSITION")), 1))], axis=1)
        weights = self.attribute("WEIGHTS_0")
        moved = np.einsum("nkab,nb->nka", moves[self.attribute("JOINTS_0")], points)
        return np.einsum("nk,nka->na", weights, moved)[:, :3]


@pytest.mark.parametrize("name", ["neutral", "child"])
def test_glb_moves_as_our_renderer_does(tmp_path: Path, name: str) -> None:
    body, motion = load_body(name), dancing()
    write_glb(tmp_path / "a.glb", motion, body)
    glb = Glb(tmp_path / "a.glb")
    for frame in (0, 33, 119):
        ours = body.skin(motion.crop(frame, frame + 1))[0]
        assert error_mm(glb.posed(frame)[:COUNT], ours) < 0.5
        joints = np.stack([glb.world(frame)[joint][:3, 3] for joint in range(24)])
        assert error_mm(joints, body.joints(motion.crop(frame, frame + 1))[0]) < 0.5


def test_glb_surface_is_the_body_s_in_materials(tmp_path: Path) -> None:
    """Closed, of the same area, and every cut lies where the border was, also when it moves."""
    body, motion = load_body("neutral"), dancing(0.2)
    write_glb(tmp_path / "a.glb", motion, body)
    glb = Glb(tmp_path / "a.glb")
    by_material = glb.faces()
    assert tuple(by_material) == MATERIALS
    faces = np.concatenate(list(by_material.values()))
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    assert len(np.unique(edges, axis=0)) == len(edges)
    assert {tuple(edge) for edge in edges.tolist()} == {tuple(edge[::-1]) for edge in edges.tolist()}
    area = {}
    for key, triangles, points in (
        ("bind", faces, glb.attribute("POSITION")), ("bind ours", body.faces, body.rig.vertices),
        ("posed", faces, glb.posed(4)), ("posed ours", body.faces, body.skin(motion.crop(4, 5))[0]),
    ):  # fmt: skip
        a, b, c = np.moveaxis(points.astype(np.float64)[triangles], 1, 0)
        area[key] = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    assert area["bind"] == pytest.approx(area["bind ours"], rel=1e-5)
    assert area["posed"] == pytest.approx(area["posed ours"], rel=2e-3)
    # inside, every corner is of its triangle's material
    winner = body.materials.argmax(axis=1)
    for kind, name in enumerate(MATERIALS):
        own = by_material[name][by_material[name] < COUNT]
        assert (winner[own] == kind).all() and len(np.unique(own)) == (winner == kind).sum()
    # normals look outwards
    normals = glb.attribute("NORMAL")
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    a, b, c = np.moveaxis(glb.attribute("POSITION")[faces], 1, 0)
    outwards = np.cross(b - a, c - a)
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True).clip(1e-12)
    assert np.mean((outwards * normals[faces].mean(axis=1)).sum(axis=1) > 0.5) > 0.98


def test_triangles_are_cut_where_the_fields_are_equal() -> None:
    """A square with a straight border at x = 0.3, and a triangle of three materials."""
    faces = np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)
    points = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=float)
    fields = np.stack([0.3 - points[:, 0], points[:, 0] - 0.3], axis=1)
    by_kind, blends = _cut_along_borders(faces, fields)
    corners = blends @ points
    for triangles, area, low, high in zip(by_kind, (0.3, 0.7), (0.0, 0.3), (0.3, 1.0), strict=True):
        (ax, ay), (bx, by), (cx, cy) = np.moveaxis(corners[triangles], (1, 2), (0, 1))
        signed = ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) / 2
        assert (signed > 0).all() and signed.sum() == pytest.approx(area)
        assert corners[triangles][..., 0].min() == pytest.approx(low)
        assert corners[triangles][..., 0].max() == pytest.approx(high)
    three, blends = _cut_along_borders(faces[:1], np.eye(4)[:, :3])
    assert [len(each) for each in three] == [2, 2, 2]
    np.testing.assert_allclose((blends @ points)[-1], points[:3].mean(axis=0))


def test_glb_keeps_to_the_specification(tmp_path: Path) -> None:
    """What the Khronos validator checks, as far as numbers go."""
    motion = dancing(2.0, 60.0)
    write_glb(tmp_path / "a.glb", motion, load_body("female"))
    content = (tmp_path / "a.glb").read_bytes()
    assert content[:4] == b"glTF" and int.from_bytes(content[8:12], "little") == len(content)
    glb = Glb(tmp_path / "a.glb")
    assert not glb.file.extensionsUsed and not glb.file.extensionsRequired
    index, weight = glb.attribute("JOINTS_0"), np.rint(255 * glb.attribute("WEIGHTS_0")).astype(int)
    assert (weight.sum(axis=1) == 255).all() and (index[weight == 0] == 0).all()
    for row, used in zip(index.tolist(), (weight > 0).tolist(), strict=True):
        joints = [joint for joint, is_used in zip(row, used, strict=True) if is_used]
        assert len(set(joints)) == len(joints)
    assert max(faces.max() for faces in glb.faces().values()) < len(glb.attribute("POSITION")) < 65536
    bounded = {glb.file.meshes[0].primitives[0].attributes.POSITION, glb.file.animations[0].samplers[0].input}
    assert {number for number, each in enumerate(glb.file.accessors) if each.min and each.max} == bounded
    tracks = glb.tracks()
    assert set(tracks) == {(joint, "rotation") for joint in range(24)} | {(0, "translation")}
    for (_, path), (times, values) in tracks.items():
        np.testing.assert_allclose(times, np.arange(120) / 60, atol=1e-6)
        if path == "rotation":
            np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1, atol=1e-4)
            assert (values[1:] * values[:-1]).sum(axis=1).min() > 0.9  # never the long way round
    assert [glb.file.nodes[joint].name for joint in glb.file.skins[0].joints] == list(JOINT_NAMES)
    # at rest it stands in T-pose on the floor
    rest = glb.world(None)
    assert rest[20][1, 3] == pytest.approx(rest[18][1, 3], abs=0.05)  # wrist as high as elbow
    body = load_body("female")
    standing = Motion(np.zeros((1, 24, 3), np.float32), (rest[0][None, :3, 3] / body.stature).astype(np.float32), 30.0)
    assert abs(body.skin(standing)[0, :, 1].min()) < 0.005


def test_glb_of_30_seconds_is_small(tmp_path: Path) -> None:
    write_glb(tmp_path / "a.glb", dancing(30.0), load_body("neutral"))
    assert (tmp_path / "a.glb").stat().st_size < 600_000


def test_a_body_of_another_kind_is_refused(tmp_path: Path) -> None:
    smpl = replace(load_body("neutral"), name="basicmodel.npz", rig=_NoBlendRig())
    for write in (write_glb, write_usd):
        with pytest.raises(UserError, match=r"body: basicmodel\.npz cannot be exported.*Choose a built-in body"):
            write(tmp_path / "a", dancing(0.1), smpl)
    assert not list(tmp_path.iterdir())


class _NoBlendRig:
    stature = 1.0

    def joints(self, motion: Motion) -> np.ndarray:
        return motion.joints()

    skin = joints


# USD


@pytest.mark.parametrize("name", ["neutral", "child"])
def test_usd_moves_as_our_renderer_does(tmp_path: Path, name: str) -> None:
    pytest.importorskip("pxr")
    from pxr import Usd, UsdGeom, UsdSkel, Vt

    body, motion = load_body(name), dancing(1.0, 60.0)
    write_usd(tmp_path / "a.usd", motion, body)
    stage = Usd.Stage.Open(str(tmp_path / "a.usd"))
    assert UsdGeom.GetStageUpAxis(stage) == "Y" and UsdGeom.GetStageMetersPerUnit(stage) == 1
    assert (stage.GetTimeCodesPerSecond(), stage.GetStartTimeCode(), stage.GetEndTimeCode()) == (60, 0, 59)
    root = UsdSkel.Root(stage.GetDefaultPrim())
    cache = UsdSkel.Cache()
    cache.Populate(root, Usd.TraverseInstanceProxies())
    (binding,) = cache.ComputeSkelBindings(root, Usd.TraverseInstanceProxies())
    skeleton = cache.GetSkelQuery(binding.GetSkeleton())
    (target,) = binding.GetSkinningTargets()
    mesh = UsdGeom.Mesh(target.GetPrim())
    extent = np.array(root.GetExtentAttr().Get())
    for frame in (0, 31, 59):
        points = Vt.Vec3fArray(mesh.GetPointsAttr().Get())
        assert target.ComputeSkinnedPoints(skeleton.ComputeSkinningTransforms(frame), points, frame)
        ours = body.skin(motion.crop(frame, frame + 1))[0]
        assert error_mm(np.array(points)[:COUNT], ours) < 0.05
        assert (extent[0] <= ours.min(axis=0)).all() and (ours.max(axis=0) <= extent[1]).all()
    subsets: list[Any] = UsdGeom.Subset.GetAllGeomSubsets(mesh)
    covered = np.concatenate([np.array(subset.GetIndicesAttr().Get()) for subset in subsets])
    assert sorted(covered.tolist()) == list(range(len(mesh.GetFaceVertexCountsAttr().Get())))
    assert {subset.GetPrim().GetName() for subset in subsets} == set(MATERIALS)


def test_without_the_extra_usd_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dancegen.export.usd.importlib.util.find_spec", lambda _: None)
    with pytest.raises(UserError, match="pip install usd-core"):
        write_usd(tmp_path / "a.usd", dancing(0.1), load_body("neutral"))
    assert "pip install usd-core" in (FORMATS["usd"].missing() or "")
    assert main([str(save(tmp_path / "a.npz", dancing(0.2))), "--to", "usd", "-o", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


# Command line


def test_the_table_of_formats() -> None:
    assert list(FORMATS) == ["bvh", "glb", "usd", "fbx"]
    assert FORMATS["bvh"].missing() is None and FORMATS["glb"].missing() is None
    assert [each.suffix for each in FORMATS.values()] == [".bvh", ".glb", ".usd", ".fbx"]


def test_a_folder_in_several_formats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    for name in ("one", "two.dancer2"):
        save(tmp_path / "in" / f"{name}.npz", dancing(0.5))
    np.savez(tmp_path / "in" / "song.npz", clip_starts=[0])
    (tmp_path / "in" / "notes.txt").write_text("no motion")
    arguments = [str(tmp_path / "in"), "--to", "bvh", "--to", "glb", "-o", str(tmp_path / "out"), "--body", "male"]
    assert main([*arguments, "--fps", "60", "--json"]) == 2
    out, err = capsys.readouterr()
    assert "song.npz: not a motion file (it is a song's embedding). Give a dance." in err and err.count("\n") == 1
    names = ["one.bvh", "one.glb", "two.dancer2.bvh", "two.dancer2.glb"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    reports = [json.loads(line) for line in out.splitlines()]
    assert [Path(path).name for path in reports[0]["outputs"]] == names[:2]
    assert reports[0]["frames"] == 30 and reports[0]["fps"] == 60 and reports[0]["body"] == "male"
    assert len(read_bvh(tmp_path / "out" / "one.bvh")) == 30
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert main(arguments) == 2
    assert "already exists. Add --force" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    (tmp_path / "in" / "song.npz").unlink()
    assert main([*arguments, "--force"]) == 0
    assert "one.npz: 0.5 s at 30 fps -> " in capsys.readouterr().out
    assert len(read_bvh(tmp_path / "out" / "one.bvh")) == 15


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", "fbx"], "error: fbx: no free Python library writes it. Export --to glb and let Blender"),
        (["--to", "glb", "--to", "fbx"], "error: fbx: no free"),
        (["--to", "bvh", "--body", "male"], "error: body: BVH holds a skeleton and no body"),
        (["--to", "bvh", "-o", "x.glb"], "error: --out x.glb: no such file is asked for. Add --to glb."),
        (["--to", "bvh", "--to", "glb", "-o", "x.glb"], "error: --out x.glb: one file cannot hold 2 exports."),
        (["--to", "bvh", "-o", "x.mp4"], "error: --out x.mp4: .mp4 cannot be written. Give FILE.bvh"),
        (["--to", "bvh", "-o", "a.npz"], "error: --out a.npz: .npz cannot be written."),
    ],
)
def test_wrong_options_are_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "a.npz", dancing(0.2))
    assert main(["a.npz", *options]) == 2
    err = capsys.readouterr().err
    assert err.startswith(message) and err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_one_file_of_a_chosen_name(tmp_path: Path) -> None:
    save(tmp_path / "a.npz", dancing(0.2))
    assert main([str(tmp_path / "a.npz"), "--to", "bvh", "-o", str(tmp_path / "b.BVH")]) == 0
    assert (tmp_path / "b.BVH").read_text().startswith("HIERARCHY")


def test_motions_that_lie_or_are_too_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    motion = dancing(1.0)
    poses = 0.2 * motion.poses
    poses[:, 0] = np.pi / 2, 0, 0
    save(tmp_path / "amass.npz", Motion(poses, motion.trans, 30.0))
    save(tmp_path / "short.npz", dancing(0.01, 300.0))
    out = str(tmp_path / "out")
    assert main([str(tmp_path / "amass.npz"), "--to", "bvh", "-o", out]) == 2
    assert "the body stands along +z for the whole motion" in capsys.readouterr().err
    assert main([str(tmp_path / "short.npz"), "--to", "bvh", "-o", out, "--fps", "30"]) == 2
    assert "shorter than two frames at 30 fps. Leave --fps out." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_every_body_is_skinned_as_its_rig_says() -> None:
    """Weights in 1/255 are those of the rig, joint for joint."""
    body: Body = load_body("slim")
    surface = skinned_surface(body)
    dense = np.zeros((COUNT, len(PARENTS)))
    np.add.at(dense, (np.arange(COUNT)[:, None], surface.joint_index[:COUNT]), surface.joint_weight[:COUNT] / 255)
    wanted = np.zeros_like(dense)
    np.add.at(wanted, (np.arange(COUNT)[:, None], body.rig.joint_index), body.rig.joint_weight)  # type: ignore[attr-defined]
    np.testing.assert_allclose(dense, wanted, atol=1e-6)
