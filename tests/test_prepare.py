"""Preparing dances: checks, shards, going on after a stop, the report; and reading what was prepared."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import dancegen.prepare as prepare
from dancegen.dance_checks import check_dance
from motionbeat.dances import Dance
from motionbeat.errors import UserError
from motionbeat.grounding import grounded
from motionbeat.motion import Motion
from motionbeat.motion_features import motion_to_features
from motionbeat.pairs import Pair, load_pair
from motionbeat.prepared import read_prepared
from motionbeat.shards import pair_files, read_index
from tests.recordings import STANDING_M, stepping_poses, write_song
from tests.skeletons import Make, write_bvh

TEMPO = 112.0


def stepping(seconds: float = 8.0, fps: int = 30) -> Motion:
    """Steps on the beats of :data:`TEMPO`."""
    poses = stepping_poses(60 / TEMPO, seconds, fps)
    return Motion(poses, np.tile([0.0, STANDING_M, 0.0], (len(poses), 1)).astype(np.float32), float(fps))


def dance(motion: Motion, name: str = "a") -> Dance:
    return Dance(name, "pop", motion, np.ones(len(motion), bool), None, None, True)


@pytest.fixture(scope="module")
def bvh_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two dances with music, one without."""
    folder = tmp_path_factory.mktemp("dances")
    for name in ("pop/1", "pop/2", "pop/3"):
        write_bvh(folder / f"{name}.bvh", stepping(), Make())
    for name, tempo in (("pop/1", TEMPO), ("pop/2", 100.0)):
        write_song(folder / f"{name}.wav", tempo, 0.2, 9.0)
    return folder


