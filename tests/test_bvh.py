"""The reader of BVH files: our own motion written as other makes of skeleton write theirs, and files that are none."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from motionbeat.bvh import MAX_JOINTS, read_bvh
from motionbeat.bvh_folder import read_bvh_folder, read_bvh_motion
from motionbeat.dance_folder import find_dance_files
from motionbeat.errors import UserError
from motionbeat.grounding import grounded
from motionbeat.motion import Motion
from motionbeat.skeleton import JOINT_NAMES, OFFSETS_M, PARENTS
from motionbeat.skeleton_names import match_joints
from tests.recordings import STANDING_M, stepping_poses, write_song
from tests.skeletons import ASF, BIPED, MIXAMO, UNREAL, XSENS, Make, renamed, write_bvh

Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
X_UP = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
LOWERED_ARMS = np.zeros((24, 3))
LOWERED_ARMS[16], LOWERED_ARMS[17] = [0, 0, -0.8], [0, 0, 0.8]
LEGS_UP = np.zeros((24, 3))
"""A rest pose in which nobody stands, as of makes that lay all bones along one line."""
LEGS_UP[1], LEGS_UP[2] = [0, 0, np.pi], [0, 0, np.pi]
MIXAMO_NAMES = renamed(MIXAMO, "{side}{word}", ("Left", "Right"), "mixamorig:")


def stepping(fps: int = 30, seconds: float = 4.0) -> Motion:
    """A body that steps, turns, bends and swings its arms about all axes, and walks."""
    poses = stepping_poses(0.5, seconds, fps)
    time = np.arange(len(poses)) / fps
    waves = np.sin(np.outer(time, [1.0, 1.7, 2.3])).astype(np.float32)
    poses[:, [3, 6, 9]] += 0.1 * waves[:, None]
    poses[:, [12, 15]] += 0.15 * waves[:, None]
    poses[:, [18, 19]] += 0.6 * waves[:, None] * np.array([0, 1, 0], np.float32)
    poses[:, [20, 21]] += 0.3 * waves[:, None]
    trans = np.stack([0.1 * time, STANDING_M + 0.01 * waves[:, 1], 0.05 * waves[:, 0]], axis=1)
    return Motion(poses, trans.astype(np.float32), float(fps))


def errors_mm(motion: Motion, other: Motion) -> np.ndarray:
    """(T, 24) distances of the joints when the floors are one and the second is turned about the vertical to fit."""
    one, two = (each.joints() - each.joints().mean(axis=(0, 1)) for each in (motion, other))
    together = np.einsum("tji,tjk->ik", two, one)
    angle = np.arctan2(together[2, 0] - together[0, 2], together[0, 0] + together[2, 2])
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    return 1e3 * np.linalg.norm(one - two @ turn.T, axis=-1)


@pytest.mark.parametrize(
    ("make", "mean_mm", "greatest_mm"),
    [
        pytest.param(Make(), 0.01, 0.05, id="our own skeleton"),
        pytest.param(Make(unit_m=0.01, axes=Z_UP, names=MIXAMO_NAMES), 0.01, 0.05, id="Mixamo, centimetres, z up"),
        pytest.param(
            Make(renamed(XSENS, "{side}{word}", ("Left", "Right")), order="YXZ", unit_m=0.0254), 0.01, 0.05,
            id="Xsens, inches",
        ),
        pytest.param(
            Make(renamed(ASF, "{side}{word}", ("l", "r")), order="XYZ", unit_m=0.0564, axes=X_UP), 0.01, 0.05,
            id="CMU's asf, its own unit, x up",
        ),
        pytest.param(
            Make(
                renamed(UNREAL, "{word}_{side}", ("l", "r")), unit_m=0.01, axes=Z_UP, all_positions=True, wrapped=True
            ),
            0.01, 0.05, id="Unreal, positions everywhere, a root around it",
        ),
        pytest.param(
            Make(renamed(BIPED, "{side} {word}", ("L", "R"), "Bip01 "), rest=LOWERED_ARMS), 0.3, 3.0,
            id="Biped, arms lowered at rest",
        ),
        pytest.param(Make(MIXAMO_NAMES, rest=LEGS_UP), 12.0, 60.0, id="nobody stands at rest"),
        pytest.param(
            Make(MIXAMO_NAMES, left_out=("spine2", "left_foot", "right_foot", "left_hand", "right_hand")), 4.0, 30.0,
            id="fewer joints",
        ),
        pytest.param(Make(offsets_m=1.3 * OFFSETS_M), 0.01, 0.05, id="a taller dancer"),
    ],
)  # fmt: skip
def test_motion_comes_back_from_other_skeletons(
    tmp_path: Path, make: Make, mean_mm: float, greatest_mm: float
) -> None:
    motion = stepping()
    written = motion if make.offsets_m is None else replace(motion, trans=1.3 * motion.trans)
    write_bvh(tmp_path / "a.bvh", written, make)
    read = read_bvh_motion(tmp_path / "a.bvh")
    assert read.fps == 30 and len(read) == len(motion)
    errors = errors_mm(motion, read)
    assert errors.mean() < mean_mm and errors.max() < greatest_mm
    # standing feet are on the floor, and the head is above them
    joints = read.joints()
    assert abs(np.percentile(joints[:, [10, 11], 1].min(axis=1), 20) - 0.028) < 0.02
    wanted = grounded(motion).contacts
    assert read.contacts is not None and wanted is not None and 0.3 < wanted.mean() < 0.9
    assert np.mean(read.contacts != wanted) < 0.1


def test_limbs_of_other_proportions_keep_their_directions(tmp_path: Path) -> None:
    offsets = OFFSETS_M.copy()
    offsets[[4, 5]] *= 1.15
    offsets[[18, 19, 20, 21]] *= 0.8
    offsets[[1, 2]] *= 1.2
    motion = stepping()
    write_bvh(tmp_path / "a.bvh", motion, Make(offsets_m=offsets))
    read = read_bvh_motion(tmp_path / "a.bvh")
    np.testing.assert_allclose(read.poses, motion.poses, atol=1e-4)


def test_no_scale_is_taken_for_another_size(tmp_path: Path) -> None:
    """The same file in metres and in centimetres is the same motion, heights and strides included."""
    read = []
    for unit in (1.0, 0.01):
        write_bvh(tmp_path / "a.bvh", stepping(), Make(unit_m=unit))
        read.append(read_bvh_motion(tmp_path / "a.bvh"))
    np.testing.assert_allclose(read[0].trans, read[1].trans, atol=1e-4)
    strides = np.linalg.norm(np.diff(read[0].trans[:, [0, 2]], axis=0), axis=1).sum()
    assert strides == pytest.approx(
        np.linalg.norm(np.diff(stepping().trans[:, [0, 2]], axis=0), axis=1).sum(), rel=1e-3
    )


@pytest.mark.parametrize("fps", [60, 100, 120])
def test_other_frame_rates_become_30(tmp_path: Path, fps: int) -> None:
    motion = stepping(fps)
    write_bvh(tmp_path / "a.bvh", motion, Make())
    read = read_bvh_motion(tmp_path / "a.bvh")
    assert read.fps == 30 and read.duration == pytest.approx(motion.duration, abs=0.05)
    wanted = stepping(30)
    assert errors_mm(wanted.crop(0, len(read)), read.crop(0, len(wanted))).max() < 15  # a 30th of a second of chords


def test_left_and_right_exchanged_is_noticed(tmp_path: Path) -> None:
    write_bvh(tmp_path / "a.bvh", stepping(), Make(renamed(MIXAMO, "{side}{word}", ("Right", "Left"))))
    with pytest.raises(UserError, match=r"a\.bvh: not a human motion.*left and right are exchanged"):
        read_bvh_motion(tmp_path / "a.bvh")


def test_a_body_that_lies_down_has_no_vertical(tmp_path: Path) -> None:
    motion = stepping()
    poses = motion.poses.copy()
    half = len(poses) // 2
    poses[:half, 0], poses[half:, 0] = [np.pi / 2, 0, 0], [-np.pi / 2, 0, 0]
    write_bvh(tmp_path / "a.bvh", Motion(poses, motion.trans, 30.0), Make())
    with pytest.raises(UserError, match="which way is up is unknown"):
        read_bvh_motion(tmp_path / "a.bvh")


def test_hinges_of_a_robot_are_one_joint() -> None:
    names, parents = ["pelvis"], [-1]
    for side in ("left", "right"):
        above = 0
        for part in ("hip_pitch", "hip_roll", "hip_yaw", "knee", "ankle_pitch", "ankle_roll"):
            names.append(f"{side}_{part}_joint")
            parents.append(above)
            above = len(names) - 1
    above = 0
    for part in ("waist_yaw", "waist_roll", "waist_pitch"):
        names.append(f"{part}_joint")
        parents.append(above)
        above = len(names) - 1
    for side in ("left", "right"):
        arm = above
        for part in ("shoulder_pitch", "shoulder_roll", "shoulder_yaw", "elbow", "wrist_roll", "wrist_pitch"):
            names.append(f"{side}_{part}_joint")
            parents.append(arm)
            arm = len(names) - 1
    found = match_joints(tuple(names), tuple(parents))
    hip = found[JOINT_NAMES.index("left_hip")]
    assert (names[hip.place], names[hip.turn]) == ("left_hip_pitch_joint", "left_hip_yaw_joint")
    spine = [names[found[JOINT_NAMES.index(f"spine{number}")].turn] for number in (1, 2, 3)]
    assert spine == ["waist_yaw_joint", "waist_roll_joint", "waist_pitch_joint"]
    assert JOINT_NAMES.index("head") not in found


@pytest.mark.parametrize(
    "names",
    [
        JOINT_NAMES,
        MIXAMO_NAMES,
        renamed(MIXAMO, "{side}{word}", ("left", "right")),
        renamed(XSENS, "{side}{word}", ("Left", "Right")),
        renamed(BIPED, "{side}_{word}", ("L", "R"), "Bip001_"),
        renamed(UNREAL, "{word}_{side}", ("l", "r")),
        renamed(UNREAL, "{word}.{side}", ("L", "R")),
        renamed(ASF, "{side}{word}", ("l", "r")),
    ],
)
def test_makes_are_known_by_their_names(names: tuple[str, ...]) -> None:
    found = match_joints(names, PARENTS)
    unsure = {JOINT_NAMES.index(name) for name in ("left_hand", "right_hand")}
    assert {joint: match.turn for joint, match in found.items() if joint not in unsure} == {
        joint: joint for joint in range(24) if joint not in unsure
    }


def test_a_missing_joint_is_named() -> None:
    names = tuple(name.replace("left_elbow", "something") for name in JOINT_NAMES)
    with pytest.raises(ValueError, match=r"no joint of its skeleton is the left elbow: pelvis, left_hip"):
        match_joints(names, PARENTS)


def written(tmp_path: Path) -> str:
    write_bvh(tmp_path / "good.bvh", stepping(seconds=1.0), Make())
    return (tmp_path / "good.bvh").read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HIERARCHY", "NONSENSE", "does not begin with HIERARCHY"),
        ("MOTION\n", "", "no MOTION with Frames"),
        ("Frames: 30", "Frames: 1000000000", "1000000000 frames|s of motion"),
        ("Frames: 30", "Frames: 3000", "3000 frames of 75 numbers, and so many cannot follow"),
        ("Frames: 30", "Frames: 31", "30 frames of 75 numbers where its header says 31"),
        ("Frames: 30", "Frames: 1", "it has 1 frames"),
        ("Frame Time: 0.033333", "Frame Time: 0", "frame time '0' is no number of seconds"),
        ("Frame Time: 0.033333", "Frame Time: -1", "means -1 frames a second"),
        ("Frame Time: 0.033333", "Frame Time: 1e-9", "frames a second, and 5 to 1000 are read"),
        ("OFFSET 0.000000 0.000000 0.000000", "OFFSET 0 0", "OFFSET of its joint pelvis is not three numbers"),
        ("OFFSET 0.000000 0.000000 0.000000", "OFFSET nan 0 0", "OFFSET of its joint pelvis"),
        ("CHANNELS 6", "CHANNELS 7", "CHANNELS of its joint pelvis"),
        ("Zrotation", "Wrotation", "CHANNELS of its joint pelvis"),
        ("ROOT pelvis\n{", "ROOT pelvis\n", "its hierarchy has a line 'OFFSET"),
        ("JOINT left_hip", "ROOT left_hip", "two roots"),
        ("JOINT left_hip", "WHATEVER left_hip", "a line 'WHATEVER left_hip'"),
        ("End Site", "End Site {", "braces"),
    ],
)
def test_broken_files_are_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = written(tmp_path)
    assert old in text
    (tmp_path / "a.bvh").write_text(text.replace(old, new, 1))
    with pytest.raises(UserError, match=message) as error:
        read_bvh(tmp_path / "a.bvh")
    assert str(error.value).startswith(f"{tmp_path / 'a.bvh'}: not a BVH motion (") and "\n" not in str(error.value)


@pytest.mark.parametrize("number", ["nan", "inf", "1e30", "abc", "0x10", ""])
def test_wrong_numbers_in_the_motion(tmp_path: Path, number: str) -> None:
    lines = written(tmp_path).splitlines()
    lines[-3] = " ".join([number, *lines[-3].split()[1:]])
    (tmp_path / "a.bvh").write_text("\n".join(lines))
    with pytest.raises(UserError, match="not a BVH motion"):
        read_bvh(tmp_path / "a.bvh")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("share", [0.0, 0.02, 0.1, 0.3, 0.5, 0.8, 0.999])
def test_cut_off_files_are_one_line(tmp_path: Path, share: float) -> None:
    content = written(tmp_path).encode()
    (tmp_path / "a.bvh").write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match=r"a\.bvh: not a BVH motion \([^\n]*$"):
        read_bvh(tmp_path / "a.bvh")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 1000,
        b"HIERARCHY",
        b"HIERARCHY\nMOTION\nFrames: 3\nFrame Time: 0.03\n1\n2\n3\n",
        b"HIERARCHY\n" + b"ROOT a\n{\n" * 20000,
        b"HIERARCHY\nROOT a\n" + b"{" * 100000 + b"\nMOTION\nFrames: 3\nFrame Time: 0.03\n1\n2\n3\n",
        b"HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\n}\nMOTION\nFrames: 3\nFrame Time: 0.03\n1\n2\n3\n",
        np.random.default_rng(0).bytes(5000),
    ],
)
def test_nonsense_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.bvh").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.bvh: not a BVH motion"):
        read_bvh(tmp_path / "a.bvh")


def test_a_file_flipped_in_any_byte_is_read_or_one_line(tmp_path: Path) -> None:
    content = bytearray(written(tmp_path).encode())
    rng = np.random.default_rng(1)
    read = 0
    for place in rng.integers(0, len(content), 150):
        broken = content.copy()
        broken[place] ^= int(rng.integers(1, 256))
        (tmp_path / "a.bvh").write_bytes(broken)
        try:
            read_bvh_motion(tmp_path / "a.bvh")
            read += 1
        except UserError as error:
            assert "\n" not in str(error)
    assert 0 < read < 150


def test_too_many_joints(tmp_path: Path) -> None:
    joints = "".join(f"JOINT j{n}\n{{\nOFFSET 0 1 0\nCHANNELS 0\n}}\n" for n in range(MAX_JOINTS))
    text = (
        f"HIERARCHY\nROOT r\n{{\nOFFSET 0 0 0\nCHANNELS 1 Xrotation\n{joints}}}\nMOTION\nFrames: 2\nFrame Time: 0.1\n"
    )
    (tmp_path / "a.bvh").write_text(text + "1\n2\n")
    with pytest.raises(UserError, match=f"more than {MAX_JOINTS} joints"):
        read_bvh(tmp_path / "a.bvh")


def test_too_large_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motionbeat.bvh.MAX_FILE_BYTES", 1 << 20)
    (tmp_path / "a.bvh").write_bytes(b"HIERARCHY" + b" " * (2 << 20))
    with pytest.raises(UserError, match=r"2 MiB, more than 1"):
        read_bvh(tmp_path / "a.bvh")


def test_files_as_windows_programs_write_them(tmp_path: Path) -> None:
    text = (
        written(tmp_path)
        .replace("\n", "\r\n")
        .replace("OFFSET ", "OFFSET\t")
        .replace("ROOT pelvis\r\n{", "ROOT pelvis {")
    )
    (tmp_path / "a.bvh").write_bytes(b"\xef\xbb\xbf" + text.encode())
    np.testing.assert_array_equal(read_bvh(tmp_path / "a.bvh").values, read_bvh(tmp_path / "good.bvh").values)


def test_a_folder_of_dances(tmp_path: Path) -> None:
    motion = stepping()
    for place in ("Hip Hop/anna/1", "Hip Hop/anna/2", "waltz/1", "solo"):
        write_bvh(tmp_path / f"{place}.bvh", motion, Make())
    write_song(tmp_path / "Hip Hop/anna/1.wav", 112.0, 0.2, 6.0)
    (tmp_path / "waltz/1.WAV").write_bytes((tmp_path / "Hip Hop/anna/1.wav").read_bytes())
    (tmp_path / ".hidden.bvh").write_text("no")
    dances = {dance.name: dance for dance in read_bvh_folder(tmp_path)}
    assert {name: dance.style for name, dance in dances.items()} == {
        "bvh_Hip Hop_anna_1": "hip_hop", "bvh_Hip Hop_anna_2": "hip_hop", "bvh_waltz_1": "waltz", "bvh_solo": "other",
    }  # fmt: skip
    one, two, waltz = (dances[name] for name in ("bvh_Hip Hop_anna_1", "bvh_Hip Hop_anna_2", "bvh_waltz_1"))
    assert one.grid is not None and one.grid.tempo == pytest.approx(112.0, rel=0.03) and not one.clean
    assert one.song == waltz.song != "" and one.split == waltz.split and one.audio_path != waltz.audio_path
    assert two.grid is None and two.audio_path is None and two.song == ""
    assert two.split == {0: "test", 1: "validation"}.get(zlib.crc32(b"Hip Hop/anna/2") % 10, "train")


def test_the_split_does_not_hang_on_the_place_of_the_folder(tmp_path: Path) -> None:
    for root in ("a", "b/c"):
        for number in range(60):
            (tmp_path / root / "pop").mkdir(parents=True, exist_ok=True)
            (tmp_path / root / "pop" / f"{number}.bvh").touch()
    splits = [[file.split for file in find_dance_files(tmp_path / root, ".bvh", "bvh")] for root in ("a", "b/c")]
    assert splits[0] == splits[1] and set(splits[0]) == {"train", "validation", "test"}


def test_one_bad_file_stops_or_is_left_out(tmp_path: Path) -> None:
    write_bvh(tmp_path / "a.bvh", stepping(), Make())
    (tmp_path / "b.bvh").write_text("nonsense")
    with pytest.raises(UserError, match=r"b\.bvh"):
        read_bvh_folder(tmp_path)
    errors: list[UserError] = []
    assert [dance.name for dance in read_bvh_folder(tmp_path, errors.append)] == ["bvh_a"]
    assert len(errors) == 1 and "b.bvh" in str(errors[0])


def test_folders_without_dances(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no \.bvh files there or in its folders"):
        read_bvh_folder(tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        read_bvh_folder(tmp_path / "nowhere")
