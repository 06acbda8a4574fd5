"""Output names and all-or-nothing files."""

import errno
import os
from pathlib import Path

import pytest

from dancegen.output import OutputPaths, StagedOutputs, check_outputs, plan_outputs
from motionbeat.errors import UserError
from motionbeat.output import MAX_NAME_BYTES, find_songs


def names(plans: list[OutputPaths]) -> list[str]:
    return [plan.report.stem for plan in plans]


def fill(staged: OutputPaths, text: str = "new") -> None:
    for path in staged.files:
        path.write_text(text)


def test_folder_gives_its_songs_sorted_and_each_file_once(tmp_path: Path) -> None:
    for name in ("b.mp3", "a.OGG", "notes.txt", ".hidden.mp3"):
        (tmp_path / name).touch()
    (tmp_path / "sub.wav").mkdir()
    songs, errors = find_songs([tmp_path / "b.mp3", tmp_path, tmp_path / "." / "b.mp3"])
    assert [song.name for song in songs] == ["b.mp3", "a.OGG"]
    assert errors == []


def test_missing_file_and_folder_without_songs_are_errors_of_their_own(tmp_path: Path) -> None:
    good = tmp_path / "notes.txt"  # named itself, so it is tried whatever its ending
    good.touch()
    (tmp_path / "empty").mkdir()
    songs, errors = find_songs([tmp_path / "gone.mp3", good, tmp_path / "empty", tmp_path / ("x" * 300)])
    assert songs == [good]
    assert len(errors) == 3
    assert "gone.mp3: no such file" in str(errors[0])
    assert "no songs" in str(errors[1])


@pytest.mark.parametrize(
    ("songs", "expected"),
    [
        (["a/song.mp3", "b/song.mp3", "c/song.wav"], ["song", "song-2", "song-3"]),
        (["a/song.mp3", "b/song.mp3", "song-2.mp3"], ["song", "song-3", "song-2"]),
        (["Song.mp3", "song.mp3"], ["Song", "song-2"]),
        (["caf\u00e9.mp3", "b/cafe\u0301.mp3"], ["caf\u00e9", "cafe\u0301-2"]),
        (["-x.mp3", "a b;$(c).mp3"], ["-x", "a b;$(c)"]),
    ],
)
def test_songs_of_one_name_do_not_share_outputs(tmp_path: Path, songs: list[str], expected: list[str]) -> None:
    assert names(plan_outputs([Path(song) for song in songs], tmp_path)) == expected


def test_long_names_are_cut_between_characters(tmp_path: Path) -> None:
    (plan,) = plan_outputs([Path("\u20ac" * 80 + ".mp3")], tmp_path)
    stem = plan.report.stem
    assert set(stem) == {"\u20ac"} and MAX_NAME_BYTES - 3 < len(stem.encode()) <= MAX_NAME_BYTES
    with StagedOutputs(plan) as outputs:
        fill(outputs.staged)
        outputs.commit()
    assert all(path.exists() for path in plan.files)


def test_out_may_be_a_file_for_one_song(tmp_path: Path) -> None:
    (plan,) = plan_outputs([Path("song.mp3")], tmp_path / "new" / "dance.MP4")
    assert plan.files == tuple(tmp_path / "new" / f"dance.{end}" for end in ("mp4", "npz", "json"))
    (plan,) = plan_outputs([Path("song.mp3")], tmp_path, with_video=False)
    assert plan.files == (tmp_path / "song.npz", tmp_path / "song.json")


def test_out_is_refused_where_it_cannot_be_meant(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.touch()
    with pytest.raises(UserError, match="one file cannot hold 2 songs"):
        plan_outputs([Path("a.mp3"), Path("b.mp3")], tmp_path / "x.mp4")
    with pytest.raises(UserError, match=r"\.mov cannot be written"):
        plan_outputs([Path("a.mp3")], tmp_path / "x.mov")
    with pytest.raises(UserError, match="this is a file"):
        plan_outputs([Path("a.mp3")], taken)


def test_existing_outputs_need_force_and_the_song_is_never_replaced(tmp_path: Path) -> None:
    song = tmp_path / "clip.mp4"
    song.write_text("song")
    (plan,) = plan_outputs([song], tmp_path)
    for force in (False, True):
        with pytest.raises(UserError, match="would replace a file that is read"):
            check_outputs(song, plan, force)
    plan = OutputPaths.named(tmp_path, "dance")
    check_outputs(song, plan, force=False)
    plan.report.symlink_to("nowhere")  # something is there even if it leads nowhere
    with pytest.raises(UserError, match=r"dance\.json: already exists"):
        check_outputs(song, plan, force=False)
    check_outputs(song, plan, force=True)
    plan.motion.mkdir()
    with pytest.raises(UserError, match="folder is in the way"):
        check_outputs(song, plan, force=True)


def test_nothing_is_left_without_commit(tmp_path: Path) -> None:
    plan = OutputPaths.named(tmp_path / "new" / "folder", "dance")
    with pytest.raises(KeyboardInterrupt), StagedOutputs(plan) as outputs:
        fill(outputs.staged)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_failure_keeps_folders_that_others_use(tmp_path: Path) -> None:
    plan = OutputPaths.named(tmp_path / "new" / "folder", "dance")
    with pytest.raises(ValueError), StagedOutputs(plan):
        (tmp_path / "new" / "other.txt").touch()
        raise ValueError
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["other.txt"]


@pytest.mark.parametrize("force", [False, True])
def test_commit_moves_all_files_and_cleans_up(tmp_path: Path, force: bool) -> None:
    plan = OutputPaths.named(tmp_path, "dance")
    if force:
        fill(plan, "old")
    with StagedOutputs(plan, force) as outputs:
        fill(outputs.staged)
        assert not force or plan.motion.read_text() == "old"
        outputs.commit()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dance.json", "dance.mp4", "dance.npz"]
    assert plan.motion.read_text() == "new"
    assert plan.motion.stat().st_nlink == 1


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_commit_takes_back_everything_when_a_target_appeared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", _refuse_link)
    plan = OutputPaths.named(tmp_path, "dance")
    with pytest.raises(UserError, match=r"dance\.json: .*created"), StagedOutputs(plan) as outputs:
        fill(outputs.staged)
        plan.report.write_text("another process")
        outputs.commit()
    assert [path.name for path in tmp_path.iterdir()] == ["dance.json"]
    assert plan.report.read_text() == "another process"


def _refuse_link(source: Path, target: Path) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_full_disk_and_unwritable_folder_are_user_errors(tmp_path: Path) -> None:
    plan = OutputPaths.named(tmp_path / "out", "dance")
    with pytest.raises(UserError, match="disk is full"), StagedOutputs(plan):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with (
        pytest.raises(UserError, match="cannot write here"),
        StagedOutputs(OutputPaths.named(tmp_path / "file" / "x", "d")),
    ):
        pass
