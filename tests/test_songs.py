"""Songs for dances that have none, and the command that builds the pairs."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from motionbeat import pairs
from motionbeat.beatlock import lay_beats_on_beats
from motionbeat.beats import BeatGrid
from motionbeat.beatset.clip_files import Recording, save
from motionbeat.dances import Dance, read_ballroom, read_open
from motionbeat.ear import MUSIC_TOKEN_DIM, shipped_ear
from motionbeat.errors import UserError
from motionbeat.pairs import PITCHES
from motionbeat.songs import Song, composed_song, read_clips, read_recordings, suiting
from motionbeat.tokens import PULSE_TOKEN_DIM
from tests.recordings import STANDING_M, stepping_poses, write_song

RATE = 22050


def write_clip(folder: Path, name: str, tempo: float, meter: int = 4, seconds: float = 30.0, first: int = 1) -> None:
    """A clip of the beat tracker's training set: a click on each beat, whose height tells its number."""
    beats = 0.25 + np.arange(0, seconds - 0.5, 60 / tempo)
    positions = (np.arange(len(beats)) + first - 1) % meter + 1
    sound = np.zeros(round(seconds * RATE))
    sound[np.round(beats * RATE).astype(int)] = np.linspace(0.2, 0.9, len(beats))
    save(folder, Recording({"drums": sound, "rest": 0 * sound}, beats, positions, name, "test"))


@pytest.fixture(scope="module")
def beatset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("beatset")
    for number, tempo in enumerate((112, 116, 120, 124, 128)):
        write_clip(folder, f"arranged0000{number}_house", tempo, first=number % 4 + 1)
        write_clip(folder, f"arranged0010{number}_salsa", tempo)
        write_clip(folder, f"pop00{number}_0", tempo)
        write_clip(folder, f"pop00{number}_1", tempo)
        write_clip(folder, f"mma0000{number}_calypso", tempo)
    write_clip(folder, "arranged00005_viennese_waltz", 120, meter=3)
    write_clip(folder, "arranged00007_five_four", 120, meter=5)
    write_clip(folder, "groove00001", 120)
    write_clip(folder, "sound00001", 120)
    write_clip(folder, "composed0001", 120)
    write_clip(folder, "arranged00006_short", 120, seconds=5)
    return folder


def dance(seconds: float = 14.0, style: str = "pop", split: str = "train", name: str = "step") -> Dance:
    poses = stepping_poses(0.5, seconds, 30)
    trans = np.tile(np.float32([0, STANDING_M, 0]), (len(poses), 1))
    motion = pairs.Motion(poses, trans, 30.0)
    return Dance(name, style, motion, np.ones(len(poses), bool), None, None, True, split)


def test_whole_songs_in_three_and_four_are_read(beatset: Path) -> None:
    songs = read_clips(beatset)
    assert {song.kind for song in songs} == {"arranged", "pop", "mma"}
    assert len(songs) == 26
    assert [song.style for song in songs if song.grid.meter == 3] == ["viennese_waltz"]
    assert {song.style for song in songs if song.kind == "arranged"} == {"house", "salsa", "viennese_waltz"}
    assert {song.style for song in songs if song.kind == "mma"} == {"calypso"}
    assert {song.style for song in songs if song.kind == "pop"} == {""}


def test_excerpts_of_one_song_are_one_work_and_held_out_together(beatset: Path) -> None:
    pops = [song for song in read_clips(beatset) if song.kind == "pop"]
    works = {song.work for song in pops}
    assert works == {"pop000", "pop001", "pop002", "pop003", "pop004"}
    for work in works:
        assert len({song.held_out for song in pops if song.work == work}) == 1
    many = [Song(Path(f"{n}.npz"), "pop", "", f"pop{n}", pops[0].grid) for n in range(400)]
    assert 0.05 < np.mean([song.held_out for song in many]) < 0.2


