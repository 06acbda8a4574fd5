from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dancegen.body import MATERIALS, BlendRig, load_body
from dancegen.settings import BODIES
from motionbeat.assets import asset_path
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from motionbeat.skeleton import JOINT_NAMES, OFFSETS_M, PARENTS

REST_PELVIS_M = 0.984


def random_motion(frames: int = 7, seed: int = 0) -> Motion:
    rng = np.random.default_rng(seed)
    poses = rng.normal(0, 0.4, (frames, 24, 3)).astype(np.float32)
    trans = rng.normal(0, 1.0, (frames, 3)).astype(np.float32)
    return Motion(poses, trans, 30.0)


def rest_motion(frames: int = 1) -> Motion:
    trans = np.tile(np.array([0, REST_PELVIS_M, 0], dtype=np.float32), (frames, 1))
    return Motion(np.zeros((frames, 24, 3), dtype=np.float32), trans, 30.0)


def test_every_listed_body_is_in_the_asset():
    with np.load(asset_path("body", "body24.npz"), allow_pickle=False) as data:
        assert ("neutral", *data["shape_names"]) == BODIES
        assert tuple(data["material_names"]) == MATERIALS


@pytest.mark.parametrize("name", BODIES)
def test_surface_is_closed_and_oriented(name):
    body = load_body(name)
    assert body.materials.shape == (6890, len(MATERIALS))
    edges = body.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    assert len(np.unique(edges, axis=0)) == len(edges)
    assert {tuple(e) for e in edges} == {tuple(e[::-1]) for e in edges}
    corners = body.skin(rest_motion())[0].astype(float)[body.faces]
    volume = np.einsum("fi,fi->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
    assert 0.03 < volume < 0.13  # cubic metres of a child and of a heavy adult, in clothes


def test_neutral_joints_are_the_joints_of_the_motion():
    motion = random_motion()
    np.testing.assert_allclose(load_body("neutral").joints(motion), motion.joints(), atol=1e-6)


@pytest.mark.parametrize("name", BODIES)
def test_other_bodies_play_the_motion_at_their_size(name):
    body, motion = load_body(name), random_motion()
    np.testing.assert_allclose(body.joints(motion), body.stature * motion.joints(), atol=2e-6)
    assert body.stature == 1 or name != "neutral"


@pytest.mark.parametrize("name", BODIES)
def test_soles_rest_on_the_floor(name):
    body = load_body(name)
    vertices = body.skin(rest_motion())[0]
    lowest = vertices[:, 1].min()
    assert abs(lowest) < 0.004
    for side in (-1, 1):
        foot = vertices[np.sign(vertices[:, 0]) == side]
        assert abs(foot[:, 1].min()) < 0.006


def test_limbs_end_where_the_skeleton_says():
    """The skin around a joint lies around that joint: its centre of gravity is near it."""
    body = load_body("neutral")
    vertices, joints = body.skin(rest_motion())[0], body.joints(rest_motion())[0]
    for name in ("left_knee", "right_knee", "left_elbow", "right_wrist", "left_ankle"):
        joint = joints[JOINT_NAMES.index(name)]
        bone = joint - joints[PARENTS[JOINT_NAMES.index(name)]]
        bone /= np.linalg.norm(bone)
        local = vertices - joint
        ring = local[(np.abs(local @ bone) < 0.02) & (np.linalg.norm(local, axis=1) < 0.12)]
        middle = 0.5 * (ring.min(axis=0) + ring.max(axis=0))
        off = np.linalg.norm(middle - bone * (middle @ bone))
        assert len(ring) > 12
        assert off < 0.03, name


def test_skin_is_linear_blend_skinning():
    body, motion = load_body("heavy"), random_motion(3)
    rig = body.rig
    assert isinstance(rig, BlendRig)
    turns = Rotation.from_rotvec(motion.poses.reshape(-1, 3)).as_matrix().reshape(3, 24, 3, 3)
    expected = np.zeros((3, 6890, 3))
    for t in range(3):
        world, place = [turns[t, 0]], [motion.trans[t] * rig.stature]
        for j in range(1, 24):
            place.append(place[PARENTS[j]] + world[PARENTS[j]] @ (OFFSETS_M[j] * rig.stature))
            world.append(world[PARENTS[j]] @ turns[t, j])
        for k in range(rig.joint_index.shape[1]):
            for j in range(24):
                moved = (rig.vertices - rig.joints_bind[j]) @ (world[j] @ rig.rest_rotations[j]).T + place[j]
                weight = np.where(rig.joint_index[:, k] == j, rig.joint_weight[:, k], 0)
                expected[t] += weight[:, None] * moved
    np.testing.assert_allclose(body.skin(motion), expected, atol=2e-5)


def test_turning_the_root_turns_the_skin():
    body, motion = load_body("slim"), random_motion(2)
    turn = Rotation.from_euler("y", 1.1)
    poses = motion.poses.copy()
    poses[:, 0] = (turn * Rotation.from_rotvec(poses[:, 0])).as_rotvec()
    turned = Motion(poses, turn.apply(motion.trans).astype(np.float32), motion.fps)
    expected = turn.apply(body.skin(motion).reshape(-1, 3)).reshape(2, -1, 3)
    np.testing.assert_allclose(body.skin(turned), expected, atol=1e-5)


def test_chunks_are_the_whole():
    body, motion = load_body("child"), random_motion(11)
    chunks = list(body.skin_chunks(motion, frames=4))
    assert [len(chunk) for chunk in chunks] == [4, 4, 3]
    np.testing.assert_array_equal(np.concatenate(chunks), body.skin(motion))


def test_every_garment_is_worn_and_has_its_colour():
    body = load_body("neutral")
    worn = body.materials.argmax(axis=1)
    assert set(worn) == set(range(len(MATERIALS)))
    top = worn == MATERIALS.index("top")
    np.testing.assert_array_equal(np.unique(body.vertex_colors[top], axis=0), [[0xE2, 0x56, 0x3F]])
    heights = body.skin(rest_motion())[0][:, 1]
    order = [np.median(heights[worn == MATERIALS.index(name)]) for name in ("shoes", "trousers", "top", "hair")]
    assert order == sorted(order)


def test_unknown_body_is_a_user_error():
    with pytest.raises(UserError, match=r"'robot'.*neutral"):
        load_body("robot")
