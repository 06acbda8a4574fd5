import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from motionbeat.errors import UserError
from motionbeat.motion import Motion, load_motion
from motionbeat.motion_features import features_to_motion, heading_frame_joints, motion_to_features
from motionbeat.skeleton import JOINT_NAMES, MIRROR_JOINTS, OFFSETS_M, PARENTS


def wander(frames: int = 40, seed: int = 0) -> Motion:
    """A smooth upright random motion that walks and turns."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames)[:, None, None] / 30
    phase, rate = rng.uniform(0, 6, (1, 24, 3)), rng.uniform(0.5, 2, (1, 24, 3))
    poses = 0.4 * np.sin(2 * np.pi * rate * time + phase)
    yaw = Rotation.from_rotvec(np.outer(np.linspace(0, rng.uniform(-5, 5), frames), [0, 1, 0]))
    poses[:, 0] = (yaw * Rotation.from_rotvec(poses[:, 0])).as_rotvec()
    trans = np.cumsum(rng.normal(0, 0.02, (frames, 3)), axis=0) * [1, 0.1, 1] + [0, 0.95, 0]
    return Motion(poses.astype(np.float32), trans.astype(np.float32), 30.0)


def on_floor(motion: Motion, yaw: float, shift: tuple[float, float]) -> Motion:
    turn = Rotation.from_rotvec([0, yaw, 0])
    poses = motion.poses.copy()
    poses[:, 0] = (turn * Rotation.from_rotvec(poses[:, 0])).as_rotvec()
    trans = turn.apply(motion.trans) + np.array([shift[0], 0, shift[1]])
    return Motion(poses, trans.astype(np.float32), motion.fps, motion.contacts)


def test_rest_pose_is_the_cumulated_offsets() -> None:
    rest = Motion(np.zeros((1, 24, 3), np.float32), np.zeros((1, 3), np.float32), 30).joints()[0]
    for joint, parent in enumerate(PARENTS):
        expected = OFFSETS_M[joint] + (rest[parent] if parent >= 0 else 0)
        np.testing.assert_allclose(rest[joint], expected, atol=1e-6)
    assert rest[JOINT_NAMES.index("left_hand"), 0] > 0.7
    assert rest[JOINT_NAMES.index("head"), 1] > 0.5


def test_bones_keep_their_length() -> None:
    joints = wander().joints()
    for joint, parent in list(enumerate(PARENTS))[1:]:
        length = np.linalg.norm(joints[:, joint] - joints[:, parent], axis=1)
        np.testing.assert_allclose(length, np.linalg.norm(OFFSETS_M[joint]), atol=1e-5)


def test_mirroring_exchanges_sides_and_twice_is_nothing() -> None:
    motion = wander()
    np.testing.assert_allclose(motion.mirrored().mirrored().poses, motion.poses)
    # the skeleton itself is not quite symmetric, so positions agree to its asymmetry
    expected = motion.joints()[:, MIRROR_JOINTS] * [-1, 1, 1]
    assert np.abs(motion.mirrored().joints() - expected).max() < 0.1


@settings(max_examples=15, deadline=None)
@given(yaw=st.floats(-3, 3), x=st.floats(-5, 5), z=st.floats(-5, 5), seed=st.integers(0, 50))
def test_features_do_not_see_place_or_heading(yaw: float, x: float, z: float, seed: int) -> None:
    motion = wander(seed=seed)
    moved = on_floor(motion, yaw, (x, z))
    np.testing.assert_allclose(motion_to_features(moved), motion_to_features(motion), atol=2e-5)


@pytest.mark.parametrize("seed", range(4))
def test_features_round_trip(seed: int) -> None:
    motion = wander(seed=seed)
    features = motion_to_features(motion)
    back = features_to_motion(features)
    np.testing.assert_allclose(motion_to_features(back), features, atol=1e-5)
    speed = np.linalg.norm(np.diff(motion.joints(), axis=0), axis=-1)
    np.testing.assert_allclose(np.linalg.norm(np.diff(back.joints(), axis=0), axis=-1), speed, atol=1e-5)


def test_heading_frame_steps_are_the_true_displacements() -> None:
    import torch

    motion = wander()
    _, steps = heading_frame_joints(torch.from_numpy(motion_to_features(motion)))
    true = np.linalg.norm(np.diff(motion.joints(), axis=0), axis=-1)
    np.testing.assert_allclose(np.linalg.norm(steps.numpy(), axis=-1), true, atol=1e-5)


def test_resampling_up_and_down_comes_back() -> None:
    motion = wander()
    back = motion.resampled(60).resampled(30)
    assert len(motion.resampled(60)) == 2 * len(motion)
    np.testing.assert_allclose(back.joints()[:-1], motion.joints()[:-1], atol=1e-4)


def test_load_motion_reads_amass_keys_and_refuses_other_files(tmp_path) -> None:
    motion = wander()
    path = tmp_path / "dance.npz"
    np.savez(path, poses=motion.poses.reshape(-1, 72), trans=motion.trans, mocap_framerate=30.0)
    np.testing.assert_allclose(load_motion(path).poses, motion.poses)
    np.savez(tmp_path / "other.npz", x=1)
    (tmp_path / "text.npz").write_text("hello")
    for name in ("other.npz", "text.npz", "missing.npz"):
        with pytest.raises(UserError, match=name):
            load_motion(tmp_path / name)