@pytest.fixture(scope="module")
def prepared(bvh_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder above, prepared in shards of one dance each."""
    out = tmp_path_factory.mktemp("prepared") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepare, "ShardWriter", lambda folder, made_with, _: writer_of(folder, made_with, 1))
        assert prepare.main(["--bvh", str(bvh_folder), "--songs", "1", "--out", str(out)]) == 0
    return out


writer_of = prepare.ShardWriter


def test_a_sound_dance_has_no_faults() -> None:
    check, sound = check_dance(dance(grounded(stepping())))
    assert check.faults() == [] and check.bad == 0 and sound.all()
    assert check.upright == 1.0 and abs(check.floor_mm) < 5 and check.contact > 0.5
    assert check.plants == pytest.approx(8.0 * TEMPO / 60, abs=2)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda m: replace(m, trans=m.trans + np.float32([0, 0.2, 0])), "it stands at 2.. mm instead of 0"),
        (lambda m: replace(m, trans=m.trans - np.float32([0, 0.2, 0])), "it stands at -... mm instead of 0"),
        (lambda m: replace(m, poses=np.repeat(m.poses[:1], len(m), axis=0)), "it stands still in 100 %"),
        (lambda m: replace(m, fps=60.0), "it has 60 frames a second instead of 30"),
        (lambda m: m.crop(0, 60), "it lasts 2.0 s, less than 3"),
        (
            lambda m: replace(m, trans=m.trans + np.float32([0, 1.0, 0]), contacts=None),
            "feet are on the floor in only 0 %",
        ),
        (lambda m: replace(m, trans=np.where(np.arange(len(m))[:, None] < 9, np.float32(np.nan), m.trans)), "100 %"),
        (
            lambda m: replace(m, poses=np.where(np.arange(24)[:, None] == 0, np.float32([np.pi, 0, 0]), m.poses)),
            "the head is above the feet in only 0 %",
        ),
        (lambda m: replace(m, trans=m.trans + np.float32([[0, 0, 1]]) * (np.arange(len(m))[:, None] % 7 == 0)), "bad"),
    ],
)
def test_faults_are_found(change: Callable[[Motion], Motion], fault: str) -> None:
    check, _ = check_dance(dance(change(grounded(stepping()))))
    assert any(re.search(fault, each) for each in check.faults()), check.faults()


def test_a_teleport_and_a_flip_are_bad_frames_only() -> None:
    motion = grounded(stepping())
    trans, poses = motion.trans.copy(), motion.poses.copy()
    trans[100:] += [1.0, 0, 0]
    poses[50, 18] = [0, 0, 3.0]
    check, sound = check_dance(dance(replace(motion, trans=trans, poses=poses)))
    assert np.flatnonzero(~sound).tolist() == [49, 50, 51, 99, 100]
    assert check.bad == 5 and check.faults() == []


def test_pairs_come_back_with_style_split_and_song(prepared: Path) -> None:
    pairs = {pair.name: pair for pair in read_prepared(prepared)}
    assert set(pairs) == {"bvh_pop_1", "bvh_pop_2", "bvh_pop_3_0"}
    one, laid = pairs["bvh_pop_1"], pairs["bvh_pop_3_0"]
    assert one.recorded_together and not laid.recorded_together
    assert one.style == "pop" and one.song == "bvh_pop_1" and not one.clean
    assert one.grid.tempo == pytest.approx(TEMPO, rel=0.03)
    np.testing.assert_allclose(one.motion.joints(), grounded(stepping()).joints(), atol=0.02)


def test_one_dance_a_shard_and_an_index_that_tells_all(prepared: Path) -> None:
    index = read_index(prepared)
    assert index.complete and [pair.shard for pair in index.pairs] == ["shard-00000", "shard-00001", "shard-00002"]
    assert sorted(path.name for path in prepared.iterdir()) == [
        "index.json", "report.json", "report.md", "shard-00000", "shard-00001", "shard-00002"
    ]  # fmt: skip
    for pair in index.pairs:
        loaded = load_pair(prepared / pair.shard / pair.file)
        assert (pair.dance, pair.style, pair.split, pair.clean) == (
            loaded.dance, loaded.style, loaded.split, loaded.clean
        )  # fmt: skip
    assert [row["dance"] for row in index.dances] == ["bvh_pop_1", "bvh_pop_2", "bvh_pop_3"]


def test_report_has_checks_and_lock_before_and_after(prepared: Path) -> None:
    report = json.loads((prepared / "report.json").read_text())
    one, _, laid = report["dances"]
    (own,) = one["pairs"]
    assert own["kind"] == "own music" and own["lock_before"] is None
    assert own["lock"]["value"] > 0.9 > own["lock"]["chance"]  # it steps on each beat
    (song,) = laid["pairs"]
    assert song["lock"]["value"] > song["lock_before"]["value"] - 0.1 and 0.8 < song["rate"] < 1.25
    sums = report["sources"]["bvh"]
    assert (sums["dances"], sums["left_out"], sums["pairs"], sums["songs"]) == (3, 0, 3, 3)
    assert sums["minutes"] == pytest.approx(0.4, abs=0.01) and sums["styles"] == {"pop": 3}
    text = (prepared / "report.md").read_text()
    assert "| bvh_pop_2 | pop |" in text and "## Left out" not in text


def test_a_split_or_clean_pairs_alone(prepared: Path) -> None:
    splits = {pair.split for pair in read_index(prepared).pairs}
    for split in splits:
        assert {pair.split for pair in read_prepared(prepared, split=split)} == {split}
    with pytest.raises(UserError, match="no such pairs"):
        read_prepared(prepared, clean_only=True)


def copy_of(folder: Path, target: Path) -> Path:
    shutil.copytree(folder, target)
    return target


def test_a_partial_copy(prepared: Path, tmp_path: Path) -> None:
    copy = copy_of(prepared, tmp_path / "copy")
    shutil.rmtree(copy / "shard-00001")
    with pytest.raises(UserError, match=r"shard-00001/bvh_pop_2\.npz: missing\. Copy shard-00001 again"):
        read_prepared(copy)
    assert [pair.name for pair in read_prepared(copy, partial=True)] == ["bvh_pop_1", "bvh_pop_3_0"]


def test_a_cut_off_copy_is_named(prepared: Path, tmp_path: Path) -> None:
    copy = copy_of(prepared, tmp_path / "copy")
    path = copy / "shard-00000" / "bvh_pop_1.npz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"bvh_pop_1\.npz: \d+ bytes where the index says \d+"):
        pair_files(copy, partial=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("no JSON", "it is not JSON"),
        ("[" * 100000, "it is not JSON"),
        ("[]", "its format is not"),
        ({"format": "x"}, "its format is not"),
        ({"version": 2}, "version 2, and 1 is read"),
        ({"shards": 3}, "an entry is missing or of another kind"),
        ({"shards": [{"folder": "../..", "pairs": [{}]}]}, "an entry is missing"),
        ({"dances": [3]}, "an entry is missing or of another kind"),
        ({"complete": "yes"}, "an entry is missing or of another kind"),
    ],
)
def test_broken_indices(prepared: Path, tmp_path: Path, change: object, message: str) -> None:
    index = json.loads((prepared / "index.json").read_text())
    (tmp_path / "index.json").write_text(change if isinstance(change, str) else json.dumps(index | dict(change)))
    with pytest.raises(UserError, match=rf"index\.json: not the index of prepared pairs \({message}"):
        read_index(tmp_path)


def test_an_index_cannot_lead_out_of_its_folder(prepared: Path, tmp_path: Path) -> None:
    index = json.loads((prepared / "index.json").read_text())
    index["shards"][0]["pairs"][0]["file"] = "../../a.npz"
    (tmp_path / "index.json").write_text(json.dumps(index))
    with pytest.raises(UserError, match="an entry is missing or of another kind"):
        read_index(tmp_path)


def test_bad_dances_are_left_out_and_the_others_go_on(
    bvh_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_of(bvh_folder, tmp_path / "dances")
    (folder / "pop" / "broken.bvh").write_text("HIERARCHY")
    write_bvh(folder / "pop" / "short.bvh", stepping(2.0), Make())
    out = tmp_path / "out"
    patterns = ["bvh_pop_1", "bvh_pop_short"]
    assert prepare.main(["--bvh", str(folder), "--only", *patterns, "--songs", "1", "--out", str(out)]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "left out:" in line]
    assert len(lines) == 2 and "broken.bvh: not a BVH motion" in lines[0]
    assert "bvh_pop_short: it lasts 2.0 s, less than 3" in lines[1]
    assert [pair.name for pair in read_prepared(out)] == ["bvh_pop_1"]
    report = json.loads((out / "report.json").read_text())
    assert report["sources"]["bvh"]["left_out"] == 2 and len(report["left_out"]) == 2
    assert "| bvh | bvh_pop_short | it lasts 2.0 s, less than 3 |" in (out / "report.md").read_text()


def test_a_stopped_run_goes_on(bvh_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    command = ["--bvh", str(bvh_folder), "--songs", "2", "--out", str(out)]
    made: list[str] = []
    save = Pair.save

    def save_two(pair: Pair, folder: Path) -> None:
        if len(made) == 3:
            (folder / "half.npz").write_bytes(b"half")
            raise KeyboardInterrupt
        made.append(pair.name)
        save(pair, folder)

    monkeypatch.setattr(Pair, "save", save_two)
    assert prepare.main(command) == 130
    # the third dance meets two songs and was stopped between them: nothing of it is there
    assert made == ["bvh_pop_1", "bvh_pop_2", "bvh_pop_3_0"]
    assert sorted(path.name for path in out.rglob("*")) == [
        "bvh_pop_1.npz", "bvh_pop_2.npz", "index.json", "shard-00000"
    ]  # fmt: skip
    with pytest.raises(UserError, match=r"the preparation was stopped\. Give the same command again"):
        read_prepared(out)
    assert len(list(read_prepared(out, partial=True))) == 2
    (out / "shard-00001").mkdir()  # as a power cut leaves it
    made.clear()
    monkeypatch.setattr(Pair, "save", lambda pair, folder: (made.append(pair.name), save(pair, folder))[1])
    assert prepare.main(command) == 0
    assert made == ["bvh_pop_3_0", "bvh_pop_3_1"]
    assert len(list(read_prepared(out))) == 4
    assert len(json.loads((out / "report.json").read_text())["dances"]) == 3


def test_other_options_or_another_folder_are_refused(
    prepared: Path, bvh_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (prepared / "index.json").read_bytes()
    assert prepare.main(["--bvh", str(bvh_folder), "--songs", "3", "--out", str(prepared)]) == 2
    assert "was made with other options" in capsys.readouterr().err
    assert (prepared / "index.json").read_bytes() == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").touch()
    assert prepare.main(["--bvh", str(bvh_folder), "--out", str(tmp_path / "mine")]) == 2
    assert "holds something already" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give dances: --ballroom, --open, --aist, --finedance, --bvh, --amass"),
        (["--bvh", "nowhere"], "nowhere: no such folder"),
        (["--amass", "."], "no .npz files there"),
        (["--bvh", ".", "--songs", "0"], "--songs and --shard-mb must be 1 or more"),
        (["--ballroom", "."], "no index.json there"),
    ],
)
def test_wrong_commands_write_nothing(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        assert prepare.main([*arguments, "--out", "out/deep"]) == 2
    except SystemExit as end:
        assert end.code == 2
    error = capsys.readouterr().err
    assert message in error and error.startswith("error: ") and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_nothing_but_bad_dances(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.bvh").write_text("nonsense")
    assert prepare.main(["--bvh", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 2
    assert "None of 1 dances could be prepared" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_turning_a_dance_about_the_vertical_changes_no_feature() -> None:
    """Which is why no turned copies are written."""
    motion = grounded(stepping())
    turn = Rotation.from_rotvec([0, 1.1, 0])
    poses = motion.poses.copy()
    poses[:, 0] = (turn * Rotation.from_rotvec(poses[:, 0])).as_rotvec()
    turned = replace(motion, poses=poses, trans=turn.apply(motion.trans).astype(np.float32) + np.float32([3, 0, 1]))
    np.testing.assert_allclose(motion_to_features(turned), motion_to_features(motion), atol=1e-5)
