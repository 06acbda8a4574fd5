"""The reader of AMASS and other SMPL files, on small synthetic files with AMASS's keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from motionbeat.amass import read_amass_folder, read_amass_motion
from motionbeat.errors import UserError
from motionbeat.grounding import grounded
from motionbeat.motion import Motion
from tests.recordings import STANDING_M, stepping_poses, write_song

TO_Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


def stepping(fps: int = 30, seconds: float = 4.0) -> Motion:
    poses = stepping_poses(0.5, seconds, fps)
    time = np.arange(len(poses)) / fps
    trans = np.stack([0.1 * time, np.full_like(time, STANDING_M), 0.05 * np.sin(time)], axis=1)
    return Motion(poses, trans.astype(np.float32), float(fps))


def amass(motion: Motion, width: int = 156, z_up: bool = True, rate_key: str = "mocap_framerate") -> dict[str, Any]:
    """The arrays of an AMASS file of a motion: fingers bent, SMPL's origin above the pelvis."""
    joints = {66: 22, 72: 24}.get(width, 22)
    poses = np.full((len(motion), width // 3, 3), 0.4)
    poses[:, :joints] = motion.poses[:, :joints]
    trans = motion.trans.astype(float)
    if z_up:
        poses[:, 0] = (Rotation.from_matrix(TO_Z_UP) * Rotation.from_rotvec(poses[:, 0])).as_rotvec()
        trans = trans @ TO_Z_UP.T
    return {
        "poses": poses.reshape(len(motion), width), "trans": trans + np.array([0.0, 0.22, -0.03]),
        "betas": np.zeros(16), "gender": np.array("neutral"), rate_key: np.array(motion.fps),
    }  # fmt: skip


def save(path: Path, arrays: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("z_up", [True, False])
@pytest.mark.parametrize("width", [66, 72, 156, 165])
def test_motion_of_every_width_and_axis(tmp_path: Path, width: int, z_up: bool) -> None:
    motion = stepping()
    read = read_amass_motion(save(tmp_path / "a.npz", amass(motion, width, z_up)))
    wanted = grounded(motion)
    assert read.fps == 30
    moved = read.trans - wanted.trans
    np.testing.assert_allclose(moved, np.tile(moved[:1], (len(moved), 1)), atol=1e-5)  # a shift on the floor
    assert abs(moved[0, 1]) < 1e-4
    np.testing.assert_allclose((read.joints() - moved[:, None])[:, :22], wanted.joints()[:, :22], atol=1e-4)
    np.testing.assert_array_equal(read.contacts, wanted.contacts)
    if width != 72:
        assert not read.poses[:, 22:].any()


@pytest.mark.parametrize("rate_key", ["mocap_framerate", "mocap_frame_rate", "fps"])
@pytest.mark.parametrize("fps", [60, 100, 120])
def test_frame_rates_become_30(tmp_path: Path, fps: int, rate_key: str) -> None:
    read = read_amass_motion(save(tmp_path / "a.npz", amass(stepping(fps), rate_key=rate_key)))
    wanted = grounded(stepping(30))
    assert read.fps == 30 and abs(len(read) - len(wanted)) <= 1
    frames = min(len(read), len(wanted))
    moved = (read.trans[:frames] - wanted.trans[:frames])[:1]
    apart = np.linalg.norm(read.joints()[:frames, :22] - moved - wanted.joints()[:frames, :22], axis=-1)
    assert apart.max() < (0.001 if fps != 100 else 0.03)  # between frames the knees go in straight lines


def test_a_file_of_our_own_comes_back(tmp_path: Path) -> None:
    motion = grounded(stepping())
    poses = motion.poses.reshape(len(motion), 72)
    path = save(tmp_path / "a.npz", {"poses": poses, "trans": motion.trans, "mocap_framerate": np.float32(30.0)})
    read = read_amass_motion(path)
    np.testing.assert_allclose(read.poses, motion.poses, atol=1e-5)
    np.testing.assert_allclose(read.trans, motion.trans, atol=1e-4)


def test_angles_that_run_on_are_wrapped(tmp_path: Path) -> None:
    arrays = amass(stepping(), z_up=False)
    turned = arrays["poses"].copy()
    turned[:, 3 * 18] += 2 * np.pi
    read = read_amass_motion(save(tmp_path / "a.npz", arrays | {"poses": turned}))
    assert np.linalg.norm(read.poses, axis=-1).max() <= np.pi + 1e-4


GOOD = amass(stepping(seconds=1.0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"poses": np.zeros((30, 100))}, r"poses are \(30, 100\)"),
        ({"poses": np.zeros(30)}, r"poses are \(30,\)"),
        ({"poses": np.zeros((0, 72)), "trans": np.zeros((0, 3))}, "it has 0 frames"),
        ({"trans": np.zeros((29, 3))}, r"trans \(29, 3\)"),
        ({"trans": np.full((30, 3), np.nan)}, "trans has values that are not finite"),
        ({"poses": np.full((30, 156), np.inf)}, "poses has values that are not finite"),
        ({"poses": np.full((30, 156), 1e9)}, "poses has values beyond 1000"),
        ({"trans": np.full((30, 3), 1e6)}, "trans has values beyond 1000"),
        ({"poses": np.zeros((30, 156), complex)}, "poses holds complex"),
        ({"mocap_framerate": np.array(0.0)}, "its frame rate must be 1 to 1000, got 0"),
        ({"mocap_framerate": np.array([30.0, 60.0])}, "its frame rate must be one number"),
        ({"mocap_framerate": np.array("fast")}, "its frame rate holds str"),
        ({"poses": np.repeat([[0.0] * 72, [np.pi] + [0.0] * 71], 15, axis=0)}, "which way is up is unknown"),
        ({"poses": np.array([{}], dtype=object)}, "holds other things than numbers"),
    ],
)
def test_broken_files_are_one_line(tmp_path: Path, change: dict[str, np.ndarray], message: str) -> None:
    path = save(tmp_path / "a.npz", GOOD | change)
    with pytest.raises(UserError, match=message) as error:
        read_amass_motion(path)
    assert str(error.value).startswith(f"{path}: not an AMASS motion (") and "\n" not in str(error.value)


@pytest.mark.parametrize("gone", ["poses", "trans", "mocap_framerate"])
def test_missing_arrays_are_named(tmp_path: Path, gone: str) -> None:
    path = save(tmp_path / "a.npz", {name: array for name, array in GOOD.items() if name != gone})
    with pytest.raises(UserError, match=f"it has no {gone}"):
        read_amass_motion(path)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_cut_off_files_are_one_line(tmp_path: Path, share: float) -> None:
    content = save(tmp_path / "a.npz", GOOD).read_bytes()
    (tmp_path / "a.npz").write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match=r"a\.npz: not an AMASS motion"):
        read_amass_motion(tmp_path / "a.npz")


