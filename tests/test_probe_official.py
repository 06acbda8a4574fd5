"""The readers of published data sets, on tiny synthetic copies in their exact formats, and broken ones."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from motionbeat.errors import UserError
from motionbeat.probe.folds import folds_of
from motionbeat.probe.official import OFFICIAL
from motionbeat.probe.official.ballroom import STYLES
from motionbeat.probe.official.beat_files import read_beat_jams, read_beat_lines
from motionbeat.probe.official.gtzan import GENRES
from motionbeat.probe.official.nsynth import FAMILIES
from motionbeat.probe.task import BeatLabel, Kind, LabelledClip, Listening, Task

RATE = 16000


@cache
def sound_bytes(suffix: str, seconds: float) -> bytes:
    """A file of noise; libsndfile writes MP3 too."""
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, int(seconds * RATE)).astype(np.float32)
    file = io.BytesIO()
    soundfile.write(file, noise, RATE, format=suffix.upper())
    return file.getvalue()


def write_sound(path: Path, seconds: float = 0.5) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sound_bytes(path.suffix.removeprefix("."), seconds))


def write_rows(path: Path, rows: Sequence[Sequence[object]], delimiter: str = ",", quoted: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL).writerows(rows)


def by_name(task: Task) -> dict[str, LabelledClip]:
    return {clip.name: clip for clip in task.clips}


def beats_of(clip: LabelledClip) -> BeatLabel:
    assert isinstance(clip.label, BeatLabel)
    return clip.label


# --- GTZAN ---


def gtzan(root: Path, suffix: str = "wav") -> Path:
    """Two excerpts a genre to train on, one to choose on, one to test on; one more that no list names."""
    lists: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for genre in GENRES:
        for number, part in enumerate(("train", "train", "valid", "test")):
            name = f"{genre}/{genre}.{number:05d}"
            write_sound(root / "genres" / f"{name}.{suffix}")
            lists[part].append(f"{name}.wav")
    write_sound(root / "genres" / "jazz" / f"jazz.00054.{suffix}")
    for part, lines in lists.items():
        (root / f"{part}_filtered.txt").write_text("\n".join(lines) + "\n")
    return root


def gtzan_jams(root: Path, as_lists: bool = False) -> Path:
    folder = root / "GTZAN-Rhythm_v2_ismir2015_lbd_2015-10-28" / "jams"
    folder.mkdir(parents=True)
    for genre in GENRES:
        for number in range(4):
            annotations = []
            for kind, step in (("beat", 1), ("downbeat", 4)):
                times = [0.1 + 0.05 * beat for beat in range(0, 8, step)]
                data: object = {"time": times} if as_lists else [{"time": time, "duration": 0.0} for time in times]
                annotations.append({"namespace": "beat", "data": data, "sandbox": {"annotation_type": kind}})
            annotations.append({"namespace": "tempo", "data": [{"time": 0.0, "value": 120.0}], "sandbox": {}})
            (folder / f"{genre}.{number:05d}.wav.jams").write_text(json.dumps({"annotations": annotations}))
    return folder


@pytest.mark.parametrize("suffix", ["wav", "au"])
def test_gtzan_genres_by_the_filtered_lists(tmp_path: Path, suffix: str) -> None:
    task = OFFICIAL["gtzan-genre"](gtzan(tmp_path, suffix))
    assert task.kind is Kind.CLASS and task.classes == GENRES and not task.rendered
    clips = by_name(task)
    assert len(clips) == 40 and "jazz.00054" not in clips
    clip = clips["hiphop.00003"]
    assert clip.label == "hiphop" and clip.split == "test" and clips["pop.00002"].split == "validation"
    assert clip.sound == tmp_path / "genres" / "hiphop" / f"hiphop.00003.{suffix}"
    assert clip.read().duration == pytest.approx(0.5, abs=0.01)
    assert "20 to train on, 10 to choose on, 10 to test on" in task.source


@pytest.mark.parametrize("as_lists", [False, True])
def test_gtzan_beats_from_jams(tmp_path: Path, as_lists: bool) -> None:
    gtzan_jams(gtzan(tmp_path), as_lists)
    task = OFFICIAL["gtzan-beats"](tmp_path)
    assert task.kind is Kind.BEATS and task.listening is Listening.FRAMES and len(task.clips) == 40
    label = beats_of(by_name(task)["blues.00000"])
    assert label.beats == pytest.approx(0.1 + 0.05 * np.arange(8))
    assert label.downbeats == pytest.approx([0.1, 0.3]) and label.eval_from_s == 0


def test_gtzan_beats_in_the_form_of_mirdata(tmp_path: Path) -> None:
    gtzan(tmp_path)
    folder = tmp_path / "gtzan_tempo_beat-main" / "beats"
    folder.mkdir(parents=True)
    for genre in GENRES:
        for number in range(4):
            # a line of the test resource of mirdata, and its empty last line
            (folder / f"gtzan_{genre}_{number:05d}.beats").write_text("0.113\t3\n0.829\t4\n1.537\t1\n\n")
    label = beats_of(by_name(OFFICIAL["gtzan-beats"](tmp_path))["rock.00001"])
    assert label.beats == pytest.approx([0.113, 0.829, 1.537]) and label.downbeats == pytest.approx([1.537])


def test_gtzan_refuses_labels_of_only_some(tmp_path: Path) -> None:
    folder = gtzan_jams(gtzan(tmp_path))
    (folder / "rock.00003.wav.jams").unlink()
    with pytest.raises(UserError, match="1 of 40 excerpts have no beats"):
        OFFICIAL["gtzan-beats"](tmp_path)


# --- Ballroom ---


@pytest.fixture
def ballroom(tmp_path: Path) -> Path:
    for index, style in enumerate(STYLES):
        for name in (f"Albums-Fire-{index:02d}", *(f"Media-10{number}9{index:02d}" for number in range(8))):
            write_sound(tmp_path / "BallroomData" / style / f"{name}.wav")
            path = tmp_path / "BallroomAnnotations-master" / f"{name}.beats"
            path.parent.mkdir(exist_ok=True)
            path.write_text("0.1100000000 2\n0.2300000000 3\n0.3500000000 1\n")
    write_sound(tmp_path / "BallroomData" / "nada" / "silence.wav")
    return tmp_path


def test_ballroom_styles_grouped_by_album(ballroom: Path) -> None:
    task = OFFICIAL["ballroom-style"](ballroom)
    clips = by_name(task)
    assert len(clips) == 90 and len(task.classes) == 8 and all(clip.split is None for clip in task.clips)
    assert clips["Albums-Fire-05"].label == "rumba" and clips["Media-102900"].label == "cha-cha"
    assert clips["Albums-Fire-05"].group == clips["Albums-Fire-01"].group != clips["Media-102901"].group


def test_ballroom_beats_are_scored_from_the_first_on(ballroom: Path) -> None:
    clip = by_name(OFFICIAL["ballroom-beats"](ballroom))["Media-102903"]
    label = beats_of(clip)
    assert label.beats == pytest.approx([0.11, 0.23, 0.35]) and label.downbeats == pytest.approx([0.35])
    assert label.eval_from_s == pytest.approx(0.11)


def test_ballroom_refuses_sounds_without_beats(ballroom: Path) -> None:
    (ballroom / "BallroomAnnotations-master" / "Media-102903.beats").unlink()
    with pytest.raises(UserError, match=r"1 of 90 excerpts have no beats, the first is Media-102903\. Expected"):
        OFFICIAL["ballroom-beats"](ballroom)


# --- files of beats ---


def test_both_forms_of_positions(tmp_path: Path) -> None:
    path = tmp_path / "a.beats"
    path.write_text("0.194\t0.4\n0.849\t1.1\n1.470\t1.2\n9.430\t9.3\n9.9 10.1")
    assert read_beat_lines(path, "").downbeats == pytest.approx([0.849, 9.9])
    path.write_text("0.5 1.0\n1.0 2.0\n1.5 1.0")
    assert read_beat_lines(path, "").downbeats == pytest.approx([0.5, 1.5])
    path.write_text("0.5\n1.0\n")
    assert read_beat_lines(path, "").downbeats is None


@pytest.mark.parametrize("text", ["", "1.0 1\n0.5 2", "one 1", "1.0 1 2", "nan 1", "-1.0 1", "1.0 first"])
def test_lines_that_are_no_beats(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.beats"
    path.write_text(text)
    with pytest.raises(UserError, match=r"a\.beats.*EXPECTED") as caught:
        read_beat_lines(path, "EXPECTED")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "not json", "[]", "{}", '{"annotations": [1]}', '{"annotations": [{"namespace": "tempo", "data": []}]}',
        '{"annotations": [{"namespace": "beat", "sandbox": {"annotation_type": "beat"}, "data": [{"time": "x"}]}]}',
        '{"annotations": [{"namespace": "beat", "sandbox": {"annotation_type": "beat"}, "data": [{"time": -1}]}]}',
    ],
)  # fmt: skip
def test_jams_that_are_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.jams"
    path.write_text(content)
    with pytest.raises(UserError, match=r"a\.jams.*EXPECTED"):
        read_beat_jams(path, "EXPECTED")


# --- MagnaTagATune ---

MTT_TAGS = [f"tag {number}" for number in range(60)]


@pytest.fixture
def magnatagatune(tmp_path: Path) -> Path:
    """48 clips, three in each folder; tag k is on every clip whose number is a multiple of k + 1."""
    labels: list[list[object]] = [["clip_id", *MTT_TAGS, "mp3_path"]]
    info: list[list[object]] = [
        ["clip_id", "track_number", "title", "artist", "album", "url", "segmentStart", "segmentEnd", "original_url",
         "mp3_path"]
    ]  # fmt: skip
    for number in range(48):
        folder = "0123456789abcdef"[number // 3]
        path = f"{folder}/band-song_{number // 2}-{29 * (number % 2)}-{29 * (number % 2) + 29}.mp3"
        tags = [int(number % (tag + 1) == 0) for tag in range(60)]
        labels.append([number, *tags, path])
        info.append([number, number // 2, 'A "song"', "band", "album", "", 0, 29, "", path])
        write_sound(tmp_path / path)
    info.append([99, 1, "not kept", "band", "album", "", 0, 29, "", ""])
    write_rows(tmp_path / "annotations_final.csv", labels, "\t", quoted=True)
    write_rows(tmp_path / "clip_info_final.csv", info, "\t", quoted=True)
    return tmp_path


def test_magnatagatune_has_its_most_frequent_tags_and_its_split(magnatagatune: Path) -> None:
    (magnatagatune / "0" / "band-song_0-0-29.mp3").write_bytes(b"")
    task = OFFICIAL["magnatagatune"](magnatagatune)
    assert task.kind is Kind.TAGS and task.classes == tuple(MTT_TAGS[:50])  # counts fall with the number of the tag
    clips = by_name(task)
    assert len(clips) == 47 and "1 empty files left out" in task.source
    assert [clips[name].split for name in ("1", "35", "36", "38", "39", "47")] == [
        "train", "train", "validation", "validation", "test", "test"
    ]  # fmt: skip
    assert clips["6"].label == {"tag 0", "tag 1", "tag 2", "tag 5"}
    assert clips["6"].group == clips["7"].group != clips["8"].group
    assert clips["6"].sound == magnatagatune / "2" / "band-song_3-0-29.mp3"


def test_magnatagatune_names_what_is_missing(magnatagatune: Path) -> None:
    (magnatagatune / "3" / "band-song_5-0-29.mp3").unlink()
    with pytest.raises(UserError, match=r"band-song_5-0-29\.mp3: no such file; 1 of 48 sounds are missing\. Expected"):
        OFFICIAL["magnatagatune"](magnatagatune)
    text = (magnatagatune / "annotations_final.csv").read_text()
    (magnatagatune / "annotations_final.csv").write_text(text.replace('"1"\t"1"', '"1"\t"yes"', 1))
    with pytest.raises(UserError, match="neither 0 nor 1"):
        OFFICIAL["magnatagatune"](magnatagatune)
    (magnatagatune / "annotations_final.csv").write_text(text.replace("f/band", "../band", 1))
    with pytest.raises(UserError, match="not a file within the data set"):
        OFFICIAL["magnatagatune"](magnatagatune)


# --- NSynth ---


@pytest.fixture
def nsynth(tmp_path: Path) -> Path:
    for part, count in (("train", 3), ("valid", 1), ("test", 1)):
        examples = {}
        for family in FAMILIES if part == "train" else FAMILIES[:9]:
            for number in range(count):
                instrument = f"{family}_acoustic_{part}{number:03d}"
                name = f"{instrument}-060-100"
                examples[name] = {"note_str": name, "instrument_str": instrument, "instrument_family_str": family}
                write_sound(tmp_path / f"nsynth-{part}" / "audio" / f"{name}.wav", 0.2)
        (tmp_path / f"nsynth-{part}" / "examples.json").write_text(json.dumps(examples))
    return tmp_path


def test_nsynth_families_by_the_official_split(nsynth: Path) -> None:
    task = OFFICIAL["nsynth-instrument"](nsynth)
    assert task.classes == FAMILIES and task.listening is Listening.CLOCK and len(task.clips) == 51
    clip = by_name(task)["organ_acoustic_valid000-060-100"]
    assert (clip.label, clip.split, clip.group) == ("organ", "validation", "organ_acoustic_valid000")
    assert clip.read().duration == pytest.approx(0.2, abs=0.01)


def test_nsynth_refuses_unknown_families(nsynth: Path) -> None:
    path = nsynth / "nsynth-test" / "examples.json"
    path.write_text(path.read_text().replace('"instrument_family_str": "reed"', '"instrument_family_str": "kazoo"'))
    with pytest.raises(UserError, match=r"reed_acoustic_test000.*no known family"):
        OFFICIAL["nsynth-instrument"](nsynth)


# --- EmoMusic ---


@pytest.fixture
def emomusic(tmp_path: Path) -> Path:
    head = ["song_id", "file_name", "Artist", "Song title", "start of the segment (min.sec)",
            "end of the segment (min.sec)", "Genre", "Mediaeval 2013 set"]  # fmt: skip
    songs: list[Sequence[object]] = [head]
    labels: list[list[object]] = [["song_id", "mean_arousal", "std_arousal", "mean_valence", "std_valence"]]
    for number in range(2, 32):
        part = "evaluation" if number % 5 == 0 else "development"
        songs.append(
            [
                number,
                f"{number}.mp3",
                f"\tArtist, No. 1 {chr(ord('a') + number // 2)}",
                "\tA, b",
                0.3,
                1.15,
                "\tBlues",
                part,
            ]
        )
        labels.append([number, 1 + number / 10, 1.5, 5 - number / 10, 1.5])
        write_sound(tmp_path / "clips_45seconds" / f"{number}.mp3", 1.0)
    write_rows(tmp_path / "annotations" / "songs_info.csv", songs)
    write_rows(tmp_path / "annotations" / "static_annotations.csv", labels)
    return tmp_path


def test_emomusic_values_and_the_split_by_artist(emomusic: Path) -> None:
    task = OFFICIAL["emomusic"](emomusic)
    clips = by_name(task)
    assert task.kind is Kind.VALUES and task.classes == ("arousal", "valence") and len(clips) == 30
    assert clips["7"].label == pytest.approx((1.7, 4.3)) and clips["10"].split == "test"
    for name, clip in clips.items():
        if int(name) % 5:
            # of the artist's name count letters and blanks only
            digest = hashlib.sha1(f"artist no {chr(ord('a') + int(name) // 2)}".encode()).hexdigest()
            assert clip.split == ("train" if int(digest, 16) % 10 < 8 else "validation")
    assert {clip.split for clip in task.clips} == {"train", "validation", "test"}
    assert clips["4"].group == clips["5"].group == "Artist, No. 1 c"


def test_emomusic_in_windows(emomusic: Path) -> None:
    task = OFFICIAL["emomusic-15s"](emomusic)
    assert len(task.clips) == 90
    windows = [clip for clip in task.clips if clip.name.startswith("12-")]
    assert [(clip.name, clip.start_s, clip.duration_s) for clip in windows] == [
        ("12-0", 0, 15), ("12-15", 15, 15), ("12-30", 30, 15)
    ]  # fmt: skip
    assert len({(clip.label, clip.split, clip.group) for clip in windows}) == 1


def test_emomusic_names_what_is_wrong(emomusic: Path) -> None:
    path = emomusic / "annotations" / "static_annotations.csv"
    text = path.read_text()
    path.write_text(text.replace("mean_valence", "valence"))
    with pytest.raises(UserError, match=r"static_annotations\.csv: has no column 'mean_valence'"):
        OFFICIAL["emomusic"](emomusic)
    path.write_text(text.replace("3,1.3,", "3,calm,"))
    with pytest.raises(UserError, match="'calm' under 'mean_arousal' is not a number"):
        OFFICIAL["emomusic"](emomusic)
    path.write_text(text.replace("3,1.3,", "3,nan,"))
    with pytest.raises(UserError, match="'nan' under 'mean_arousal' is not a number"):
        OFFICIAL["emomusic"](emomusic)
    path.write_text(text.replace("\n3,", "\n300,"))
    with pytest.raises(UserError, match="has no song 3"):
        OFFICIAL["emomusic"](emomusic)


# --- MTG-Jamendo ---


@pytest.fixture
def jamendo(tmp_path: Path) -> Path:
    number = 1000
    for part, count in (("train", 6), ("validation", 2), ("test", 2)):
        lines = ["TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS"]
        for index in range(count):
            number += 1
            path = f"{number % 100:02d}/{number}.mp3"
            tags = "\t".join(f"mood/theme---{tag}" for tag in (["dark", "film"] if index % 2 else ["happy"]))
            lines.append(
                f"track_{number:07d}\tartist_{part}{index // 2}\talbum_1\t{path}\t{100.0 if index else 1.0}\t{tags}"
            )
            write_sound(tmp_path / "audio" / path.replace(".mp3", ".low.mp3"), 1.0)
        path_ = tmp_path / "data" / "splits" / "split-0" / f"autotagging_moodtheme-{part}.tsv"
        path_.parent.mkdir(parents=True, exist_ok=True)
        path_.write_text("\n".join(lines) + "\n")
    return tmp_path


def test_jamendo_moods_of_the_middle_of_each_song(jamendo: Path) -> None:
    task = OFFICIAL["jamendo-mood"](jamendo)
    assert task.kind is Kind.TAGS and task.classes == ("dark", "film", "happy") and len(task.clips) == 10
    clips = by_name(task)
    assert clips["track_0001002"].label == {"dark", "film"} and clips["track_0001008"].split == "validation"
    assert (clips["track_0001002"].start_s, clips["track_0001002"].duration_s) == (35.0, 30.0)
    assert clips["track_0001001"].start_s == 0 and clips["track_0001001"].read().duration == pytest.approx(1, abs=0.1)
    assert clips["track_0001001"].group == clips["track_0001002"].group != clips["track_0001003"].group


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("DURATION", "SECONDS", "the head is not"),
        ("\t100.0\t", "\tlong\t", "is not a song with its tags"),
        ("mood/theme---happy", "genre---rock", "is not a song with its tags"),
        ("track_0001002", "track_0001001", "several clips are called track_0001001"),
    ],
)
def test_jamendo_names_what_is_wrong(jamendo: Path, old: str, new: str, message: str) -> None:
    path = jamendo / "data" / "splits" / "split-0" / "autotagging_moodtheme-train.tsv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(UserError, match=message):
        OFFICIAL["jamendo-mood"](jamendo)


# --- all of them ---


@pytest.fixture(name="gtzan")
def gtzan_with_beats(tmp_path: Path) -> Path:
    gtzan_jams(gtzan(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_the_harness_can_divide_them(request: pytest.FixtureRequest, name: str) -> None:
    task = OFFICIAL[name](request.getfixturevalue(name.partition("-")[0]))
    folds = folds_of(task)
    official = task.clips[0].split is not None
    assert official == (not name.startswith("ballroom")) and len(folds) == (1 if official else 5)
    for fold in folds:
        train, test = ({task.clips[index].group for index in part} for part in (fold.train, fold.test))
        assert train and test and (official or not train & test)
    assert task.kind is Kind.BEATS or len(task.targets()) == len(task.clips)


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_an_empty_folder_is_told_what_was_expected(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="Expected: ") as caught:
        OFFICIAL[name](tmp_path)
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "make", "broken"),
    [
        ("gtzan-genre", gtzan, "train_filtered.txt"),
        ("gtzan-genre", gtzan, "genres/rock/rock.00002.wav"),
    ],
)
def test_missing_files_are_named(tmp_path: Path, name: str, make: Callable[[Path], Path], broken: str) -> None:
    (make(tmp_path) / broken).unlink()
    with pytest.raises(UserError, match=f"{broken}: no such file.*Expected: "):
        OFFICIAL[name](tmp_path)


def test_lists_that_name_other_things_are_refused(tmp_path: Path) -> None:
    path = gtzan(tmp_path) / "test_filtered.txt"
    path.write_text("blues/jazz.00001.wav\n")
    with pytest.raises(UserError, match="is not an excerpt of GTZAN"):
        OFFICIAL["gtzan-genre"](tmp_path)
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(UserError, match="is not an excerpt of GTZAN"):
        OFFICIAL["gtzan-genre"](tmp_path)