def test_an_excerpt_begins_on_a_downbeat_and_its_sound_stays_on_its_beats(beatset: Path) -> None:
    for song in [each for each in read_clips(beatset) if each.style == "house"]:
        starts = set()
        for seed in range(6):
            music = song.excerpt(12.0, np.random.default_rng(seed))
            assert music.grid.beats[0] == music.grid.downbeats[0]
            assert music.grid.beats[0] <= 0.25
            assert music.grid.beats[-1] - music.grid.beats[0] >= 11.5
            clicks = np.flatnonzero(np.abs(music.audio.samples) > 0.15) / RATE
            np.testing.assert_allclose(clicks, music.grid.beats, atol=1e-3)
            assert np.abs(music.audio.samples).max() <= 1
            starts.add(round(music.audio.duration, 2))
        assert len(starts) > 1, "not always the same part"


def test_a_song_shorter_than_the_dance_is_taken_whole(beatset: Path) -> None:
    song = read_clips(beatset)[0]
    music = song.excerpt(100.0, np.random.default_rng(0))
    assert music.grid.beats[-1] > 28


def test_songs_suit_in_tempo_style_and_split(beatset: Path) -> None:
    library = read_clips(beatset)
    for split in ("train", "validation", "test"):
        for song in suiting(library, "pop", 136, 4, split):
            assert 0.87 * 136 <= song.grid.tempo <= 1.15 * 136
            assert song.held_out == (split != "train")
    assert {song.style for song in suiting(library, "salsa", 120, 4, "train")} == {"salsa", ""}
    assert suiting(library, "pop", 200, 4, "train") == []
    held_out = "train" if not next(song for song in library if song.grid.meter == 3).held_out else "test"
    assert [song.style for song in suiting(library, "waltz", 120, 3, held_out)] == ["viennese_waltz"]


def test_half_of_the_songs_come_from_the_library_each_kind_in_turn(beatset: Path) -> None:
    library = read_clips(beatset)
    chosen = pairs.choose_songs(dance(), 6, library)
    assert [music.kind == "composed" for music in chosen] == [True, False] * 3
    assert {music.kind for music in chosen} == {"composed", "arranged", "pop", "mma"}
    assert len({music.name for music in chosen}) == 6
    assert [music.clean for music in chosen] == [music.kind in ("composed", "arranged") for music in chosen]
    again = pairs.choose_songs(dance(), 6, library)
    assert [music.name for music in again] == [music.name for music in chosen]
    np.testing.assert_array_equal(again[1].audio.samples, chosen[1].audio.samples)
    other = pairs.choose_songs(dance(name="other"), 6, library)
    assert [music.name for music in other] != [music.name for music in chosen]


def test_without_fitting_songs_all_are_composed(beatset: Path) -> None:
    slow = [song for song in read_clips(beatset) if song.grid.tempo < 60]
    assert {music.kind for music in pairs.choose_songs(dance(), 4, slow)} == {"composed"}


def test_a_pair_is_clean_only_if_dance_and_music_are(beatset: Path) -> None:
    library = [song for song in read_clips(beatset) if song.kind == "pop"]
    composed, rendered = pairs.choose_songs(dance(), 2, library)
    assert pairs.pair_with_song(dance(), "a", composed)[0].clean
    assert not pairs.pair_with_song(dance(), "a", rendered)[0].clean


@pytest.mark.parametrize("style", ["pop", "salsa", "indian", "modern", "krump"])
def test_composed_songs_are_in_four_near_the_tempo(style: str) -> None:
    for seed in range(4):
        music = composed_song(style, 120, 4, 10, np.random.default_rng(seed))
        assert music.grid.meter == 4 and music.clean
        assert 0.87 * 120 <= music.grid.tempo <= 1.15 * 120
        assert music.grid.beats[-1] > 10


