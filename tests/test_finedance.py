"""The reader of FineDance, on a small synthetic folder in its exact format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from motionbeat import pairs
from motionbeat.errors import UserError
from motionbeat.finedance import EXCLUDED_IDS, TEST_IDS, read_finedance, read_finedance_motion
from tests.recordings import STANDING_M, stepping_poses, write_song

SECONDS = 10.0
TEMPO = 112.0
FIRST_DOWNBEAT_S = 0.25


def motion_values(height_m: float = -1.1) -> np.ndarray:
    """(T, 315) of a stepping body with its fingers bent, on a floor at ``height_m``."""
    poses = stepping_poses(60 / TEMPO, SECONDS, fps=30)
    poses[:, 15] = [0.1, -0.2, 0.3]  # the head is turned about no single axis
    joints = np.concatenate([poses[:, :22], np.full((len(poses), 30, 3), 0.4)], axis=1)
    matrices = Rotation.from_rotvec(joints.reshape(-1, 3)).as_matrix()
    rows = matrices[:, :2].reshape(len(poses), 52 * 6)
    trans = np.tile([0.5, STANDING_M + height_m, 2.0], (len(poses), 1))
    return np.concatenate([trans, rows], axis=1).astype(np.float32)


def add_dance(root: Path, number: str, song: str, genre: str = "Hiphop", values: np.ndarray | None = None) -> None:
    for name in ("motion", "music_wav", "label_json"):
        (root / name).mkdir(parents=True, exist_ok=True)
    np.save(root / "motion" / f"{number}.npy", motion_values() if values is None else values)
    write_song(root / "music_wav" / f"{number}.wav", TEMPO, FIRST_DOWNBEAT_S, SECONDS)
    label = {"name": song, "style1": "Modern", "style2": genre}
    (root / "label_json" / f"{number}.json").write_text(json.dumps(label))


def test_dances_with_split_song_and_beats(tmp_path: Path) -> None:
    songs = {"001": "A", "002": "B", "012": "C", "030": "A", "067": "D", "116": "E"}
    for number, song in songs.items():
        add_dance(tmp_path, number, song, "jazz" if number == "001" else "Hiphop")
    (tmp_path / "motion" / "M001.npy").write_bytes(b"a mirrored copy")
    dances = {dance.name: dance for dance in read_finedance(tmp_path)}
    # 030 is for validation by its number and takes the other dance to its song along; 116 is excluded
    assert {name: dance.split for name, dance in dances.items()} == {
        "finedance_001": "validation", "finedance_002": "train", "finedance_012": "test",
        "finedance_030": "validation", "finedance_067": "train",
    }  # fmt: skip
    first, other = dances["finedance_001"], dances["finedance_030"]
    assert first.song == other.song != dances["finedance_002"].song
    assert first.style == "jazz" and other.style == "hiphop" and not first.clean
    assert first.valid.all() and len(first.valid) == len(first.motion) == SECONDS * 30
    still = dances["finedance_067"].valid
    assert not still[:180].any() and still[180:].all()
    assert first.grid is not None and first.grid.tempo == pytest.approx(TEMPO, rel=0.02)
    assert first.grid.beats[-1] > SECONDS - 1
    period = 60 / TEMPO
    off = (first.grid.beats - FIRST_DOWNBEAT_S + period / 2) % period - period / 2
    assert np.median(np.abs(off)) < 0.03


def test_no_song_is_in_two_splits(tmp_path: Path) -> None:
    # 012 is a test dance; 030 would be for validation, and 001 and 116 are of no test list
    songs = {"001": "A", "002": "B", "012": "A", "030": "A", "116": "C", "045": "C", "003": "B"}
    for number, song in songs.items():
        add_dance(tmp_path, number, song)
    dances = {dance.name: dance.split for dance in read_finedance(tmp_path)}
    assert dances == {
        "finedance_002": "train", "finedance_003": "train", "finedance_012": "test", "finedance_045": "validation"
    }  # fmt: skip


def test_excluded_dances_are_not_tested_on() -> None:
    assert len(TEST_IDS) == 20 and len(TEST_IDS - EXCLUDED_IDS) == 18


def test_rotations_are_two_rows(tmp_path: Path) -> None:
    add_dance(tmp_path, "001", "A")
    motion = read_finedance_motion(tmp_path / "motion" / "001.npy")
    expected = stepping_poses(60 / TEMPO, SECONDS, 30)
    expected[:, 15] = [0.1, -0.2, 0.3]
    np.testing.assert_allclose(motion.poses[:, :22], expected[:, :22], atol=1e-4)
    assert not motion.poses[:, 22:].any()
    np.testing.assert_allclose(motion.trans, np.tile([0.5, STANDING_M, 2.0], (len(motion), 1)), atol=0.01)
    assert motion.fps == 30 and motion.contacts is not None and 0.5 < motion.contacts.mean() < 1


def test_contacts_in_front_are_skipped(tmp_path: Path) -> None:
    add_dance(tmp_path, "001", "A")
    values = motion_values()
    np.save(tmp_path / "with.npy", np.concatenate([np.ones((len(values), 4), np.float32), values], axis=1))
    plain, other = (read_finedance_motion(tmp_path / name) for name in ("motion/001.npy", "with.npy"))
    np.testing.assert_array_equal(plain.poses, other.poses)
    np.testing.assert_array_equal(plain.trans, other.trans)


def test_rows_of_any_length_are_made_a_rotation(tmp_path: Path) -> None:
    values = motion_values()
    values[:, 3:] *= 1.7
    np.save(tmp_path / "a.npy", values)
    expected = stepping_poses(60 / TEMPO, SECONDS, 30)[:, :15]
    np.testing.assert_allclose(read_finedance_motion(tmp_path / "a.npy").poses[:, :15], expected, atol=1e-4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((300, 263), np.float32), r"\(300, 263\)"),
        (np.zeros(315, np.float32), r"\(315,\)"),
        (motion_values()[:10], "only 10 frames"),
        (np.full((300, 315), np.inf, np.float32), "not finite"),
        (np.zeros((300, 315), np.float32), "not two rows"),
        (np.zeros((300, 315), np.int32), "not finite numbers"),
        (np.array([{}], dtype=object), "not an npy file of numbers"),
        (np.where(np.arange(315) < 3, np.float64(1e200), motion_values()), "not finite numbers"),
        (np.where(np.arange(315) < 3, 1e30, motion_values()), "more than 1000 m away"),
        (np.where(np.arange(315) >= 3, 1e25 * motion_values(), 0), "not two rows"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_broken_motions(tmp_path: Path, values: np.ndarray, message: str) -> None:
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(UserError, match=rf"a\.npy.*{message}"):
        read_finedance_motion(tmp_path / "a.npy")


def npy(header: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\x93NUMPY\x01\x00",
        b"PK\x03\x04broken",
        npy(b"{'descr': '<f4', 'shape': (3,"),
        npy(b"{'descr': '<f4\n"),
        npy(b"(" * 200),
        npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000000, 315)}"),
        npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000000000000000, 315)}"),
    ],
)
def test_files_that_are_no_motion(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.npy: not an npy file of numbers"):
        read_finedance_motion(tmp_path / "x.npy")


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("music_wav/001.wav", r"music_wav/001\.wav: missing.*folder of FineDance"),
        ("label_json/001.json", r"label_json/001\.json: missing"),
        ("motion/001.npy", r"no dances in motion/"),
    ],
)
def test_missing_files_are_named(tmp_path: Path, gone: str, message: str) -> None:
    add_dance(tmp_path, "001", "A")
    (tmp_path / gone).unlink()
    with pytest.raises(UserError, match=message):
        read_finedance(tmp_path)


def test_another_folder_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no folder motion there\. Give the folder of FineDance, with motion/001"):
        read_finedance(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"style2": 3}'])
def test_broken_labels(tmp_path: Path, text: str) -> None:
    add_dance(tmp_path, "001", "A")
    (tmp_path / "label_json" / "001.json").write_text(text)
    with pytest.raises(UserError, match=r"001\.json: not a FineDance label"):
        read_finedance(tmp_path)


def test_from_the_folder_to_pairs(tmp_path: Path) -> None:
    add_dance(tmp_path / "data", "012", "A")
    assert pairs.main(["--finedance", str(tmp_path / "data"), "--out", str(tmp_path / "pairs")]) == 0
    (pair,) = pairs.load_pairs(tmp_path / "pairs")
    assert (pair.name, pair.split, pair.style, pair.clean) == ("finedance_012", "test", "hiphop", False)
    assert pair.song == "finedance_A" and len(pair.slots) > 60
