import io
import zipfile
from pathlib import Path

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


def arrays_of(motion: Motion) -> dict[str, np.ndarray]:
    return {
        "poses": motion.poses.reshape(-1, 72),
        "trans": motion.trans,
        "mocap_framerate": np.array(30.0),
        "contacts": np.ones((len(motion), 4), np.float32),
    }


def with_value(array: np.ndarray, value: float) -> np.ndarray:
    changed = np.array(array, dtype=np.float64)
    changed[(2,) * changed.ndim] = value
    return changed


MOTION = arrays_of(wander())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({name: array[:1] for name, array in MOTION.items() if array.ndim}, "it has 1 frames"),
        ({name: array[:0] for name, array in MOTION.items() if array.ndim}, "it has 0 frames"),
        ({"mocap_framerate": np.array(0.999)}, "the frame rate must be 1 to 1000, got 0.999"),
        ({"mocap_framerate": np.array(1e-300)}, "the frame rate must be"),
        ({"mocap_framerate": np.array(1e300)}, "the frame rate must be"),
        ({"mocap_framerate": np.array(np.nan)}, "the frame rate has values that are not finite"),
        ({"mocap_framerate": np.array([30.0, 60.0])}, "the frame rate must be one number"),
        ({"mocap_framerate": np.array("30")}, "the frame rate holds str"),
        ({"poses": with_value(MOTION["poses"], np.nan)}, "poses has values that are not finite"),
        ({"poses": with_value(MOTION["poses"], -1001)}, "poses has values beyond 1000"),
        ({"poses": with_value(MOTION["poses"], 1e300)}, "poses has values beyond 1000"),
        ({"poses": MOTION["poses"].astype(complex)}, "poses holds complex128 instead of numbers"),
        ({"poses": MOTION["poses"].astype(str)}, "poses holds str"),
        ({"poses": MOTION["poses"].astype("datetime64[s]")}, "poses holds datetime64"),
        ({"poses": MOTION["poses"].astype(object)}, "holds other things than numbers"),
        ({"poses": MOTION["poses"][:, :69]}, r"poses must be \(T, 72\)"),
        ({"poses": np.array(3.0)}, "it has 0 frames"),
        ({"trans": with_value(MOTION["trans"], -10_001)}, "trans has values beyond 10000"),
        ({"trans": with_value(MOTION["trans"], np.inf)}, "trans has values that are not finite"),
        ({"trans": MOTION["trans"][1:]}, r"trans \(T, 3\)"),
        ({"contacts": with_value(MOTION["contacts"], np.nan)}, "contacts has values that are not finite"),
        ({"contacts": with_value(MOTION["contacts"], 1e30)}, "contacts must be"),
        ({"contacts": MOTION["contacts"][:, :3]}, "contacts must be"),
    ],
)
def test_motions_with_absurd_values_are_one_line(tmp_path: Path, change: dict[str, np.ndarray], says: str) -> None:
    path = tmp_path / "dance.npz"
    np.savez(path, **(MOTION | change))
    with pytest.raises(UserError, match=rf"dance\.npz: not a motion file \(.*{says}") as caught:
        load_motion(path)
    assert "\n" not in str(caught.value)


def test_motions_at_the_limits_are_read(tmp_path: Path) -> None:
    path = tmp_path / "dance.npz"
    two = {name: array[:2] for name, array in MOTION.items() if array.ndim}
    for rate in (1, 1000):
        np.savez(path, **(two | {"mocap_framerate": np.array(rate)}))
        assert (load_motion(path).fps, len(load_motion(path))) == (rate, 2)
    smplh = np.concatenate([MOTION["poses"], np.ones((40, 84))], axis=1)
    np.savez(path, **(MOTION | {"poses": smplh, "contacts": np.ones((40, 4), bool), "gender": np.array({}, object)}))
    motion = load_motion(path)
    np.testing.assert_array_equal(motion.poses.reshape(40, 72), MOTION["poses"])
    assert motion.contacts is not None and motion.contacts.dtype == np.float32


def test_a_songs_embedding_is_no_dance(tmp_path: Path) -> None:
    np.savez(tmp_path / "song.npz", clips=np.zeros((1, 8)), clip_starts=np.zeros(1, int))
    with pytest.raises(UserError, match=r"song\.npz: not a motion file \(it is a song's embedding\)"):
        load_motion(tmp_path / "song.npz")


def test_a_motion_file_flipped_in_any_byte_is_read_or_one_line(tmp_path: Path) -> None:
    path = tmp_path / "dance.npz"
    np.savez_compressed(path, **{name: array[:4] if array.ndim else array for name, array in MOTION.items()})
    whole = path.read_bytes()
    refused = 0
    # every byte of the headers at either end of an entry counts, the numbers between them less
    for place in range(0, len(whole), 5):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :])
        try:
            load_motion(path)
        except UserError as error:
            refused += 1
            assert "\n" not in str(error) and "pickle" not in str(error)
    assert refused > len(whole) / 5 / 2


def test_files_that_numpy_would_unpickle_or_cannot_read(tmp_path: Path) -> None:
    plain = io.BytesIO()
    np.savez(plain, **MOTION)
    encrypted = bytearray(plain.getvalue())
    for sign, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = encrypted.find(sign)
        while place >= 0:
            encrypted[place + flags] |= 1
            place = encrypted.find(sign, place + 1)
    (tmp_path / "encrypted.npz").write_bytes(bytes(encrypted))
    (tmp_path / "cut.npz").write_bytes(plain.getvalue()[:-30])
    np.save(tmp_path / "plain.npy", MOTION["poses"])
    np.save(tmp_path / "pickle.npy", np.array([{}], dtype=object))
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as archive:
        archive.writestr("poses.npy", "hello")
    with zipfile.ZipFile(tmp_path / "promise.npz", "w") as archive:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**14, 72)})
        archive.writestr("poses.npy", header.getvalue())
    for name in ("encrypted.npz", "cut.npz", "plain.npy", "pickle.npy", "text.npz", "promise.npz"):
        with pytest.raises(UserError, match=f"{name}: not a motion file") as caught:
            load_motion(tmp_path / name)
        assert "allow_pickle" not in str(caught.value) and "\n" not in str(caught.value)
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(UserError, match=r"folder\.npz: this is a folder"):
        load_motion(tmp_path / "folder.npz")


def test_arrays_that_unpack_to_too_much_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motionbeat.array_files.MAX_BYTES", 100_000)
    np.savez_compressed(tmp_path / "bomb.npz", **(MOTION | {"poses": np.zeros((2000, 72))}))
    with pytest.raises(UserError, match=r"bomb\.npz: not a motion file \(it unpacks to more than"):
        load_motion(tmp_path / "bomb.npz")
    np.savez_compressed(tmp_path / "other.npz", **MOTION, pictures=np.zeros((2000, 72)))
    assert len(load_motion(tmp_path / "other.npz")) == 40