@pytest.mark.parametrize(("style", "meter"), [("waltz", 3), ("rumba", 4), ("tango", 4), ("cha-cha", 4), ("krump", 3)])
def test_composed_songs_for_paired_dances_have_their_meter(style: str, meter: int) -> None:
    music = composed_song(style, 120, meter, 10, np.random.default_rng(0))
    assert music.grid.meter == meter and music.grid.beats[0] == music.grid.downbeats[0]


def with_beats(each: Dance, tempo: float = 110.0, meter: int = 4) -> Dance:
    """The dance with known beats, the first a downbeat, half a second into it."""
    return replace(each, grid=BeatGrid.steady(tempo, each.motion.duration, meter, first_s=0.5, confidence=1.0))


def test_a_dance_with_known_beats_is_played_beat_for_beat() -> None:
    paired = with_beats(dance(14.0, "cha-cha"))
    (music,) = pairs.choose_songs(paired, 1, [])
    pair, laid = pairs.pair_with_song(paired, "step_0", music)
    np.testing.assert_allclose(laid.song_times_s, music.grid.beats[: len(laid.song_times_s)])
    np.testing.assert_allclose(laid.dance_times_s, paired.grid.beats[: len(laid.dance_times_s)])
    assert (pair.dance, pair.song, pair.recorded_together) == ("step", music.name, False)
    frame = round(laid.song_times_s[6] * 30)
    own = paired.motion.sampled_at(np.array([float(laid.warp(frame / 30))]), 30.0)
    np.testing.assert_allclose(pair.motion.poses[frame], own.poses[0], atol=0.02)
    assert pair.valid[round(music.grid.beats[0] * 30) + 1 :].all()


def test_a_longer_dance_shows_another_part_that_begins_on_a_downbeat() -> None:
    paired = with_beats(dance(40.0), 120)
    song = BeatGrid.steady(126, 12.0, 4)
    starts = []
    for part in (0.0, 0.5, 1.0):
        laid = lay_beats_on_beats(paired.motion, paired.valid, paired.grid, song, part=part)
        starts.append(round((laid.dance_times_s[0] - 0.5) * 2))
        assert laid.rate == pytest.approx(126 / 120)
    assert starts[0] == 0 and all(start % 4 == 0 for start in starts) and 0 < starts[1] < starts[2]
    assert paired.grid.beats[starts[2]] + 12 * 1.05 < paired.motion.duration + 4 * 0.5


def test_beats_that_do_not_fit_are_refused() -> None:
    paired = with_beats(dance(14.0))
    lay = lay_beats_on_beats
    with pytest.raises(ValueError, match="in 4 does not fit a song in 3"):
        lay(paired.motion, paired.valid, paired.grid, BeatGrid.steady(120, 12.0, 3))
    beats = BeatGrid.steady(120, 12.0, 4).beats
    broken = BeatGrid(beats, beats[[0, 3, 7]], 4, 120.0, 1.0)
    with pytest.raises(ValueError, match="breaks off"):
        lay(paired.motion, paired.valid, broken, BeatGrid.steady(120, 12.0, 4))
    with pytest.raises(ValueError, match="valid must be"):
        lay(paired.motion, paired.valid[1:], paired.grid, BeatGrid.steady(120, 12.0, 4))


def test_recordings_are_used_where_their_beat_is_clear(tmp_path: Path) -> None:
    (tmp_path / "album").mkdir()
    write_song(tmp_path / "album" / "clear.wav", 120, 0.3, 50)
    noise = np.random.default_rng(0).normal(0, 0.1, 50 * RATE)
    soundfile.write(tmp_path / "noise.wav", noise, RATE)
    (tmp_path / "broken.ogg").write_bytes(b"OggS no more")
    (song,) = read_recordings(tmp_path)
    assert (song.kind, song.work) == ("recorded", "clear")
    assert song.grid.tempo == pytest.approx(120, rel=0.02)
    music = song.excerpt(10, np.random.default_rng(0))
    assert not music.clean and music.grid.confidence < 1
    # sound and beats were cut at the same moment: drums are loud on the beats
    level = np.abs(music.audio.samples)
    on, off = (
        np.mean(
            [level[int((beat + start) * RATE) : int((beat + stop) * RATE)].mean() for beat in music.grid.beats[1:12]]
        )
        for start, stop in ((0.0, 0.06), (0.12, 0.2))
    )
    assert on > 2 * off


