"""The reader of AIST++, on a small synthetic folder in its exact format."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from motionbeat import pairs
from motionbeat.aist import music_tempo, read_aist, read_aist_motion
from motionbeat.contacts import foot_plants
from motionbeat.errors import UserError
from tests.recordings import STANDING_M, stepping_poses, write_song

SCALING = 93.77
SECONDS = 12.0
TRAIN, TRAIN_OTHER_DANCER = "gPO_sFM_cAll_d10_mPO4_ch01", "gPO_sFM_cAll_d11_mPO4_ch02"
VALIDATION, TEST = "gHO_sBM_cAll_d20_mHO5_ch01", "gHO_sBM_cAll_d20_mHO5_ch02"
IGNORED = "gBR_sBM_cAll_d04_mBR0_ch07"
DOWNBEATS_S = {"mPO4": 0.31, "mHO5": 0.0}


def motion_table(tempo: float, height_m: float = 0.4) -> dict[str, object]:
    """A motion file's entries: stepping on the beat at 60 fps, on a floor at ``height_m``."""
    poses = stepping_poses(60 / tempo, SECONDS, fps=60)
    trans = np.zeros((len(poses), 3))
    trans[:, 0] = 0.01 * np.arange(len(poses)) / 60
    trans[:, 1] = STANDING_M + height_m
    return {
        "smpl_poses": poses.reshape(-1, 72),
        "smpl_trans": (trans * SCALING).astype(np.float32),
        "smpl_scaling": np.array([SCALING], dtype=np.float32),
        "smpl_loss": 1.5,
    }


def write_motion(path: Path, table: object, protocol: int | None = None) -> Path:
    path.write_bytes(pickle.dumps(table, protocol=protocol))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "aist_plusplus_final"
    for name in ("motions", "splits"):
        (root / name).mkdir(parents=True)
    for name in (TRAIN, TRAIN_OTHER_DANCER, VALIDATION, TEST):
        write_motion(root / "motions" / f"{name}.pkl", motion_table(music_tempo(name[17:21])))
    (root / "splits" / "crossmodal_train.txt").write_text(f"{TRAIN}\n{TRAIN_OTHER_DANCER}\n{IGNORED}\n")
    (root / "splits" / "crossmodal_val.txt").write_text(VALIDATION)
    (root / "splits" / "crossmodal_test.txt").write_text(f"{TEST}\n\n")
    (root / "ignore_list.txt").write_text(f"{IGNORED} \n\n")
    for music, downbeat in DOWNBEATS_S.items():
        write_song(root / "wav" / f"{music}.wav", music_tempo(music), downbeat, 16)
    return root


def test_music_ids_tell_the_tempo() -> None:
    assert [music_tempo(music) for music in ("mBR0", "mJB5", "mHO0", "mHO3")] == [80, 130, 110, 125]


def test_dances_with_split_music_and_beats(folder: Path) -> None:
    dances = {dance.name: dance for dance in read_aist(folder)}
    assert {name: dance.split for name, dance in dances.items()} == {
        TRAIN: "train", TRAIN_OTHER_DANCER: "train", VALIDATION: "validation", TEST: "test"
    }  # fmt: skip
    assert dances[TRAIN].song == dances[TRAIN_OTHER_DANCER].song == "mPO4"
    assert dances[TRAIN].style == "popping" and dances[TEST].style == "house"
    assert dances[TRAIN].audio_path == folder / "wav" / "mPO4.wav"
    for dance in dances.values():
        assert not dance.clean and dance.valid.all() and len(dance.valid) == len(dance.motion)
        assert dance.grid is not None and dance.grid.meter == 4
        assert dance.grid.tempo == music_tempo(dance.song)
        np.testing.assert_allclose(np.diff(dance.grid.beats[1:]), 60 / dance.grid.tempo, atol=1e-9)
        bar = 240 / dance.grid.tempo
        off = (dance.grid.downbeats - DOWNBEATS_S[dance.song] + bar / 2) % bar - bar / 2
        assert np.abs(off).max() < 0.025
        # the last slot reaches to the end of the dance
        assert dance.grid.beats[0] < 60 / dance.grid.tempo <= dance.grid.beats[-1]
        assert -0.06 <= dance.grid.beats[-1] - dance.motion.duration < 60 / dance.grid.tempo


