"""EmoMusic: 744 clips of 45 s with arousal and valence from 1 to 9.

The folder::

    songs_info.csv              song_id, Artist, Song title, ..., Mediaeval 2013 set (development or evaluation)
    static_annotations.csv      song_id, mean_arousal, std_arousal, mean_valence, std_valence
    clips_45seconds/2.mp3

The tables may also lie in ``annotations/``. *Evaluation* songs are the test part; the *development* songs are divided
by artist, eight tenths to train on and two to choose on, by the rule of R. Castellon, C. Donahue and P. Liang
("Codified audio language modeling learns useful representations for music information retrieval", ISMIR 2021), which
MARBLE took over: SHA-1 of the artist's name in lower case, letters and blanks only, modulo ten. Source of the data:
M. Soleymani et al., "1000 Songs for Emotional Analysis of Music", 2013.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from motionbeat.errors import UserError
from motionbeat.probe.official.files import (
    SoundFolders,
    first_folder,
    make_task,
    number_in,
    read_table,
    split_counts,
)
from motionbeat.probe.task import Kind, LabelledClip, Listening, Task

VALUES = ("arousal", "valence")
CLIP_S = 45.0
WINDOW_S = 15.0

_SET = "Mediaeval 2013 set"
_EXPECTED = (
    "Expected: songs_info.csv and static_annotations.csv as published, in the folder or in annotations/, and"
    " clips_45seconds/2.mp3 and so on."
)


@dataclass(frozen=True)
class _Song:
    number: int
    artist: str
    sound: Path
    split: str
    values: tuple[float, ...]


def emomusic(folder: Path) -> Task:
    """Arousal and valence of each clip of 45 s: a score a song, as published figures are counted.

    Raises:
        UserError: the folder has another layout, or a clip is missing.
    """
    clips = [
        LabelledClip(f"{song.number}", song.sound, song.values, song.artist, song.split) for song in _songs(folder)
    ]
    source = (
        f"EmoMusic, whole clips of 45 s: {split_counts(clips)}. MARBLE trains on short windows of each and averages"
        " their predictions over the clip."
    )
    return _task(folder, "emomusic", "emotion (EmoMusic)", clips, source)


def emomusic_windows(folder: Path) -> Task:
    """The same in windows of 15 s, three a clip.

    Raises:
        UserError: as :func:`emomusic`.
    """
    starts = range(0, int(CLIP_S), int(WINDOW_S))
    clips = [
        LabelledClip(f"{song.number}-{start}", song.sound, song.values, song.artist, song.split, start, WINDOW_S)
        for song in _songs(folder)
        for start in starts
    ]
    source = (
        f"EmoMusic, windows of 15 s: {split_counts(clips)}. Scored window by window, so lower than figures that"
        " average the windows of a clip first."
    )
    return _task(folder, "emomusic-15s", "emotion (EmoMusic, 15 s)", clips, source)


def _task(folder: Path, name: str, title: str, clips: list[LabelledClip], source: str) -> Task:
    return make_task(folder, name, title, Kind.VALUES, clips, VALUES, Listening.MUSIC, source)


def _songs(folder: Path) -> list[_Song]:
    songs = list(_read_songs(folder, sounds := SoundFolders(_EXPECTED)))
    sounds.check()
    return songs


def _read_songs(folder: Path, sounds: SoundFolders) -> Iterator[_Song]:
    tables = folder if (folder / "songs_info.csv").is_file() else folder / "annotations"
    path = tables / "static_annotations.csv"
    about = read_table(tables / "songs_info.csv", ("song_id", "Artist", _SET), _EXPECTED)
    labels = {row["song_id"]: row for row in read_table(path, ("song_id", *(f"mean_{v}" for v in VALUES)), _EXPECTED)}
    audio = first_folder(folder, ("clips_45seconds", "clips_45sec", "audio"), _EXPECTED)
    for row in about:
        if row["song_id"] not in labels:
            raise UserError(f"{path}: has no song {row['song_id'][:80]}. {_EXPECTED}")
        values = tuple(number_in(path, labels[row["song_id"]], f"mean_{value}", _EXPECTED) for value in VALUES)
        number = int(number_in(tables / "songs_info.csv", row, "song_id", _EXPECTED))
        yield _Song(number, row["Artist"], sounds.find(audio / f"{number}.mp3"), _split(tables, row), values)


def _split(tables: Path, row: dict[str, str]) -> str:
    if row[_SET] == "evaluation":
        return "test"
    if row[_SET] != "development":
        raise UserError(f"{tables / 'songs_info.csv'}: {row[_SET][:80]!r} is no part of the set. {_EXPECTED}")
    letters = "".join(
        letter for letter in row["Artist"].lower() if letter.isascii() and (letter.isalpha() or letter.isspace())
    )
    digest = hashlib.sha1(" ".join(letters.split()).encode(), usedforsecurity=False).hexdigest()
    return "train" if int(digest, 16) % 10 < 8 else "validation"