def test_folders_without_songs_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no songs in three or four"):
        read_clips(tmp_path)
    with pytest.raises(UserError, match="no sound files"):
        read_recordings(tmp_path)
    soundfile.write(tmp_path / "quiet.wav", np.random.default_rng(0).normal(0, 0.1, 40 * RATE), RATE)
    with pytest.raises(UserError, match="clear beat"):
        read_recordings(tmp_path)


def write_open_set(folder: Path, **dances: float) -> Path:
    """A folder of open dances that last so many seconds."""
    folder.mkdir()
    for name, seconds in dances.items():
        one = dance(seconds)
        np.savez(
            folder / f"{name}.npz", poses=one.motion.poses.reshape(-1, 72), trans=one.motion.trans, fps=30.0,
            valid=one.valid,
        )  # fmt: skip
    (folder / "index.json").write_text(json.dumps({name: {"genre": "modern"} for name in dances}))
    return folder


def test_the_command_writes_pairs_and_which_songs_they_met(tmp_path: Path, beatset: Path, capsys) -> None:
    recorded = write_open_set(tmp_path / "open", g1_a=14.0, cmu_modern_05_12=12.0, short=1.0)
    out = tmp_path / "runs" / "pairs"
    options = ["--open", str(recorded), "--songs", "2", "--beatset", str(beatset), "--out", str(out)]
    assert pairs.main(options) == 0
    loaded = {pair.name: pair for pair in pairs.load_pairs(out)}
    assert set(loaded) == {"g1_a_0", "g1_a_1", "cmu_modern_05_12_0", "cmu_modern_05_12_1"}
    assert loaded["g1_a_0"].split == "train" and loaded["cmu_modern_05_12_1"].split == "validation"
    songs = json.loads((out / "songs.json").read_text())
    assert {name: about["song"] for name, about in songs.items()} == {name: p.song for name, p in loaded.items()}
    for name, about in songs.items():
        assert len(about["song_times_s"]) == len(about["dance_times_s"])
        np.testing.assert_allclose(about["song_times_s"][::2], loaded[name].grid.beats, atol=1e-3)
    assert "short: shorter than 3 s" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["pairs"]

    assert pairs.main(options) == 2
    assert "holds something already" in capsys.readouterr().err


def one_error(capsys) -> str:
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1, err
    return err


def test_wrong_commands_say_so_and_leave_nothing(tmp_path: Path, capsys) -> None:
    recorded = write_open_set(tmp_path / "open", g1_a=4.0)
    out = str(tmp_path / "out")
    assert pairs.main(["--open", str(recorded), "--songs", "0", "--out", out]) == 2
    assert "--songs must be 1 or more" in capsys.readouterr().err
    assert pairs.main(["--open", str(recorded), "--beatset", str(tmp_path), "--out", out]) == 2
    assert "no songs in three or four" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        pairs.main(["--out", out])
    assert "--open" in capsys.readouterr().err
    (recorded / "g1_a.npz").unlink()
    assert pairs.main(["--open", str(recorded), "--out", out]) == 2
    assert "g1_a.npz: no such file" in one_error(capsys)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["open"]


def test_pairs_go_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    recorded = write_open_set(tmp_path / "open", g1_a=4.0)
    file = tmp_path / "file"
    file.write_text("here before")
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").write_text("here before")
    monkeypatch.setattr(pairs, "read_open", lambda folder: pytest.fail("read before --out was looked at"))
    for out, says in (
        (file, "this is a file"),
        (file / "in", "cannot write here"),
        (file / "far" / "in", "cannot write here"),
        (full, "holds something already"),
    ):
        assert pairs.main(["--open", str(recorded), "--out", str(out)]) == 2
        err = one_error(capsys)
        assert str(out.parent) in err and says in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full", "open"]
    assert file.read_text() == "here before"