def test_motion_at_30_fps_in_metres_on_the_floor(folder: Path) -> None:
    motion = read_aist_motion(folder / "motions" / f"{TRAIN}.pkl")
    assert motion.fps == 30 and len(motion) == SECONDS * 30
    assert motion.poses.dtype == motion.trans.dtype == np.float32
    np.testing.assert_allclose(motion.poses, stepping_poses(0.5, SECONDS, 30), atol=1e-6)
    np.testing.assert_allclose(motion.trans[:, 0], 0.01 * np.arange(len(motion)) / 30, atol=1e-5)
    np.testing.assert_allclose(motion.trans[:, 1], STANDING_M, atol=0.01)
    assert motion.contacts is not None
    plants = foot_plants(motion.contacts, 30)
    assert len(plants) == pytest.approx(SECONDS / 0.5, abs=2)


def test_angles_beyond_half_a_turn_are_wrapped(tmp_path: Path) -> None:
    table = motion_table(120)
    turned = np.asarray(table["smpl_poses"]).reshape(-1, 24, 3).copy()
    time = np.arange(len(turned)) / 60
    turned[:, 0] = np.stack([0 * time, 2.0 * time, 0 * time], axis=1)  # nearly four turns to the left
    motion = read_aist_motion(write_motion(tmp_path / "a.pkl", table | {"smpl_poses": turned.reshape(-1, 72)}))
    assert np.linalg.norm(motion.poses, axis=-1).max() <= np.pi + 1e-5
    np.testing.assert_allclose(np.exp(1j * motion.poses[:, 0, 1]), np.exp(2j * time[::2]), atol=1e-5)


def test_poses_by_joint_are_read_too(tmp_path: Path) -> None:
    table = motion_table(120)
    plain = read_aist_motion(write_motion(tmp_path / "a.pkl", table))
    by_joint = table | {"smpl_poses": np.asarray(table["smpl_poses"]).reshape(-1, 24, 3)}
    np.testing.assert_array_equal(read_aist_motion(write_motion(tmp_path / "b.pkl", by_joint)).poses, plain.poses)


def test_glitches_and_handstands_do_not_move_the_floor(tmp_path: Path) -> None:
    table = motion_table(120)
    trans = table["smpl_trans"]
    assert isinstance(trans, np.ndarray)
    trans[100:120, 1] -= 0.5 * SCALING
    trans[200:350, 1] += 0.8 * SCALING  # still, with the feet in the air
    motion = read_aist_motion(write_motion(tmp_path / "a.pkl", table))
    assert motion.trans[0, 1] == pytest.approx(STANDING_M, abs=0.01)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_pickles_of_every_protocol(tmp_path: Path, protocol: int) -> None:
    plain = read_aist_motion(write_motion(tmp_path / "a.pkl", motion_table(120)))
    again = read_aist_motion(write_motion(tmp_path / "b.pkl", motion_table(120), protocol))
    np.testing.assert_array_equal(plain.poses, again.poses)


def test_pickles_of_older_numpy(tmp_path: Path) -> None:
    plain = read_aist_motion(write_motion(tmp_path / "a.pkl", motion_table(120)))
    # in this protocol names stand as plain lines, so the older module path can be put in
    old = pickle.dumps(motion_table(120), protocol=2).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert b"numpy.core.multiarray\n_reconstruct" in old and b"_core" not in old
    (tmp_path / "old.pkl").write_bytes(old)
    np.testing.assert_array_equal(read_aist_motion(tmp_path / "old.pkl").trans, plain.trans)


class _Evil:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.target),)