def test_a_folder_as_amass_has_it(tmp_path: Path) -> None:
    for place in ("DanceDB/anna/1_poses", "DanceDB/anna/2_poses", "Transitions/1_poses"):
        save(tmp_path / f"{place}.npz", amass(stepping(120)))
    save(tmp_path / "DanceDB/anna/shape.npz", {"betas": np.zeros(16)})
    save(tmp_path / "DanceDB/anna/neutral_stagei.npz", {"betas": np.zeros(16)})
    write_song(tmp_path / "DanceDB/anna/1_poses.wav", 112.0, 0.2, 6.0)
    dances = read_amass_folder(tmp_path)
    assert [(dance.name, dance.style, dance.grid is not None) for dance in dances] == [
        ("amass_DanceDB_anna_1_poses", "dancedb", True),
        ("amass_DanceDB_anna_2_poses", "dancedb", False),
        ("amass_Transitions_1_poses", "transitions", False),
    ]
    assert all(not dance.clean and dance.valid.all() and len(dance.valid) == 120 for dance in dances)


def test_a_damaged_song_leaves_its_dance_out(tmp_path: Path) -> None:
    save(tmp_path / "a.npz", amass(stepping()))
    save(tmp_path / "b.npz", amass(stepping()))
    (tmp_path / "a.wav").write_bytes(b"no sound")
    errors: list[UserError] = []
    assert [dance.name for dance in read_amass_folder(tmp_path, errors.append)] == ["amass_b"]
    assert len(errors) == 1 and "a.wav" in str(errors[0])