def test_a_failure_leaves_no_new_folders(tmp_path: Path, capsys) -> None:
    recorded = write_open_set(tmp_path / "open")
    assert pairs.main(["--open", str(recorded), "--out", str(tmp_path / "new" / "pairs")]) == 2
    assert "no dances" in one_error(capsys)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("index", "says"),
    [
        ("{not json", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no table"),
        ('{"g1_a": 3, "cmu": 3}', "an entry is no table"),
        ('{"cmu": {}}', "has no genre"),
        ('{"cmu": {"genre": 3}}', "has no genre"),
        ('{"../g1_a": {"genre": "pop"}}', "'../g1_a' is not the plain name"),
        ('{"sub/g1_a": {"genre": "pop"}}', "not the plain name"),
        ('{"/g1_a": {"genre": "pop"}}', "not the plain name"),
        ('{"": {"genre": "pop"}}', "not the plain name"),
        ('{"gone": {"genre": "pop"}}', "gone.npz: no such file"),
    ],
)
def test_open_sets_with_a_wrong_index(tmp_path: Path, index: str, says: str, capsys) -> None:
    recorded = write_open_set(tmp_path / "open", g1_a=4.0)
    # where the crafted names point to
    (recorded / "sub").mkdir()
    for place in (tmp_path, recorded / "sub"):
        (place / "g1_a.npz").write_bytes((recorded / "g1_a.npz").read_bytes())
    (recorded / "index.json").write_text(index)
    before = sorted(tmp_path.rglob("*"))
    assert pairs.main(["--open", str(recorded), "--songs", "1", "--out", str(tmp_path / "far" / "out")]) == 2
    assert says in one_error(capsys)
    assert sorted(tmp_path.rglob("*")) == before


def test_open_dances_with_wrong_arrays(tmp_path: Path) -> None:
    folder = write_open_set(tmp_path / "open", g1_a=4.0)
    path = folder / "g1_a.npz"
    with np.load(path) as data:
        arrays = dict(data)
    poses = arrays["poses"].copy()
    poses[3, 5] = np.nan
    for change, says in (
        ({"poses": poses}, "poses has values that are not finite"),
        ({"valid": arrays["valid"][1:]}, "valid must be"),
        ({"valid": np.array(["x"] * 120)}, "valid holds"),
        ({"fps": np.float32(0)}, "the frame rate must be"),
    ):
        np.savez(path, **(arrays | change))
        with pytest.raises(UserError, match=rf"g1_a\.npz: not a dance of the open set \({says}"):
            read_open(folder)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UserError, match="not a dance of the open set"):
        read_open(folder)


def write_ballroom_set(folder: Path, **change: object) -> Path:
    """A folder of one ballroom dance, some of its arrays (``poses`` ...) or index entries (``name`` ...) changed."""
    folder.mkdir()
    one = dance(6.0)
    arrays: dict[str, object] = {
        "poses": one.motion.poses.reshape(-1, 72), "trans": one.motion.trans, "fps": 30.0,
        "contacts": np.ones((len(one.valid), 4), bool), "seam": ~one.valid,
        "beats": np.arange(12, dtype=np.float32) / 2, "downbeats": np.float32([0.01, 1.98, 4]),
    }  # fmt: skip
    entry: dict[str, object] = {"name": "DANCE_W_1", "genre": "waltz", "song": "W_1", "meter": "4/4", "bpm": 120.0}
    np.savez(folder / "DANCE_W_1.npz", **(arrays | {key: change[key] for key in change if key in arrays}))
    entry |= {key: change[key] for key in change if key in entry}
    kept = {key: value for key, value in entry.items() if value is not None}
    (folder / "index.json").write_text(json.dumps({"dances": [kept]}))
    return folder