def test_a_pickle_that_wants_to_run_something_is_refused(tmp_path: Path) -> None:
    path = write_motion(tmp_path / "evil.pkl", motion_table(120) | {"smpl_loss": _Evil(tmp_path / "harm")})
    with pytest.raises(UserError, match=r"evil\.pkl: refused.*mkdir") as caught:
        read_aist_motion(path)
    assert not (tmp_path / "harm").exists()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("smpl_trans", None, "smpl_trans is missing"),
        ("smpl_poses", np.zeros((600, 66), np.float32), r"\(600, 66\)"),
        ("smpl_poses", np.float32(0), r"smpl_poses \(\)"),
        ("smpl_trans", np.zeros((1, 3), np.float32), r"\(1, 3\)"),
        ("smpl_scaling", np.zeros(1, np.float32), "not positive"),
        ("smpl_scaling", np.ones(2, np.float32), r"smpl_scaling \(2,\)"),
        ("smpl_poses", np.full((720, 72), np.nan, np.float32), "not finite"),
        ("smpl_poses", "text", "not an array of numbers"),
        # finite in the file, but not as an angle of ours or in metres
        ("smpl_poses", np.full((720, 72), 1e200), "not finite"),
        ("smpl_trans", np.full((720, 3), 1e200), "more than 1000 m away"),
        ("smpl_scaling", np.array([1e-45], np.float32), "more than 1000 m away"),
        ("smpl_scaling", np.array([5e-324]), "not finite"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_broken_motions(tmp_path: Path, key: str, value: object, message: str) -> None:
    table = motion_table(120)
    if value is None:
        del table[key]
    else:
        table[key] = value
    with pytest.raises(UserError, match=rf"a\.pkl.*{message}"):
        read_aist_motion(write_motion(tmp_path / "a.pkl", table))


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x02}q\x00(", pickle.dumps([1, 2])])
def test_files_that_are_no_motion(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pkl").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.pkl: not an AIST\+\+ motion"):
        read_aist_motion(tmp_path / "x.pkl")


def test_a_short_motion(tmp_path: Path) -> None:
    table = motion_table(120)
    short = {key: table[key][:20] for key in ("smpl_poses", "smpl_trans")}  # type: ignore[index]
    with pytest.raises(UserError, match="only 20 frames"):
        read_aist_motion(write_motion(tmp_path / "a.pkl", table | short))


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("ignore_list.txt", r"no ignore_list\.txt there.*aist_plusplus_final"),
        ("splits/crossmodal_val.txt", r"no splits/crossmodal_val\.txt there.*aist_plusplus_final"),
        (f"motions/{TEST}.pkl", rf"{TEST}\.pkl: missing, as are 0 more of 4"),
        ("wav/mHO5.wav", r"mHO5\.wav is in neither wav/ nor music/"),
    ],
)
def test_missing_files_are_named(folder: Path, gone: str, message: str) -> None:
    (folder / gone).unlink()
    with pytest.raises(UserError, match=message):
        read_aist(folder)


def test_another_folder_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no motions there.*aist_plusplus_final, with motions/\*\.pkl"):
        read_aist(tmp_path)


def test_a_list_of_other_names(folder: Path) -> None:
    (folder / "splits" / "crossmodal_test.txt").write_text("gXX_sBM_cAll_d20_mHO5_ch02\n")
    with pytest.raises(UserError, match=r"crossmodal_test\.txt: 'gXX_.*' is not the name"):
        read_aist(folder)


def test_from_the_folder_to_pairs(folder: Path, tmp_path: Path) -> None:
    (folder / "wav").rename(folder / "music")
    out = tmp_path / "pairs"
    assert pairs.main(["--aist", str(folder), "--out", str(out)]) == 0
    loaded = {pair.name: pair for pair in pairs.load_pairs(out)}
    assert set(loaded) == {TRAIN, TRAIN_OTHER_DANCER, VALIDATION, TEST}
    pair = loaded[TRAIN]
    assert (pair.split, pair.song, pair.style, pair.clean) == ("train", "mPO4", "popping", False)
    assert pair.audio_tokens.shape == (len(pair.slots), 320) and pair.audio_tokens.max() > 100
    # 12 s at 120 beats a minute are 24 beats
    assert len(pair.slots) == pytest.approx(4 * 24, abs=4)
    # the drums are heard at the start of the beats, the dancer's feet come down on them
    level = pair.audio_tokens.astype(float).mean(axis=1)
    assert level[pair.slots.phase % 1 == 0].mean() > 1.3 * level[np.isin(pair.slots.phase % 1, (0.25, 0.75))].mean()


def test_a_wrong_folder_ends_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pairs.main(["--aist", str(tmp_path / "none"), "--out", str(tmp_path / "pairs")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and "aist_plusplus_final" in error
    assert not (tmp_path / "pairs").exists()