def test_a_ballroom_dance_is_read(tmp_path: Path) -> None:
    (one,) = read_ballroom(write_ballroom_set(tmp_path / "set"))
    assert (one.name, one.style, one.song, one.split) == ("DANCE_W_1", "waltz", "W_1", "train")
    assert one.valid.all() and one.motion.contacts is not None and one.motion.contacts.all()
    assert one.grid is not None and one.grid.downbeats == pytest.approx([0, 2, 4])
    assert one.audio_path == tmp_path / "set" / "DANCE_W_1.ogg"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "../DANCE_W_1"}, "not the plain name"),
        ({"name": None}, "has no name"),
        ({"genre": None}, "DANCE_W_1 has no genre"),
        ({"song": 7}, "has no song"),
        ({"meter": "waltz"}, "not a dance of the ballroom set"),
        ({"bpm": None}, "not a dance of the ballroom set"),
        ({"bpm": "fast"}, "not a dance of the ballroom set"),
        ({"beats": np.array([0.0, np.nan])}, "beats has values that are not finite"),
        ({"beats": np.array([2.0, 1.0, 3.0])}, "ascending"),
        ({"downbeats": np.zeros(0)}, "no beats or no downbeats"),
        ({"trans": np.full((180, 3), np.inf)}, "trans has values that are not finite"),
        ({"seam": np.zeros(3, bool)}, "seam must be"),
        ({"contacts": np.ones((180, 3), bool)}, "contacts must be"),
    ],
)
def test_ballroom_sets_with_something_wrong(tmp_path: Path, change: dict[str, object], says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        read_ballroom(write_ballroom_set(tmp_path / "set", **change))
    assert "\n" not in str(caught.value)


def test_ballroom_index_without_a_list(tmp_path: Path) -> None:
    folder = write_ballroom_set(tmp_path / "set")
    for text in ("{}", '{"dances": {}}', '{"dances": [3]}'):
        (folder / "index.json").write_text(text)
        with pytest.raises(UserError, match=r"index\.json: not the index of a data set"):
            read_ballroom(folder)


def test_clips_that_are_damaged(tmp_path: Path) -> None:
    write_clip(tmp_path, "pop001_0", 120)
    path = tmp_path / "pop001_0.npz"
    (song,) = read_clips(tmp_path)
    with np.load(path) as data:
        arrays = dict(data)
    beats = arrays["beats"].copy()
    beats[4] = np.nan
    for change, says in (
        ({"beats": beats}, "beats has values"),
        ({"beats": arrays["beats"][::-1]}, "ascending"),
        ({"positions": arrays["positions"][1:]}, "do not fit together"),
        ({"positions": np.array([{}], dtype=object)}, "damaged"),
    ):
        np.savez(path, **(arrays | change))
        with pytest.raises(UserError, match=rf"pop001_0\.npz: not a clip of the training set of beats \(.*{says}"):
            read_clips(tmp_path)
    for stems in (arrays["stems"].astype(np.float32), arrays["stems"][0], np.zeros((2, 0), np.int16)):
        np.savez(path, **(arrays | {"stems": stems}))
        with pytest.raises(UserError, match="stems are"):
            song.excerpt(10.0, np.random.default_rng(0))
    path.unlink()
    with pytest.raises(UserError, match="no such file"):
        song.excerpt(10.0, np.random.default_rng(0))


def test_pairs_that_are_damaged(tmp_path: Path) -> None:
    music = pairs.choose_songs(dance(5.0), 1, [])[0]
    pair, _ = pairs.pair_with_song(dance(5.0), "a_0", music, ear=shipped_ear())
    pair.save(tmp_path)
    path = tmp_path / "a_0.npz"
    loaded = pairs.load_pair(path)
    np.testing.assert_array_equal(loaded.audio_tokens, pair.audio_tokens)
    both = loaded.tokens("pulse+music")
    assert both.shape == (len(PITCHES), len(loaded.slots), PULSE_TOKEN_DIM + MUSIC_TOKEN_DIM)
    np.testing.assert_array_equal(both[..., :PULSE_TOKEN_DIM], loaded.pulse_tokens)
    np.testing.assert_array_equal(both[2, :, PULSE_TOKEN_DIM:], loaded.music_tokens)
    with pytest.raises(UserError, match="a_0: has no tokens of the music ear"):
        replace(loaded, music_tokens=None).tokens("pulse+music")
    with np.load(path) as data:
        arrays = dict(data)
    about = json.loads(str(arrays["about"]))
    for change, says in (
        ({"about": np.array("[]")}, "not a pair"),
        ({"about": np.array("{")}, "not a pair"),
        ({"about": np.array(json.dumps({k: v for k, v in about.items() if k != "split"}))}, "does not say its split"),
        ({"about": np.array(json.dumps(about | {"fps": 0}))}, "fps must be"),
        ({"about": np.array(json.dumps(about | {"name": "../b"}))}, "its name inside is another"),
        ({"poses": arrays["poses"].astype(np.float32)}, "poses must be int16"),
        ({"poses": arrays["poses"][:, :5]}, "poses must be"),
        ({"trans": np.full_like(arrays["trans"], np.nan)}, "trans has values"),
        ({"valid": arrays["valid"][1:]}, "do not fit together"),
        ({"audio_tokens": arrays["audio_tokens"][1:]}, "do not fit together"),
        ({"pulse_tokens": arrays["pulse_tokens"][:1]}, "do not fit together"),
        ({"pulse_tokens": arrays["pulse_tokens"] * np.float16(np.nan)}, "pulse_tokens must be finite"),
        ({"music_tokens": arrays["music_tokens"][1:]}, "do not fit together"),
        ({"music_tokens": arrays["music_tokens"].astype(np.float32)}, "music_tokens must be finite float16"),
        ({"beats": arrays["beats"][::-1]}, "ascending"),
    ):
        np.savez(path, **(arrays | change))
        with pytest.raises(UserError, match=rf"a_0\.npz: not a pair \(.*{says}|a_0\.npz: {says}") as caught:
            pairs.load_pairs(tmp_path)
        assert "\n" not in str(caught.value)


def test_paired_dances_of_the_training_split_meet_further_songs(tmp_path: Path) -> None:
    folder = write_ballroom_set(tmp_path / "ballroom", name="DANCE_W_1")
    write_song(folder / "DANCE_W_1.ogg", 120, 0.0, 7)
    out = tmp_path / "pairs"
    assert pairs.main(["--ballroom", str(folder), "--more-songs", "2", "--out", str(out)]) == 0
    made = pairs.load_pairs(out)
    assert [(pair.name, pair.recorded_together) for pair in made] == [
        ("DANCE_W_1", True), ("DANCE_W_1_0", False), ("DANCE_W_1_1", False),
    ]  # fmt: skip
    assert len({pair.song for pair in made}) == 3 and {pair.grid.meter for pair in made} == {4}
    assert set(json.loads((out / "songs.json").read_text())) == {"DANCE_W_1_0", "DANCE_W_1_1"}
    held_out = tmp_path / "held_out"
    folder = write_ballroom_set(tmp_path / "other", name="DANCE_W_2")
    (folder / "DANCE_W_1.npz").rename(folder / "DANCE_W_2.npz")
    write_song(folder / "DANCE_W_2.ogg", 120, 0.0, 7)
    assert pairs.main(["--ballroom", str(folder), "--more-songs", "2", "--out", str(held_out)]) == 0
    assert [pair.name for pair in pairs.load_pairs(held_out)] == ["DANCE_W_2"]
